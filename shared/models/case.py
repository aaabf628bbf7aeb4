"""The case: what comes in, who and what it is about, and the record that people read."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.models.asked import Asked
from shared.models.base import Json, Model, UtcDatetime
from shared.models.block import Block
from shared.models.evidence import ChainedEvent
from shared.models.next_step import NextStep
from shared.models.outcome import ActionOutcome
from shared.models.plan import Decision, PlannedAction
from shared.models.sla import SlaTargets
from shared.models.undo import UndoRun
from shared.models.verdict import Confidence, Verdict


class OperatingMode(StrEnum):
    """How far the app may go by itself (docs/configuration.md)."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


class AlertType(StrEnum):
    """What kind of alert opened the case; chosen from the incident's title, rule and techniques."""

    BRUTE_FORCE_SUCCESS = "brute_force_success"
    PASSWORD_SPRAY = "password_spray"  # noqa: S105 - the name of an attack (T1110.003)
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    MFA_FATIGUE = "mfa_fatigue"
    TOKEN_THEFT = "token_theft"  # noqa: S105 - the name of an attack (T1539)
    PHISHING = "phishing"
    COMPROMISED_ACCOUNT = "compromised_account"


class CaseStatus(StrEnum):
    """Where a case stands; the frozen values of the case record."""

    GATHERING = "gathering"
    DECIDING = "deciding"
    AWAITING_DECISION = "awaiting_decision"
    CONTAINING = "containing"
    CONTAINED = "contained"
    MONITORING = "monitoring"
    CLOSED = "closed"
    FAILED = "failed"


class Account(Model):
    """The account a case is about, as the incident names it.

    ``key`` is a hash that is safe in entity keys and instance ids (a user principal name is not:
    it contains ``@``). ``user_id`` is what directory calls use: the object id when the incident
    has it, else the user principal name, else the bare name.
    """

    key: str
    user_id: str
    user_principal_name: str | None = None
    object_id: str | None = None
    display_name: str | None = None
    sid: str | None = None
    directory: Literal["entra", "okta"] | None = None
    """The directory that the alert points to; ``None`` when it points to none."""


class Incident(Model):
    """The incident as received, reduced to what the playbook uses; the original is evidence."""

    source: Literal["sentinel", "manual", "event_grid"]
    incident_id: str
    """Sentinel: the ARM resource id. Manual: the SOAR case id (seed 000 ``CASE_ID``)."""
    number: int | None = None
    title: str
    description: str = ""
    severity: Literal["High", "Medium", "Low", "Informational"] = "High"
    url: str | None = None
    created_at: UtcDatetime | None = None
    first_activity_at: UtcDatetime | None = None
    last_activity_at: UtcDatetime | None = None
    alert_group_identifiers: list[str] = Field(default_factory=list)
    tactics: list[str] = Field(default_factory=list)
    techniques: list[str] = Field(default_factory=list)


FOR_PEOPLE_ONLY = {
    "number",
    "description",
    "severity",
    "url",
    "created_at",
    "alert_group_identifiers",
    "tactics",
    "techniques",
}
"""Of an incident, what is told and shown, and neither asked by nor judged."""


class Timing(Model):
    """Waiting times of a case, taken from the settings at intake and fixed for its life.

    Orchestrators cannot read settings, and a changed setting must not change a running case.
    """

    approval_deadline_minutes: float = Field(default=60.0, gt=0)
    reminder_minutes: float | None = Field(default=None, gt=0)
    """After how long those who were asked are reminded; ``None``: never."""
    escalate_minutes: float | None = Field(default=None, gt=0)
    """After how long the second line is told; ``None``: never, or there is none."""
    recheck_minutes: float = Field(default=15.0, gt=0)
    watch_hours: float = Field(default=24.0, gt=0)
    block_hours: float = Field(default=24.0, gt=0)
    late_log_budget_seconds: float = Field(default=180.0, ge=0)
    """How long the sign-in log is asked again for a success that the alert reports."""
    sla: SlaTargets | None = None
    """What the case is measured against; ``None``: nobody is warned or called."""


class CaseRequest(Model):
    """Input of the ``respond`` orchestration: one account of one incident.

    ``now`` is the case's own "now" for look-back windows: the incident's last activity (or the
    reported login time) plus the detection window, never the wall clock, so that recorded data can
    be replayed. ``received_at`` is the wall clock at intake and starts the SLA clock.
    """

    case_id: str
    alert_type: AlertType
    mode: OperatingMode
    incident: Incident
    account: Account | None
    addresses: list[str] = Field(default_factory=list)
    """External addresses of the incident, normalised; the first is the primary one."""
    successful_login_time: UtcDatetime | None = None
    detection_time_window_minutes: int = Field(default=10, ge=1, le=1440)
    now: UtcDatetime
    detected_at: UtcDatetime
    received_at: UtcDatetime
    initial_alert_details: str = ""
    timing: Timing = Timing()
    run: str = ""
    """Which run of the case this is (``shared.models.run``); the orchestration names it."""

    def to_reader(self) -> Json:
        """Return the case for an activity that reads.

        Without its waiting times, which are the orchestrators', and ``FOR_PEOPLE_ONLY``. What an
        activity gets is kept in the history, once for each.
        """
        return self.model_dump(mode="json", exclude={"timing": True, "incident": FOR_PEOPLE_ONLY})

    @property
    def successful_login_ip(self) -> str | None:
        """The primary address: what the seed calls ``successful_login_ip``."""
        return self.addresses[0] if self.addresses else None


class TimelineEntry(Model):
    """One line of the case's history for people."""

    at: UtcDatetime
    event: str


class Recheck(Model):
    """Whether the containment held: what the search of sign-ins some minutes later said.

    ``held`` is ``None`` when it could not be told, or when the containment was taken back before.
    """

    at: UtcDatetime
    held: bool | None
    detail: str


class JoinedIncident(Model):
    """A further incident on the account, which the open case answers too."""

    case_id: str
    """The case it would have been; the name of its evidence."""
    incident_id: str
    number: int | None = None
    title: str
    severity: str
    alert_type: AlertType
    at: UtcDatetime
    evidence: str
    """Where it is kept as received, within the case's evidence."""


class CampaignCase(Model):
    """A case about another account that was hit from the same address."""

    case_id: str
    account: str
    """Its name, as people know it."""
    address: str
    """The address from which that account was hit; of IPv6, one of the same /64."""
    opened_at: UtcDatetime
    confidence: Confidence


class CaseRecord(Model):
    """The case record: everything people read, kept as ``<case_id>/record.json`` in Blob.

    Field names are frozen (DESIGN section 5). Written only by the case's own activities;
    the route of access passes adds lines to the timeline.
    """

    case_id: str
    status: CaseStatus
    mode: OperatingMode
    alert_type: AlertType
    incident: Json
    account: Json | None
    addresses: list[Json | str]
    verdict: Verdict | None = None
    plan: list[PlannedAction] = Field(default_factory=list)
    decision: Decision | None = None
    question: int = 1
    """Which question the decision answers; a verdict that rises, or a first of two persons who
    has answered, asks a new one."""
    asked: Asked | None = None
    actions: list[ActionOutcome] = Field(default_factory=list)
    undos: list[UndoRun] = Field(default_factory=list)
    recheck: Recheck | None = None
    run: str = ""
    """The run that writes the record (``shared.models.run``): what it claims bears this name."""
    watched: bool = True
    """False when the watch has ended without a person's closing: nobody can take or close it."""
    blocks: dict[str, Block] = Field(default_factory=dict)
    sla: Json = Field(default_factory=dict)
    timeline: list[TimelineEntry] = Field(default_factory=list)
    events: list[ChainedEvent] = Field(default_factory=list)
    """The timeline in the order in which it was written, each with a hash over the one before."""
    joined: list[JoinedIncident] = Field(default_factory=list)
    """The first of the incidents that joined; the timeline says how many there were."""
    campaign: list[CampaignCase] = Field(default_factory=list)
    """The latest cases of other accounts that the same address hit, one an account, by time."""
    campaign_count: int = 0
    """How many other accounts the address hit, as far as was counted; never falls."""
    next_steps: list[str] = Field(default_factory=list)
    hand_over: list[NextStep] = Field(default_factory=list)
    """The next steps as data, the most urgent first."""
    links: dict[str, str] = Field(default_factory=dict)
