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
from pydantic import ValidationError

from orchestrators.names import Event, Orchestrator
from shared.bootstrap import get_providers
from shared.errors import PermanentError, TourniquetError
from shared.models.base import Json, format_utc, parse_utc, to_utc
from shared.models.case import CaseRequest
from shared.playbook.intake.joining import waiting_incident, waiting_name
from shared.ports import CaseStore, OpenCases

ANSWERED_BY = "answered-by"
"""Claim under the case that an incident would have been: the case that it joined, and the name by
which it waits there. Claims never change: a case that it joined later is in the next one."""
MOST_ANSWERS = 9
"""Cases that one incident joins, each after the one before ended without taking it."""
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


async def find_earlier(client: DurableFunctionsClient, case: CaseRequest) -> str | None:
    """Return the case that answers for an incident sent before, or ``None``.

    A case that ended, or gave the account free, without taking the incident answers for nothing,
    nor does one that the engine no longer knows, or that runs anew since (``shared.models.run``):
    the incident stops waiting for it and is treated like one that was never sent.
    """
    providers = get_providers()
    store, waiting = providers.cases, providers.open_cases
    if store is None or waiting is None or case.account is None:
        return None
    try:
        async with asyncio.timeout(STORE_SECONDS):
            found = await _last_answer(store, case.case_id)
            if found is None:
                return None
            name = str(found.get("name") or waiting_name(case))
            state = await _state(client, found["case_id"])
            is_known = state is not None and not _began_after(state, found)
            if is_known and await waiting.get_joining(found["case_id"], name) is None:
                return str(found["case_id"])
            holder = await waiting.holder(case.account.key)
            holds = holder is not None and holder["case_id"] == found["case_id"]
            if is_known and holds and state.runtime_status.name not in _ENDED:
                await wake(client, found["case_id"], case.case_id)
                return str(found["case_id"])
            await waiting.drop_joining(found["case_id"], name)
    except (TourniquetError, TimeoutError):
        return None
    _log.warning("%s was never taken by %s, which it joined", case.case_id, found["case_id"])
    return None


def _began_after(state: Any, answer: Json) -> bool:
    """Return whether a case's run began only after an incident had joined an earlier one.

    Should clocks differ, the incident joins once more, which changes nothing.
    """
    joined_at = answer.get("at")
    return joined_at is not None and to_utc(state.created_at) > parse_utc(joined_at)


async def _last_answer(store: CaseStore, case_id: str) -> Json | None:
    """Return the last claim that says which case an incident joined."""
    last = None
    for number in range(1, MOST_ANSWERS + 1):
        found = await store.get_claim(case_id, _answer_name(number))
        if found is None:
            break
        last = found
    return last if last is not None and isinstance(last.get("case_id"), str) else None


async def _write_answer(store: CaseStore, case_id: str, answer: Json) -> None:
    for number in range(1, MOST_ANSWERS + 1):
        earlier = await store.claim(case_id, _answer_name(number), answer)
        if earlier is None:
            return


def _answer_name(number: int) -> str:
    return ANSWERED_BY if number == 1 else f"{ANSWERED_BY}-{number}"


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
        holder = _checked(await store.claim(key, claim))
        if holder is None or holder["case_id"] == case.case_id:
            return Place(first=holder is None)
        if not await _is_open(client, holder):
            await store.release(key, holder["case_id"])
        elif await _join(client, store, case, key, str(holder["case_id"])):
            return Place(joined=str(holder["case_id"]))
    return Place()


def _checked(holder: Json | None) -> Json | None:
    """Return a claim that can be worked with.

    Raises:
        PermanentError: it does not name a case, and since when.
    """
    try:
        if holder is not None:
            parse_utc(holder["opened_at"])
            str(holder["case_id"])
    except (KeyError, TypeError, ValueError) as error:
        raise PermanentError("the claim on the account is damaged") from error
    return holder


async def _is_open(client: DurableFunctionsClient, holder: Json) -> bool:
    """Return whether the holder's case runs; start it when its own starter has not.

    The starter that claimed the account may have died before it started the case.
    """
    deadline = time.monotonic() + START_WAIT_SECONDS
    while (state := await _state(client, holder["case_id"])) is None:
        if datetime.now(UTC) - parse_utc(holder["opened_at"]) > STALE:
            return False
        if time.monotonic() > deadline:
            return await _stand_in(client, holder)
        await asyncio.sleep(0.1)
    return state.runtime_status.name not in _ENDED


async def _stand_in(client: DurableFunctionsClient, holder: Json) -> bool:
    """Start the case of a claim; ``False`` when the claim does not hold one that can be read."""
    try:
        case = CaseRequest.model_validate(holder.get("case"))
    except ValidationError as error:
        _log.error("the claim of %s holds no case: %s", holder["case_id"], error.title)
        return False
    await start_case(client, case)
    return True


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
        answer = {"case_id": open_case, "name": name, "at": format_utc(datetime.now(UTC))}
        await _write_answer(cases, case.case_id, answer)
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
