"""Starting cases: once per case id, whatever is delivered how often."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import grpc
from azure.durable_functions import DurableFunctionsClient

from orchestrators.names import Orchestrator
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.case import CaseRequest, Timing
from shared.playbook.acting.evidence import RECEIVED
from shared.settings import Settings

_MOST_AT_ONCE = 16
_log = logging.getLogger("tourniquet.triggers")


@dataclass(frozen=True)
class Started:
    """One case that now exists."""

    case_id: str
    created: bool

    def to_json(self, settings: Settings) -> Json:
        """Return the starter's answer for this case."""
        url = f"{settings.public_url.rstrip('/')}/api/cases/{self.case_id}"
        return {"case_id": self.case_id, "status_url": url, "created": self.created}


async def start_cases(
    client: DurableFunctionsClient, cases: list[CaseRequest], received: object, settings: Settings
) -> list[Started]:
    """Start the response to each case that does not exist yet; keep the incident as received.

    The instance id is the case id, so a second delivery finds the first one's instance. Keeping
    the original must not stand in the way of answering: a failure is logged and shows in the case.
    """
    timing = Timing(
        approval_deadline_minutes=settings.approval_deadline_minutes,
        recheck_minutes=settings.recheck_minutes,
        watch_hours=settings.watch_hours,
        block_hours=settings.block_hours,
        late_log_budget_seconds=settings.late_log_budget_seconds,
    )
    gate = asyncio.Semaphore(_MOST_AT_ONCE)

    async def start(case: CaseRequest) -> Started:
        async with gate:
            return await _start(client, case.model_copy(update={"timing": timing}), received)

    return list(await asyncio.gather(*(start(case) for case in cases)))


async def _start(client: DurableFunctionsClient, case: CaseRequest, received: object) -> Started:
    if await _exists(client, case.case_id):
        return Started(case.case_id, created=False)
    keeping = asyncio.create_task(_keep(case.case_id, received))
    try:
        await client.schedule_new_orchestration(
            str(Orchestrator.RESPOND), input=case.to_json(), instance_id=case.case_id
        )
        created = True
    except grpc.RpcError:
        if not await _exists(client, case.case_id):
            raise
        created = False
    finally:
        await keeping
    return Started(case.case_id, created=created)


async def _exists(client: DurableFunctionsClient, case_id: str) -> bool:
    state: Any = await client.get_orchestration_state(case_id, fetch_payloads=False)
    return state is not None


async def _keep(case_id: str, received: object) -> None:
    store = get_providers().evidence
    if store is None:
        return
    try:
        await store.put(
            case_id,
            RECEIVED,
            json.dumps(received, indent=1, sort_keys=True).encode(),
            content_type="application/json",
            source="intake",
        )
    except TourniquetError as error:
        _log.warning("incident as received was not kept: %s", error.describe())
