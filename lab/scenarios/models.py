"""The scenario file as a contract: what it may say, and what every field means.

docs/scenarios.md explains the same for people who write one.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from lab.scenarios.expectation import Expectation, Names, as_list
from lab.scenarios.times import parse_duration
from shared.models.base import Json, Model
from shared.models.case import OperatingMode
from shared.models.plan import ActionName


def _duration(value: Any) -> Any:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]


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
    at: Annotated[list[Duration], BeforeValidator(as_list)] = Field(default_factory=list)
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


class CloseStep(Model):
    """What a person says who closes the case once it is handed over."""

    comment: str


class UndoStep(Model):
    """What a person takes back once the case is handed over; nothing named: everything."""

    actions: list[ActionName] = Field(default_factory=list)
    targets: list[str] = Field(default_factory=list)
    comment: str
    times: int = Field(default=1, ge=1, le=10)
    """How often the same is asked at once; it is to be done once."""


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
    analyst: str = ""
    """In whose name the case is taken when it asks, and closed: a mail address.

    Without one nobody takes it.
    """
    decision: DecisionStep | None = None
    silence: bool = False
    """Nobody answers, and the play goes on until the deadline has passed."""
    undo: UndoStep | None = None
    close: CloseStep | None = None
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
