"""What a round left behind: all that the invariants look at."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from lab.chaos.claims import Unclaimed
from lab.chaos.models import PlannedCase, Round
from shared.models.base import Json
from shared.models.case import CaseStatus
from shared.models.plan import ActionName

HANDED_OVER = "analysts told (completed)"
TAKEN_BACK = "analysts told (undone)"
BROKE_OFF = "the response broke off"
"""Starts of timeline entries."""


@dataclass(frozen=True)
class Delivery:
    """One incident that the app accepted (202)."""

    number: int
    """Of the planned case."""
    case_id: str
    """The case that the incident opens, unless it joins another one."""
    at: datetime
    attempts: int


@dataclass(frozen=True)
class Answered:
    """A decision, or with ``undo`` a request to take back, that the app accepted (202)."""

    number: int
    actions: tuple[ActionName, ...]
    at: datetime
    undo: bool = False


@dataclass(frozen=True)
class Observed:
    """A round and what came of it.

    ``before`` is the tenant as it was loaded, ``after`` what the vendors hold in the end.
    ``records`` are those of every case id that a planned case may have, where there is one.
    """

    planned: Round
    case_ids: dict[int, tuple[str, ...]]
    deliveries: list[Delivery]
    answers: list[Answered]
    records: dict[str, Json]
    ledger: list[Json]
    before: Json
    after: Json
    automatic: frozenset[ActionName]
    """What the policy allows at High confidence for an ordinary account."""
    storage_away: list[tuple[datetime, datetime]] = field(default_factory=list)
    unclaimed: list[Unclaimed] = field(default_factory=list)
    apart: frozenset[str] = frozenset()
    """Cases that were opened without a look whether their account has one."""

    def records_of(self, case: PlannedCase) -> list[Json]:
        """Return the records of a planned case: one, or several when an incident came late."""
        return [self.records[key] for key in self.case_ids[case.number] if key in self.records]


def events_of(record: Json) -> list[str]:
    """Return what the timeline says, in order."""
    return [str(entry["event"]) for entry in record.get("timeline", [])]


def has_event(record: Json, start: str) -> bool:
    """Tell whether an entry of the timeline starts with these words."""
    return any(event.startswith(start) for event in events_of(record))


def is_waiting(record: Json) -> bool:
    """Tell whether the case waits for a person who has been asked."""
    asked = has_event(record, "analysts told")
    return record["status"] == CaseStatus.AWAITING_DECISION and asked


def is_finished(record: Json) -> bool:
    """Tell whether the response is over: everything done, people told the outcome."""
    over = (CaseStatus.CONTAINED, CaseStatus.MONITORING, CaseStatus.FAILED, CaseStatus.CLOSED)
    return record["status"] in over and has_event(record, HANDED_OVER)


def mentions(line: Json, words: Iterable[str]) -> bool:
    """Tell whether a line of the ledger contains one of these words."""
    text = str(line).lower()
    return any(word.lower() in text for word in words)
