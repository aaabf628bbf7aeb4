"""What ``.lab/chaos.json`` holds."""

from collections import Counter

from pydantic import BaseModel, ConfigDict

from lab.chaos.disturb import Done
from lab.chaos.invariants import INVARIANTS, name_of
from lab.chaos.observed import Observed


class Violation(BaseModel):
    """Something that did not hold; ``make chaos SEED=... ROUND=...`` plays its round again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    invariant: str
    round: int
    case: int
    case_id: str
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
        hub_away_s=round(sum((end - at).total_seconds() for at, end in done.hub_away), 1),
        faults=sum(bool(line.get("fault")) for line in observed.ledger),
        requests=len(observed.ledger),
        effects=sum(line["effect"] for line in observed.ledger),
        statuses=dict(Counter(str(one["status"]) for one in observed.records.values())),
        seconds=round(seconds, 1),
        violations=violations,
    )
