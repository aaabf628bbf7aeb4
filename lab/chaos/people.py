"""The senders of incidents and the people who answer, as they are while things break."""

import asyncio
import time
from datetime import UTC, datetime

from lab.chaos.models import PlannedCase
from lab.chaos.observed import Answered, Delivery, events_of, is_finished, is_waiting
from lab.client import LabCallError, LabClient
from shared.models.base import Json
from shared.models.plan import ActionName

SEND_ATTEMPTS = 12
SEND_PAUSES = (0.5, 1, 2, 3)
"""A Logic App tries again when the app answers 5xx or not at all; here sooner than it does."""
COMMENT = "Answered in a chaos run."


async def send(client: LabClient, number: int, incident: Json, case_id: str) -> Delivery | None:
    """Send an incident until it is accepted; ``None`` when the sender gave up."""
    for attempt in range(1, SEND_ATTEMPTS + 1):
        try:
            await client.send_incident(incident)
        except LabCallError:
            await asyncio.sleep(SEND_PAUSES[min(attempt, len(SEND_PAUSES)) - 1])
        else:
            return Delivery(number, case_id, datetime.now(UTC), attempt)
    return None


class Person:
    """Answers one case's questions as planned, and takes back what was done if planned.

    ``accepted`` is what the app took from them.
    """

    def __init__(self, client: LabClient, case: PlannedCase) -> None:
        self._client, self._case = client, case
        self._asked_at: float | None = None
        self._answered = 0
        self._undone = False
        self.accepted: list[Answered] = []

    async def look(self, record: Json) -> None:
        """Take notice of the record; answer or take back when it is time."""
        planned = self._case.answer
        if planned is None:
            return
        if is_waiting(record) and self._answered < int(record.get("question", 1)):
            self._asked_at = self._asked_at or time.monotonic()
            if time.monotonic() - self._asked_at >= planned.after:
                await self._decide(record)
        elif self._will_undo(record):
            await self._undo(record["case_id"])

    def is_content(self, record: Json) -> bool:
        """Tell whether nothing is left that this person would do, or has to see done."""
        if is_waiting(record):
            return self._case.answer is None
        if self._undone:
            return any(event.startswith("analysts told (undone)") for event in events_of(record))
        return is_finished(record) and not self._will_undo(record)

    def _will_undo(self, record: Json) -> bool:
        planned = self._case.answer
        done = [
            one
            for one in record.get("actions", [])
            if one["action"] == ActionName.DISABLE_ACCOUNT and one["undo"] and not one["undone"]
        ]
        wanted = planned is not None and planned.undone and bool(done)
        return wanted and is_finished(record) and not self._undone

    async def _decide(self, record: Json) -> None:
        planned = self._case.answer
        if planned is None:
            return
        at = datetime.now(UTC)
        # Noted before it is sent: an answer that is lost on the way back may have been taken.
        self.accepted.append(Answered(self._case.number, planned.actions, at))
        try:
            actions = [str(action) for action in planned.actions]
            await self._client.decide(record["case_id"], actions=actions, comment=COMMENT)
        except LabCallError:
            return
        self._answered = int(record.get("question", 1))
        self._asked_at = None

    async def _undo(self, case_id: str) -> None:
        self.accepted.append(Answered(self._case.number, (), datetime.now(UTC), undo=True))
        try:
            await self._client.undo(case_id, actions=[], targets=[], comment=COMMENT)
        except LabCallError:
            return
        self._undone = True
