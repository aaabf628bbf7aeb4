"""What ``.lab/chaos.json`` holds."""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from lab.chaos.disturb import Done
from lab.chaos.invariants import INVARIANTS, name_of
from lab.chaos.observed import Observed
from lab.planted_secrets import Leak

SECRETS_KEPT = "no secret is shown"
"""What ``lab.planted_secrets`` looks for after a run, beside the invariants of each round."""


class Violation(BaseModel):
    """Something that did not hold; ``make chaos SEED=... ROUND=...`` plays its round again.

    Without a round it is of the whole run, without a case of no single one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    invariant: str
    round: int | None
    case: int | None
    case_id: str | None
    detail: str


class RoundResult(BaseModel):
    """One round's figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    cases: int
    deliveries: int
    """Accepted incidents, those delivered again included."""
    kills: int
    aimed_kills: int
    pauses: int
    storage_away_s: float
    unclaimed: int
    """Tries that went on without a claim, as storage did not answer in time."""
    hub_away_s: float
    faults: int
    """Requests to vendors that met a fault."""
    requests: int
    effects: int
    statuses: dict[str, int]
    seconds: float
    violations: list[Violation]


class ChaosResult(BaseModel):
    """The whole run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cases: int
    seed: int
    kills: int
    faults: int
    violations: list[Violation]
    rounds: list[RoundResult]
    invariants: dict[str, int]
    """Violations of each, by name."""
    measured_at: str
    cpus: int
    load_before: float
    seconds: float


def names() -> list[str]:
    """Return the name of everything that must hold."""
    return [*map(name_of, INVARIANTS), SECRETS_KEPT]


def shown(leaks: Iterable[Leak], number: int | None = None) -> list[Violation]:
    """Return secrets that a round, or the whole run, left where they do not belong."""
    return [
        Violation(invariant=SECRETS_KEPT, round=number, case=None, case_id=None, detail=str(leak))
        for leak in leaks
    ]


def not_searched(why: str) -> Violation:
    """Return that nobody knows whether a secret is shown."""
    detail = f"the search for secrets did not come to its end: {why}"
    return Violation(invariant=SECRETS_KEPT, round=None, case=None, case_id=None, detail=detail)


def judge(observed: Observed, done: Done, seconds: float) -> RoundResult:
    """Ask every invariant about a round."""
    planned = observed.planned
    violations = [
        Violation(
            invariant=name_of(invariant),
            round=planned.number,
            case=found.case.number,
            case_id=observed.case_ids[found.case.number][0],
            detail=found.detail,
        )
        for invariant in INVARIANTS
        for found in invariant(observed)
    ]
    return RoundResult(
        number=planned.number,
        cases=len(planned.cases),
        deliveries=len(observed.deliveries),
        kills=done.kills,
        aimed_kills=done.aimed_kills,
        pauses=done.pauses,
        storage_away_s=round(sum((end - at).total_seconds() for at, end in done.storage_away), 1),
        unclaimed=len(observed.unclaimed),
        hub_away_s=round(sum((end - at).total_seconds() for at, end in done.hub_away), 1),
        faults=sum(bool(line.get("fault")) for line in observed.ledger),
        requests=len(observed.ledger),
        effects=sum(line["effect"] for line in observed.ledger),
        statuses=dict(Counter(str(one["status"]) for one in observed.records.values())),
        seconds=round(seconds, 1),
        violations=violations,
    )
