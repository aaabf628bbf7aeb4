"""The plan of a chaos run: what is sent, what breaks, when. Times are seconds from a round's start.

A plan is made of a seed alone, before anything runs: the same seed is the same plan.
"""

from enum import StrEnum
from typing import Literal

from shared.models.base import Json, Model
from shared.models.plan import ActionName


class CaseKind(StrEnum):
    """What happens to an account, and so what may be done about it."""

    ATTACKED = "attacked"
    """Brute force that got in, for certain: contained without asking."""
    UNSURE = "unsure"
    """Perhaps: a person is asked."""
    PUSHED = "pushed"
    """Tired of prompts: an authentication method of the attacker's is there, too."""
    VIP = "vip"
    """For certain, but of somebody about whom the policy wants a person."""
    PRIVILEGED = "privileged"
    """A Global Administrator: likewise."""
    BREAK_GLASS = "break_glass"
    """The emergency account: never touched."""


class Answer(Model):
    """What a person answers, so many seconds after being asked, and whether it is taken back."""

    actions: tuple[ActionName, ...]
    after: float
    undone: bool = False


class AimedKill(Model):
    """A worker is killed while it is about to change something, or has just done it."""

    vendor: str
    operation: str
    when: Literal["before", "after"]


class PlannedCase(Model):
    """One attacked account and its incidents."""

    number: int
    kind: CaseKind
    name: str
    """The account's name before the ``@``; occurs nowhere else."""
    object_id: str
    incident: str
    """Name (GUID) of its incident in Sentinel."""
    address: str
    blockable: bool
    clock_skew: float
    """Seconds by which the clock that its logs and incident were written with is ahead."""
    deliveries: tuple[float, ...]
    """When its incident is sent; more than once: delivered again."""
    further: float | None = None
    """When a second incident about the account is sent, maybe before the first one."""
    second_incident: str
    answer: Answer | None = None
    """``None``: nobody answers."""
    aimed_kill: AimedKill | None = None

    @property
    def user_principal_name(self) -> str:
        """The account's name as people know it."""
        return f"{self.name}@contoso.example"


class Kill(Model):
    """``kill -9`` of one worker (an index into those alive, taken modulo), or of all at once."""

    at: float
    worker: int
    all: bool


class Pause(Model):
    """A worker stands still (SIGSTOP) and goes on afterwards."""

    at: float
    lasts: float
    worker: int


class Outage(Model):
    """Blob storage or the task hub is away; ``hangs``: it takes connections and says nothing."""

    at: float
    lasts: float
    hangs: bool = False


class Round(Model):
    """Cases that run at the same time in one tenant, and what breaks meanwhile."""

    number: int
    cases: tuple[PlannedCase, ...]
    faults: tuple[Json, ...]
    """Body of ``PUT /_lab/faults``: vendors' weather, and troubles of single cases."""
    kills: tuple[Kill, ...]
    pauses: tuple[Pause, ...]
    blob: tuple[Outage, ...]
    hub: tuple[Outage, ...]
    directory_skew: float
    """Seconds by which the directory's clock is ahead of the app's."""


class ChaosPlan(Model):
    """Everything that a run will do."""

    seed: int
    rounds: tuple[Round, ...]

    @property
    def cases(self) -> list[PlannedCase]:
        """Every case of every round."""
        return [case for one in self.rounds for case in one.cases]
