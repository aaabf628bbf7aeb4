"""Where a case stands: what it acts on, and what came of it so far."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from durabletask import task

from orchestrators.clocks import CaseClocks
from orchestrators.gather import Gathered
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.plan import Disposition, PlannedAction
from shared.playbook.planning.decided import Decided


@dataclass
class Standing:
    """The case after deciding; ``outcomes`` grows, ``decided`` changes when a verdict rises."""

    case: CaseRequest
    gathered: Gathered
    decided: Decided
    clocks: CaseClocks
    outcomes: list[Json] = field(default_factory=list)
    containments: int = 0
    exports: int = 0
    """How often evidence was exported: once, and again for incidents that joined."""
    sealed: bool = False
    """Whether evidence was sealed: what comes now is sealed again."""
    questions: int = 0
    """How many questions have been put: the number of the newest."""
    answered: dict[int, datetime] = field(default_factory=dict)
    """By question, when the answer was given that was taken."""
    opened_again: datetime | None = None
    """When there was last more to do though people had been told that it is done; an older closing
    was not about that."""
    users: task.Task[Any] | None = None
    """The count of the directory's users, which the share of the directory is of."""
    counted_as: bool | None = None
    """Whether the breaker has counted the case as a privileged account; ``None``: not at all."""
    held: bool = False
    """Whether the breaker has held the case; held again it is not another one."""
    blocks: dict[str, list[task.Task[Any]]] = field(default_factory=dict)
    """By address, the orchestrations of its blocks; each lives until its block ends."""
    links: dict[str, task.Task[Any]] = field(default_factory=dict)
    """By address, the search for other accounts that it hit."""
    late_notes: list[task.Task[Any]] = field(default_factory=list)
    """What writes notes that a ticketing system did not take, beside the case."""
    begun: Decided | None = None
    """What was decided early, if it has begun; its plan are the lines that have."""
    events: list[Json] = field(default_factory=list)
    """Timeline entries to be written with the verdict."""
    pages: list[task.Task[Any]] = field(default_factory=list)
    """What tells the SOC that the case has tripped the breaker."""

    def know(self, case: CaseRequest, gathered: Gathered, decided: Decided) -> None:
        """Take over what was gathered and decided; what began early stays in the plan."""
        self.case, self.gathered = case, gathered
        self.decided = decided.with_begun(self.begun) if self.begun else decided

    def as_judged(self) -> "Judged":
        """Return what the case acts on, to go back to."""
        return Judged(self.case, self.decided, dict(self.gathered.blocks))

    def go_back(self, judged: "Judged") -> None:
        """Act again on an earlier judgement."""
        self.case, self.decided = judged.case, judged.decided
        self.gathered.blocks.clear()
        self.gathered.blocks.update(judged.blocks)

    def next_containment(self) -> int:
        """Return the number that keeps the instance ids of the next containment apart."""
        self.containments += 1
        return self.containments


@dataclass(frozen=True)
class Judged:
    """What a case acted on at a time."""

    case: CaseRequest
    decided: Decided
    blocks: dict[str, Json]


@dataclass(frozen=True)
class Todo:
    """What a round is about: lines to start at once, and whether a person is asked."""

    automatic: list[PlannedAction]
    asks: bool


@dataclass(frozen=True)
class Raised:
    """A new judgement by which there is more to do than before."""

    todo: Todo
    case: CaseRequest
    """The request that was judged: as the joined incidents tell it."""
    decided: Decided
    blocks: dict[str, Json]

    def adopt(self, standing: Standing) -> None:
        """Let the case act on the new judgement from now on, and look at its time and addresses."""
        known = standing.case
        addresses = [*known.addresses, *self.case.addresses, self.decided.address]
        standing.case = known.model_copy(
            update={
                "addresses": list(dict.fromkeys(filter(None, addresses))),
                "now": max(known.now, self.case.now),
            }
        )
        standing.decided = self.decided
        standing.gathered.blocks.update(self.blocks)


def first_todo(decided: Decided) -> Todo:
    """Return what a new case is about."""
    automatic = [item for item in decided.plan if item.disposition is Disposition.AUTOMATIC]
    return Todo(automatic, any(item.disposition is Disposition.ASK for item in decided.plan))
