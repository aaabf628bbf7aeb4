"""Whom a message is for: the SOC, the second line or the response team, and who hears in its place.

A line that no configured channel reaches, or whose every channel failed, is told in the first
line's place; an emergency that no mail brings goes out by every other channel.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from shared.bootstrap import get_providers
from shared.models.base import Json
from shared.models.message import Notification
from shared.models.policy import Escalation
from shared.playbook.reporting.channels import EMAIL, PAGERDUTY, SLACK, hears
from shared.playbook.reporting.recipients import without_the_account
from shared.policy import decides_in_slack, get_policy
from shared.ports import Notifier
from shared.settings import get_settings

EMERGENCY = "emergency"
SECOND_LINE = " (second line)"
_TO_SECOND_LINE = frozenset({"escalated", "escalated_l2", "sla_missed"})


@dataclass(frozen=True)
class Audience:
    """Who is told of a phase."""

    phase: str
    line: Escalation | None = None
    """Who is called; ``None``: those who hear of every case."""
    notes: list[str] = field(default_factory=list)
    """Why somebody else was not called, each ``name: why``."""
    tried: frozenset[str] = frozenset()
    """Channels that this message was given to already."""

    @property
    def suffix(self) -> str:
        """How the record tells messages apart that are not those to the SOC."""
        if self.phase == EMERGENCY or self.line is None:
            return f" ({EMERGENCY})" if self.phase == EMERGENCY else ""
        return " (response team)" if self.phase == "escalated_irt" else SECOND_LINE

    def channels(self, earlier: Json, record: Json) -> list[Notifier]:
        """Return the channels that tell them; ``earlier``: references of messages to change."""
        notifiers = [one for one in get_providers().notifiers if one.channel not in self.tried]
        phase = self.phase
        hearing = [
            one for one in notifiers if one.channel in earlier or hears(one.channel, phase, record)
        ]
        if phase == EMERGENCY and self.tried:
            # What was to tell did not: now whatever is left, and somebody is woken.
            return notifiers
        if phase == EMERGENCY:
            return [one for one in hearing if one.channel == EMAIL] or hearing or notifiers
        if self.line is not None:
            return [one for one in hearing if one.channel in {*self.line.channels, PAGERDUTY}]
        return hearing

    def addressed(self, message: Notification, channel: str, record: Json) -> Notification | None:
        """Return the message as addressed on a channel; ``None`` when nobody may get it there."""
        if channel == SLACK and not decides_in_slack(get_settings()):
            message = message.model_copy(update={"question": None})
        if channel == SLACK and self.line is not None:
            return message.model_copy(update={"place": self.line.slack_channel})
        if channel != EMAIL:
            return message
        listed = self.line.mail_to if self.line is not None else get_settings().soc_mail_to
        recipients = without_the_account(listed, record)
        if listed and not recipients:
            return None
        return message.model_copy(update={"recipients": recipients})

    def in_place(self, told_by: Collection[str], given_to: Collection[str]) -> "Audience | None":
        """Return who is to be told now; ``None``: nobody else.

        Args:
            told_by: channels that took the message.
            given_to: channels that it was given to. A page wakes somebody, but does not tell a
                line what to do: its own channels count.
        """
        if self.phase == EMERGENCY and not told_by:
            return Audience(self.phase, tried=frozenset(given_to))
        if self.line is None or not self.line.channels or set(told_by) & set(self.line.channels):
            return None
        note = f"{_who(self.phase)}: not sent: none of its channels took it; first line tried"
        return Audience(self.phase, notes=[note], tried=frozenset(given_to) & {PAGERDUTY})


def audience_of(phase: str) -> Audience:
    """Return whom a phase is for.

    The first line hears in place of a line that no configured channel reaches, and of what was
    missed without a second line to call.
    """
    line = _named_line(phase)
    if line is None or not line.reaches_anybody:
        return Audience(phase, line)
    configured = {one.channel for one in get_providers().notifiers}
    if configured & set(line.channels):
        return Audience(phase, line)
    where = " and ".join(line.channels)
    why = f"the policy names {where}, not configured here; first line tried"
    return Audience(phase, notes=[f"{_who(phase)}: not sent: {why}"])


def _named_line(phase: str) -> Escalation | None:
    policy = get_policy()
    second = policy.asking.escalation
    if phase == "escalated_irt":
        return policy.sla.irt
    if phase not in _TO_SECOND_LINE or (phase == "sla_missed" and not second.reaches_anybody):
        return None
    return second


def _who(phase: str) -> str:
    return "response team" if phase == "escalated_irt" else "second line"
