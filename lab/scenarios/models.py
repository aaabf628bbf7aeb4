"""The scenario file as a contract: what it may say, and what every field means.

docs/scenarios.md explains the same for people who write one.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from lab.scenarios.times import parse_duration
from shared.models.base import Json, Model
from shared.models.block import BlockName, BlockStatus
from shared.models.case import AlertType, CaseStatus, OperatingMode
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Names = Annotated[list[str], BeforeValidator(_names)]


class Repeat(Model):
    """One row standing for many: either a burst, or an everyday habit.

    A burst is ``count`` rows, the first at the row's ``TimeGenerated``, then one ``every``. A habit
    is rows on the working days among the last ``days``, at the offsets ``at`` from the time of day
    the scenario is played, each moved by up to ``jitter``; days off are the same two of every
    seven counted from today, so that the result does not depend on the weekday or hour of playing.
    """

    count: int | None = Field(default=None, ge=1, le=100_000)
    every: Duration | None = None
    days: int | None = Field(default=None, ge=1, le=366)
    at: Annotated[list[Duration], BeforeValidator(_names)] = Field(default_factory=list)
    jitter: Duration = timedelta()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        burst = self.count is not None and self.every is not None
        habit = self.days is not None and bool(self.at)
        if burst == habit or (burst and (self.days or self.at)) or (habit and self.count):
            raise ValueError("repeat needs either 'count' and 'every', or 'days' and 'at'")
        return self


class Row(Model):
    """One row (or burst, or habit) of a table: templates to start from, then columns."""

    model_config = ConfigDict(frozen=True, extra="allow")

    like: Names = Field(default_factory=list)
    repeat: Repeat | None = None


class Directory(Model):
    """Accounts and named locations; objects may start from a template with ``like``."""

    users: list[Json] = Field(default_factory=list)
    namedLocations: list[Json] = Field(default_factory=list)  # noqa: N815 - Graph's own spelling
    domains: list[Json] = Field(default_factory=list)
    """Domains that are not managed by Entra, each ``id`` and ``authenticationType``."""
    appPermissionsWithheld: list[str] = Field(default_factory=list)  # noqa: N815
    """Application permissions that the app lacks."""
    replicaLagSeconds: float = Field(default=0, ge=0)  # noqa: N815
    """For how long reads of what hangs on a user are behind its changes."""


class Tenant(Model):
    """The lab's tenant file, in scenario shorthand; built on the tenants that ``like`` names.

    Lists are put one after the other, addresses are merged; what is written here comes last.
    """

    like: Names = Field(default_factory=list)
    directory: Directory = Field(default_factory=Directory)
    tables: dict[str, list[Row]] = Field(default_factory=dict)
    addresses: dict[str, Json] = Field(default_factory=dict)
    okta: Json | None = None
    devices: list[Json] = Field(default_factory=list)
    """Defender's machines with their ``logonUsers``; may start from a template with ``like``."""


class ByHand(Model):
    """A case that a person starts (``POST /api/cases``) in place of the incident."""

    user_id: str
    case_id: str
    """The number that it has where the person came from."""
    alert_group_identifiers: list[str] = Field(default_factory=list)
    initial_alert_details: str = ""
    ip: str
    time: Duration
    """When the sign-in was, from the scenario's "now"."""


class Deliveries(Model):
    """How often the incident is sent; ``at_once`` sends all copies at the same time."""

    count: int = Field(default=1, ge=1, le=50)
    at_once: bool = True


class DecisionStep(Model):
    """What a person answers once the case waits for a decision."""

    actions: list[ActionName]
    comment: str = ""


class UndoStep(Model):
    """What a person takes back once the case is handed over; nothing named: everything."""

    actions: list[ActionName] = Field(default_factory=list)
    targets: list[str] = Field(default_factory=list)
    comment: str
    times: int = Field(default=1, ge=1, le=10)
    """How often the same is asked at once; it is to be done once."""


class ExpectedAction(Model):
    """One action the case record must show; unset fields are not compared."""

    action: ActionName
    target: str | None = None
    status: ActionStatus | None = None
    verified: bool | None = None
    undone: bool | None = None
    """Whether it was taken back, and the provider confirmed that."""


class ExpectedPlan(Model):
    """One planned action the record must show."""

    action: ActionName
    disposition: Disposition


class ExpectedEvidence(Model):
    """What must be kept: at least so many items, and these outputs of the block not empty."""

    at_least: int = Field(default=0, ge=0)
    links: list[str] = Field(default_factory=list)


class CaseExpectation(Model):
    """What one case's record must show."""

    alert_type: AlertType | None = None
    confidence: Confidence | None = None
    score: tuple[int, int] | None = None
    status: Annotated[list[CaseStatus], BeforeValidator(_names)] = Field(
        default_factory=lambda: [CaseStatus.CONTAINED]
    )
    plan: list[ExpectedPlan] = Field(default_factory=list)
    actions: list[ExpectedAction] | None = Field(default_factory=list)
    """Exactly these; ``null``: whatever was done, ``effects`` says how much."""
    blocks: dict[BlockName, BlockStatus | list[BlockStatus]] = Field(default_factory=dict)
    campaign: int | None = None
    """How many other accounts the record says that the same address hit."""
    ticket: bool = True
    evidence: ExpectedEvidence = Field(default_factory=ExpectedEvidence)
    decided_by: str | None = None
    timeline: list[str] = Field(default_factory=list)
    """Starts of entries, each of which must be there once."""


class Expectation(CaseExpectation):
    """What must hold when the case is done; every line is checked and shown by itself.

    An incident of several accounts becomes several cases: ``accounts`` says what must hold for
    each, and the fields of a single case stay empty.
    """

    why: str = ""
    """The argument of a good analyst, for people."""
    cases: int = Field(default=1, ge=1)
    joined: int = Field(default=0, ge=0)
    """How many incidents must have joined the case."""
    accounts: dict[str, CaseExpectation] = Field(default_factory=dict)
    """User principal name to what must hold for that account's case."""
    effects: dict[str, int] = Field(default_factory=dict)
    """``vendor operation`` pattern (``entra *``) to the exact number of side effects."""
    forbidden: list[str] = Field(default_factory=list)
    """``vendor operation`` patterns that must not have changed anything."""
    ticket_says: list[str] = Field(default_factory=list)
    """Texts that must be in a ticket's fields."""
    refusals: list[str] = Field(default_factory=list)
    """``vendor operation`` patterns that the vendor is expected to refuse (4xx)."""
    notified: tuple[Literal["slack", "email"], ...] = ("slack", "email")

    @model_validator(mode="after")
    def _one_case_or_several(self) -> Self:
        of_one = self.model_fields_set & set(CaseExpectation.model_fields)
        if self.accounts and of_one:
            raise ValueError(f"with 'accounts', say there: {', '.join(sorted(of_one))}")
        if self.accounts and len(self.accounts) != self.cases:
            raise ValueError("'accounts' must name every case's account")
        return self


class Truth(StrEnum):
    """What is really going on; the app does not know it, the verdict is to come close to it."""

    COMPROMISED = "compromised"
    """Somebody else is in the account."""
    STOPPED = "stopped"
    """Somebody tried and did not get in."""
    BENIGN = "benign"
    """The owner's or the organisation's own doing."""


class Scenario(Model):
    """A tenant, an incident and what must come of it."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    story: str
    truth: Truth
    mode: OperatingMode | None = None
    """The app's operating mode; unset is the lab's (automatic unless ``LAB_MODE`` says so)."""
    settings: dict[str, str] = Field(default_factory=dict)
    """App settings that the scenario is about, over the lab's; it gets a lab of its own.

    ``{simulators}`` stands for the address that all vendors have in the lab.
    """
    policy: Json = Field(default_factory=dict)
    """Fields of the response policy, laid over the lab's; likewise."""
    tenant: Tenant
    incident: Json
    """``object.properties`` of the Logic App trigger; ids and the envelope are made."""
    by_hand: ByHand | None = None
    """Set: a person starts the case so, and the incident is not sent."""
    further: list[Json] = Field(default_factory=list)
    """Further incidents, sent in the same instant: each is what differs from ``incident``."""
    deliveries: Deliveries = Field(default_factory=Deliveries)
    faults: list[Json] = Field(default_factory=list)
    """Body of ``PUT /_lab/faults``."""
    decision: DecisionStep | None = None
    silence: bool = False
    """Nobody answers, and the play goes on until the deadline has passed."""
    undo: UndoStep | None = None
    expect: Expectation


class Organisation(Model):
    """The fictitious organisation all scenarios share; values of real shape."""

    tenant_id: str
    domain: str
    subscription_id: str
    resource_group: str
    workspace_name: str
    workspace_id: str
    firewall_ip_group: str


class Common(Model):
    """``common.yaml``: the organisation, and templates named by ``like``."""

    organisation: Organisation
    policy: Json
    """The organisation's response policy: who is a VIP, what is never blocked."""
    people: list[Json] = Field(default_factory=list)
    """Who can sign in to the app's pages, with mail addresses and application roles."""
    defaults: dict[str, Json]
    """Table name to columns every row of it starts from."""
    rows: dict[str, Json]
    users: dict[str, Json]
    okta_users: dict[str, Json] = Field(default_factory=dict)
    named_locations: dict[str, Json]
    addresses: dict[str, Json]
    devices: dict[str, Json] = Field(default_factory=dict)
    entities: dict[str, Json] = Field(default_factory=dict)
    """Entities of Sentinel incidents."""
    tenants: dict[str, Tenant] = Field(default_factory=dict)
    """Parts that the tenants of many scenarios share."""
