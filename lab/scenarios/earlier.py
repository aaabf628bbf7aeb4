"""Ends what earlier plays left open in a running lab: an incident would join their cases."""

import asyncio
import time

from lab.client import LabCallError, LabClient
from shared.models.base import Json
from shared.models.case import CaseStatus

PATIENCE_SECONDS = 120.0
TELL_AGAIN_SECONDS = 5.0
"""A case that is to be closed may go on for a reason of its own, and is then told again."""
PAUSE_SECONDS = 0.2
COMMENT = "another scenario is played"
BROKE_OFF = "the response broke off"
"""Start of the timeline entry of a case that nobody can close, and that no incident joins."""


async def close_earlier_cases(client: LabClient, *, patience: float = PATIENCE_SECONDS) -> None:
    """Close every case that is still open; a question is answered with ``NoAction`` first.

    Args:
        client: speaks to the lab.
        patience: seconds that a case may take until it is closed.

    Raises:
        LabCallError: the app does not list its cases, or one of them could not be closed in time.
    """
    cases = [one for one in await client.list_cases() if one["status"] != CaseStatus.CLOSED]
    closing = (_close(client, one["case_id"], patience) for one in cases)
    for result in await asyncio.gather(*closing, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _close(client: LabClient, case_id: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    told_at: float | None = None
    refused = "it was never refused"
    while True:
        record = await client.get_case(case_id)
        if _is_over(record):
            return
        now, status = time.monotonic(), record["status"]
        if now > deadline:
            raise LabCallError(
                f"{case_id} could not be closed within {patience:g} seconds and would take the"
                f" next incident: it is {status} ({refused}). Start the lab anew."
            )
        try:
            if status == CaseStatus.AWAITING_DECISION:
                await client.decide(case_id, actions=["NoAction"], comment=COMMENT)
            elif told_at is None or now - told_at > TELL_AGAIN_SECONDS:
                await client.close_case(case_id, COMMENT)
                told_at = now
        except LabCallError as error:
            # Somebody else has just answered or asked: only the record tells how it stands.
            refused = f"last refused: {error}"
        await asyncio.sleep(PAUSE_SECONDS)


def _is_over(record: Json) -> bool:
    return record["status"] == CaseStatus.CLOSED or any(
        entry["event"].startswith(BROKE_OFF) for entry in record["timeline"]
    )
