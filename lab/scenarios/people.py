"""What people do in a play: take the case, answer, take actions back, close; each once."""

import asyncio
from dataclasses import dataclass

from lab.client import LabClient
from lab.scenarios.models import Scenario, UndoStep
from shared.models.base import Json
from shared.models.case import CaseStatus

HANDED_OVER = "analysts told (completed)"
"""Start of the timeline entry that ends the response; what follows is the watch."""
TAKEN_BACK = "analysts told (undone)"
"""Start of the timeline entry that ends an undo."""
CLOSED = "analysts told (closed)"
"""Start of the timeline entry that ends a closing."""
TAKEN = "acknowledged by"
"""Start of the timeline entry of whoever takes the case."""


@dataclass
class People:
    """What is still to be done by people in one case."""

    client: LabClient
    scenario: Scenario
    case_id: str
    think_seconds: float

    def __post_init__(self) -> None:
        self._takes = bool(self.scenario.analyst)
        self._decision = self.scenario.decision
        self._undo = self.scenario.undo
        self._close = self.scenario.close

    def nobody_answers(self, record: Json) -> bool:
        """Tell whether the case asks, and the scenario has neither an answer nor silence."""
        asked = record["status"] == CaseStatus.AWAITING_DECISION and has_been_told(record)
        return asked and self.scenario.decision is None and not self.scenario.silence

    async def look(self, record: Json) -> None:
        """Do what is next, if the case has come so far.

        Raises:
            LabCallError: the app refused it.
        """
        if self._undo is not None and is_finished(record):
            await self._take_back(self._undo)
            self._undo = None
        elif self._close is not None and self._undo is None and is_finished(record):
            by = self.scenario.analyst or "lab"
            await self.client.close_case(self.case_id, self._close.comment, by=by)
            self._close = None
        elif record["status"] == CaseStatus.AWAITING_DECISION and has_been_told(record):
            await self._answer(record)

    async def _answer(self, record: Json) -> None:
        if self._takes:
            await self.client.acknowledge(self.case_id, "", by=self.scenario.analyst)
            self._takes = False
        elif self._decision is not None and (not self.scenario.analyst or is_taken(record)):
            await asyncio.sleep(self.think_seconds)
            actions = [str(one) for one in self._decision.actions]
            comment = self._decision.comment
            await self.client.decide(self.case_id, actions=actions, comment=comment)
            self._decision = None

    async def _take_back(self, step: UndoStep) -> None:
        actions = [str(one) for one in step.actions]
        asked = (
            self.client.undo(
                self.case_id, actions=actions, targets=step.targets, comment=step.comment
            )
            for _ in range(step.times)
        )
        await asyncio.gather(*asked)


def is_over(scenario: Scenario, record: Json) -> bool:
    """Tell whether the response is over, and what people did after it."""
    return (
        is_finished(record)
        and (scenario.undo is None or is_taken_back(record))
        and (scenario.close is None or _has(record, CLOSED))
    )


def is_taken(record: Json) -> bool:
    """Tell whether somebody has taken the case."""
    return _has(record, TAKEN)


def is_taken_back(record: Json) -> bool:
    """Tell whether an undo is over: everything tried, analysts told the outcome."""
    return _has(record, TAKEN_BACK)


def is_finished(record: Json) -> bool:
    """Tell whether the response is over: everything done, analysts told the outcome."""
    return _has(record, HANDED_OVER)


def has_been_told(record: Json) -> bool:
    """Tell whether analysts have been told at all: a person answers only what was asked."""
    return _has(record, "analysts told")


def _has(record: Json, start: str) -> bool:
    return any(entry["event"].startswith(start) for entry in record["timeline"])
