"""One account, one case: which case answers an incident, its own or one that is open."""

import asyncio
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from azure.durable_functions import DurableFunctionsClient

from orchestrators.names import Event, Orchestrator
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json, format_utc, parse_utc
from shared.models.case import CaseRequest
from shared.playbook.intake.joining import waiting_incident, waiting_name
from shared.ports import OpenCases

ANSWERED_BY = "answered-by"
"""Claim under the case that an incident would have been: the case that it joined."""
TRIES = 3
"""How often the account's open case may change under our eyes before a separate one is started."""
START_WAIT_SECONDS = 2.0
"""How long the one who holds the account may take to start its case before we start it."""
STORE_SECONDS = 8.0
"""How long a store that does not answer may hold up an incident."""
STALE = timedelta(minutes=15)
"""A claim whose case does not exist so long after is a dead one's."""
_ENDED = frozenset({"COMPLETED", "FAILED", "TERMINATED"})
_log = logging.getLogger("tourniquet.triggers")


@dataclass(frozen=True)
class Place:
    """Where an incident belongs: to a case of its own, or to an open one."""

    joined: str | None = None
    """The case that it joined; ``None``: it is to have a case of its own."""
    first: bool | None = None
    """Whether it was the first to name its own case; ``None`` when that is not known."""


async def find_place(client: DurableFunctionsClient, case: CaseRequest) -> Place:
    """Return whether an incident opens a case or joins the account's open one, and let it join.

    Of incidents in the same instant one creates the claim on the account; the others find it. A
    store that does not answer costs only that: the incident gets a case of its own.
    """
    store = get_providers().open_cases
    if case.account is None or store is None:
        return Place()
    try:
        async with asyncio.timeout(STORE_SECONDS + START_WAIT_SECONDS):
            return await _find_place(client, store, case, case.account.key)
    except (TourniquetError, TimeoutError) as error:
        why = error.describe() if isinstance(error, TourniquetError) else "no answer in time"
        _log.warning("%s is not looked up among open cases: %s", case.case_id, why)
        return Place()


async def find_earlier(case_id: str) -> str | None:
    """Return the case that an incident sent before has joined, or ``None``."""
    store = get_providers().cases
    if store is None:
        return None
    try:
        async with asyncio.timeout(STORE_SECONDS):
            found = await store.get_claim(case_id, ANSWERED_BY)
    except (TourniquetError, TimeoutError):
        return None
    return str(found["case_id"]) if found else None


async def wake(client: DurableFunctionsClient, case_id: str, incident: str) -> bool:
    """Tell a case that an incident waits for it; ``False`` when the case takes no events."""
    try:
        await client.raise_orchestration_event(
            case_id, str(Event.JOINED), data={"incident": incident}
        )
    except grpc.RpcError as error:
        _log.warning("%s could not be told of %s: %s", case_id, incident, type(error).__name__)
        return False
    return True


async def _find_place(
    client: DurableFunctionsClient, store: OpenCases, case: CaseRequest, key: str
) -> Place:
    claim = {
        "case_id": case.case_id,
        "opened_at": format_utc(datetime.now(UTC)),
        "nonce": uuid.uuid4().hex,
        "case": case.to_json(),
    }
    for _try in range(TRIES):
        holder = await store.claim(key, claim)
        if holder is None or holder["case_id"] == case.case_id:
            return Place(first=holder is None)
        if not await _is_open(client, holder):
            await store.release(key, holder["case_id"])
        elif await _join(client, store, case, key, str(holder["case_id"])):
            return Place(joined=str(holder["case_id"]))
    return Place()


async def _is_open(client: DurableFunctionsClient, holder: Json) -> bool:
    """Return whether the holder's case runs; start it when its own starter has not.

    The starter that claimed the account may have died before it started the case.
    """
    deadline = time.monotonic() + START_WAIT_SECONDS
    while (state := await _state(client, holder["case_id"])) is None:
        if datetime.now(UTC) - parse_utc(holder["opened_at"]) > STALE:
            return False
        if time.monotonic() > deadline:
            await start_case(client, CaseRequest.model_validate(holder["case"]))
            return True
        await asyncio.sleep(0.1)
    return state.runtime_status.name not in _ENDED


async def _join(
    client: DurableFunctionsClient, store: OpenCases, case: CaseRequest, key: str, open_case: str
) -> bool:
    """Let the incident wait for the open case and wake it; ``False`` when it ended meanwhile.

    The incident waits before it is looked whether the case still holds the account; a case that
    ends gives the account free before it looks who waits. So at least one of both sees it.
    """
    name = waiting_name(case)
    await store.put_joining(open_case, name, waiting_incident(case, datetime.now(UTC)))
    holder = await store.holder(key)
    if holder is None or holder["case_id"] != open_case:
        await store.drop_joining(open_case, name)
        return False
    if not await wake(client, open_case, case.case_id):
        await store.drop_joining(open_case, name)
        return False
    cases = get_providers().cases
    if cases is not None:
        await cases.claim(case.case_id, ANSWERED_BY, {"case_id": open_case})
    return True


async def start_case(client: DurableFunctionsClient, case: CaseRequest) -> bool:
    """Start a case; ``False`` when somebody else has.

    Raises:
        grpc.RpcError: the engine did not take it.
    """
    try:
        await client.schedule_new_orchestration(
            str(Orchestrator.RESPOND), input=case.to_json(), instance_id=case.case_id
        )
    except grpc.RpcError:
        if await _state(client, case.case_id) is None:
            raise
        return False
    return True


async def exists(client: DurableFunctionsClient, case_id: str) -> bool:
    """Return whether a case was ever started."""
    return await _state(client, case_id) is not None


async def _state(client: DurableFunctionsClient, case_id: str) -> Any:
    return await client.get_orchestration_state(case_id, fetch_payloads=False)
