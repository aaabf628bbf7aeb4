"""Ends what earlier plays left open in a running lab: an incident would join their cases."""

import asyncio
import time

from lab.client import LabCallError, LabClient
from shared.models.base import Json
from shared.models.case import CaseStatus

PATIENCE_SECONDS = 30.0
COMMENT = "another scenario is played"


async def close_earlier_cases(client: LabClient) -> None:
    """Close every case that is still open; a question is answered with ``NoAction`` first.

    Raises:
        LabCallError: the app does not list its cases.
    """
    cases = [one for one in await client.list_cases() if one["status"] != CaseStatus.CLOSED]
    await asyncio.gather(*(_close(client, one) for one in cases))


async def _close(client: LabClient, case: Json) -> None:
    case_id = case["case_id"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    status, told = case["status"], False
    while status != CaseStatus.CLOSED and time.monotonic() < deadline:
        try:
            if status == CaseStatus.AWAITING_DECISION:
                await client.decide(case_id, actions=["NoAction"], comment=COMMENT)
            elif not told:
                await client.close_case(case_id, COMMENT)
                told = True
        except LabCallError:
            # It is over already, or somebody else has just answered: the status tells.
            told = told or status != CaseStatus.AWAITING_DECISION
        await asyncio.sleep(0.2)
        status = (await client.get_case(case_id))["status"]
