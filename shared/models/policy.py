"""The response policy: what an organisation allows the app to do, and whom it asks.

The file's fields, one to one (docs/policy.md). Every default is the safe one, and a field that is
wrong is an error: a policy that cannot be read as meant must not be guessed at.
"""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from shared.models.account_kind import AccountKind
from shared.models.base import Model
from shared.models.business_hours import BusinessHours
from shared.models.case import OperatingMode
from shared.models.networks import NetworkText
from shared.models.plan import MAY_BE_ALLOWED, ActionName
from shared.models.sla import SlaTargets
from shared.models.verdict import Confidence

SEED_AUTOMATIC = (
    ActionName.DISABLE_ACCOUNT,
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
    ActionName.BLOCK_IP,
    ActionName.SCAN_DEVICE,
)
"""What the playbook does by itself to an ordinary account at High confidence (seed 004 step 5); a
quick scan disturbs nobody."""
MAY_BE_AUTOMATIC = frozenset(SEED_AUTOMATIC) | MAY_BE_ALLOWED
"""What a policy may allow without asking. Isolating a device stops somebody's work: a person's
decision, always."""
_LIST = ", ".join(sorted(MAY_BE_AUTOMATIC))
_NOT_IN_A_POLICY = {
    AccountKind.BREAK_GLASS: "a break-glass account is never touched, whoever asks; leave it out",
    AccountKind.UNKNOWN: "an account whose kind is not known is treated as the most careful kind; "
    "leave it out",
}


def _has_a_policy(kind: AccountKind) -> AccountKind:
    if kind in _NOT_IN_A_POLICY:
        raise ValueError(_NOT_IN_A_POLICY[kind])
    return kind


def _may_be_automatic(action: ActionName) -> ActionName:
    if action not in MAY_BE_AUTOMATIC:
        raise ValueError(f"{action} is never done without asking; possible: {_LIST}")
    return action


def _plans_something(confidence: Confidence) -> Confidence:
    if confidence is Confidence.LOW:
        raise ValueError("at Low confidence nothing is planned; possible: High, Medium")
    return confidence


def _on_silence(action: ActionName) -> ActionName:
    if action is not ActionName.MONITOR_ONLY:
        return _may_be_automatic(action)
    return action


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _distinct[T](values: list[T]) -> list[T]:
    twice = {str(value) for value in values if values.count(value) > 1}
    if twice:
        raise ValueError(f"named twice: {', '.join(sorted(twice))}")
    return values


def _monitor_alone(values: list[ActionName]) -> list[ActionName]:
    if not values:
        raise ValueError("name at least one action, or MonitorOnly")
    if ActionName.MONITOR_ONLY in values and len(values) > 1:
        raise ValueError("MonitorOnly cannot be combined with another action")
    return values


type Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
"""A user principal name, login or object id."""
type Names = Annotated[list[Name], AfterValidator(_distinct)]
type Kind = Annotated[AccountKind, AfterValidator(_has_a_policy)]
type AutomaticActions = Annotated[
    list[Annotated[ActionName, AfterValidator(_may_be_automatic)]], AfterValidator(_distinct)
]
type ByConfidence = dict[Annotated[Confidence, AfterValidator(_plans_something)], AutomaticActions]
type SilentActions = Annotated[
    list[Annotated[ActionName, AfterValidator(_on_silence)]],
    BeforeValidator(_as_list),
    AfterValidator(_distinct),
    AfterValidator(_monitor_alone),
]
type Minutes = Annotated[float, Field(strict=True, gt=0, le=60 * 24 * 30)]
type Hours = Annotated[float, Field(strict=True, gt=0, le=24 * 30)]
type Percent = Annotated[float, Field(strict=True, gt=0, lt=100)]
type MailAddress = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
type SlackUser = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$")]


class ListedAccounts(Model):
    """Accounts that no directory marks: names (also Okta logins) or object ids."""

    break_glass: Names = Field(default_factory=list)
    """The organisation's last way in: never touched."""
    vip: Names = Field(default_factory=list)
    service: Names = Field(default_factory=list)


class NeverBlock(Model):
    """Addresses that are not blocked, whoever attacks from them."""

    addresses: Annotated[list[NetworkText], AfterValidator(_distinct)] = Field(default_factory=list)
    """The organisation's own addresses and networks (CIDR)."""
    trusted_named_locations: bool = Field(default=True, strict=True)
    """Whether the trusted named locations of Entra's Conditional Access count as own, too."""
    users_at_address: int = Field(default=5, strict=True, ge=1, le=100_000)
    """That many other users who signed in from it make an address one that many share."""


class Limits(Model):
    """The blast radius: how much may happen without a person before everything is asked."""

    automatic_per_hour: int = Field(default=10, strict=True, ge=0, le=1000)
    privileged_per_hour: int = Field(default=1, strict=True, ge=0, le=1000)
    directory_share_percent: float = Field(default=1.0, strict=True, gt=0, le=100)
    """Of all enabled users, within 24 hours."""
    privileged_share_percent: float = Field(default=10.0, strict=True, gt=0, le=100)
    """Of all privileged users, within 24 hours."""


class Approvers(Model):
    """Who may decide."""

    people: Names = Field(default_factory=list)
    """User principal names or object ids."""
    roles: Names = Field(default_factory=lambda: ["Tourniquet.Approver"])
    """Application roles (``roles`` of the signed-in person's token)."""
    slack: Annotated[list[SlackUser], AfterValidator(_distinct)] = Field(default_factory=list)
    """Slack user ids; empty: nobody decides in Slack."""


class Escalation(Model):
    """Whom a question reaches that nobody has answered: the second line."""

    slack_channel: Name | None = None
    mail_to: Annotated[list[MailAddress], AfterValidator(_distinct)] = Field(default_factory=list)
    teams_webhook: bool = Field(default=False, strict=True)

    @property
    def reaches_anybody(self) -> bool:
        """Whether there is anybody to escalate to."""
        return bool(self.channels)

    @property
    def channels(self) -> list[str]:
        """The channels on which somebody is named."""
        named = {
            "slack": self.slack_channel,
            "email": self.mail_to,
            "teams": self.teams_webhook,
        }
        return [channel for channel, whom in named.items() if whom]


def _silence() -> dict[Confidence, list[ActionName]]:
    return {confidence: [ActionName.MONITOR_ONLY] for confidence in Confidence}


class Asking(Model):
    """How a person is asked, and what silence means."""

    deadline_minutes: Minutes = 60.0
    reminder_minutes: Minutes | None = 15.0
    """After how long those who were asked are reminded; ``None``: never."""
    escalate_minutes: Minutes | None = 30.0
    """After how long the second line is told; ``None``: never."""
    on_silence: dict[Confidence, SilentActions] = Field(default_factory=_silence)
    """What a deadline without an answer means: of the actions asked for, these are done."""
    two_persons: Annotated[list[Kind], AfterValidator(_distinct)] = Field(default_factory=list)
    """Kinds of account whose containment two different people have to want."""
    approvers: Approvers = Approvers()
    escalation: Escalation = Escalation()

    @field_validator("reminder_minutes", "escalate_minutes")
    @classmethod
    def _before_the_deadline(cls, minutes: float | None, info: ValidationInfo) -> float | None:
        deadline = info.data.get("deadline_minutes")
        if minutes is not None and deadline is not None and minutes >= deadline:
            raise ValueError(f"it is not before the deadline ({deadline:g} minutes)")
        return minutes

    @field_validator("on_silence")
    @classmethod
    def _nothing_at_low(
        cls, answers: dict[Confidence, list[ActionName]]
    ) -> dict[Confidence, list[ActionName]]:
        if set(answers.get(Confidence.LOW, ())) - {ActionName.MONITOR_ONLY}:
            raise ValueError("at Low confidence nothing is asked for; possible: MonitorOnly")
        return answers

    def silence(self, confidence: Confidence) -> list[ActionName]:
        """Return what a deadline without an answer means at a confidence."""
        return self.on_silence.get(confidence, [ActionName.MONITOR_ONLY])


_REMEDIATION = {"High": 4.0, "Medium": 12.0, "Low": 24.0, "Informational": 24.0}
"""Seed 004: "4-24 hours depending on the scope and severity"; 12 hours is our middle."""


def _all_severities(hours: object) -> object:
    return {**_REMEDIATION, **hours} if isinstance(hours, dict) else hours


class Sla(Model):
    """Service levels (seed 004, section 10): targets, and who hears when one is missed.

    The second line is ``asking.escalation``: an organisation has one, whatever it is called for.
    """

    notification_minutes: Minutes = 5.0
    """From detection until the first analyst is told."""
    containment_minutes: Minutes = 10.0
    """From there until the first automatic containment, where there is any."""
    review_minutes: Minutes = 15.0
    """From being told until an analyst has taken the case."""
    remediation_hours: Annotated[
        dict[Literal["High", "Medium", "Low", "Informational"], Hours],
        BeforeValidator(_all_severities),
    ] = Field(default_factory=lambda: {**_REMEDIATION}, validate_default=True)
    """From detection until the case is closed, by the incident's severity; what is left out keeps
    its default."""
    warn_percent: Percent | None = 80.0
    """After which share of a target people are warned; ``None``: never."""
    irt: Escalation = Escalation()
    """The incident response team."""

    def targets(self, severity: str, *, second_line: Escalation) -> SlaTargets:
        """Return the targets of a case of this severity; one that is not known counts as High."""
        hours = {str(name): value for name, value in self.remediation_hours.items()}
        return SlaTargets(
            notification_seconds=self.notification_minutes * 60,
            containment_seconds=self.containment_minutes * 60,
            review_seconds=self.review_minutes * 60,
            remediation_seconds=hours.get(severity, hours["High"]) * 3600,
            warn_share=None if self.warn_percent is None else self.warn_percent / 100,
            second_line=second_line.reaches_anybody,
            response_team=self.irt.reaches_anybody,
        )


def _ordinary() -> dict[AccountKind, dict[Confidence, list[ActionName]]]:
    return {AccountKind.ORDINARY: {Confidence.HIGH: list(SEED_AUTOMATIC)}}


class Policy(Model):
    """The whole policy."""

    mode: OperatingMode = OperatingMode.OBSERVE
    accounts: ListedAccounts = ListedAccounts()
    automatic: dict[Kind, ByConfidence] = Field(default_factory=_ordinary)
    """Account kind, confidence, actions: what is done without asking; the rest is asked."""
    business_hours: BusinessHours | None = None
    never_block: NeverBlock = NeverBlock()
    limits: Limits = Limits()
    asking: Asking = Asking()
    sla: Sla = Sla()

    def allows(self, action: ActionName, kind: AccountKind, confidence: Confidence) -> bool:
        """Return whether an action may be done without asking to an account of this kind."""
        return action in self.automatic.get(kind, {}).get(confidence, [])
