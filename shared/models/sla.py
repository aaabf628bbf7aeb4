"""Service levels: the targets that a case is measured against, and who was called when one slipped.

Source of targets and tiers: seed 004, sections 9 (escalation paths) and 10 (SLA considerations).
"""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class Measure(StrEnum):
    """What is measured: from which moment to which."""

    NOTIFICATION = "detection_to_notification"
    CONTAINMENT = "notification_to_containment"
    REVIEW = "notification_to_review"
    REMEDIATION = "full_remediation"
    REMEDIATION_AGAIN = "remediation_after_reopening"
    """From the moment at which a containment turned out not to hold."""


class Tier(StrEnum):
    """Who is called."""

    L1 = "L1"
    """Whoever is told of every case."""
    L2 = "L2"
    """The second line (``asking.escalation`` of the policy)."""
    IRT = "IRT"
    """The incident response team (``sla.irt`` of the policy)."""


class SlaTargets(Model):
    """Targets of one case, fixed at intake; seconds. A measure is met when it took less."""

    notification_seconds: float = Field(default=300.0, gt=0)
    containment_seconds: float = Field(default=600.0, gt=0)
    review_seconds: float = Field(default=900.0, gt=0)
    remediation_seconds: float = Field(default=4 * 3600.0, gt=0)
    warn_share: float | None = Field(default=0.8, gt=0, lt=1)
    """The share of a target after which those who can still keep it are warned; ``None``: never."""
    second_line: bool = False
    """Whether the policy names a second line; without one L1 hears of what was missed."""
    response_team: bool = False
    """Whether the policy names an incident response team."""

    def seconds(self, measure: Measure) -> float:
        """Return the target of a measure."""
        return {
            Measure.NOTIFICATION: self.notification_seconds,
            Measure.CONTAINMENT: self.containment_seconds,
            Measure.REVIEW: self.review_seconds,
        }.get(measure, self.remediation_seconds)


class Escalated(Model):
    """One warning or escalation of a case, as the record keeps it."""

    tier: Tier
    """Who was to be told."""
    about: str
    """A measure, ``decision`` (an open question), or the criterion that holds."""
    kind: str
    """``warning``, ``missed``, ``criterion``, ``unanswered`` (a question)."""
    at: UtcDatetime
    why: str
    channels: dict[str, str] | None = None
    """What became of the message, by channel (``sent``, or why not); ``None``: not known yet."""
    ticket: str | None = None
    """The ticket that says it, too."""
