"""Incidents that join an open case: taking them in, and giving the account free again."""

import asyncio
import logging
from typing import Any

from durabletask import task
from pydantic import ValidationError

from shared.bootstrap import get_providers
from shared.errors import PermanentError, Unauthenticated
from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.run import claim_name
from shared.models.undoing import taken_back
from shared.playbook.intake.joining import brief
from shared.ports import CaseStore, OpenCases

_log = logging.getLogger("tourniquet.activities")

MOST_TOLD = 20
"""Incidents of one look that are named in the record and told that they joined."""
MOST_JUDGED = 5
"""Incidents of one look that the case is judged anew by: the heaviest."""


async def take_joined(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Take the incidents that wait to join a case.

    Input: ``{"case_id", "run", "look": number}``. Output: ``{"count": how many, "incidents": what
    the record keeps of the heaviest, "cases": CaseRequests to judge the case by, "more": whether
    others wait, which the next look takes, "taken_back": [TakenBack]}``; the names of all are kept
    with the claim. What cannot be read is counted, no more.

    Effect: one claim in the case store, and the waiting incidents are no longer waiting.
    Idempotency: what a look took is claimed before anything is taken away; the same look again
    returns the same.
    Permission: Storage Blob Data Contributor on the case container.
    """
    case_id, look = payload["case_id"], int(payload["look"])
    providers = get_providers()
    waiting = providers.require("open_cases")
    names = await waiting.list_joining(case_id)
    taken = await _read(waiting, case_id, names)
    cases = providers.require("cases")
    undone = await _taken_back(cases, case_id)
    earlier = await cases.claim(case_id, claim_name(payload["run"], f"joined-{look}"), taken)
    taken = earlier or taken
    await _drop(waiting, case_id, taken["names"])
    more = bool(await waiting.list_joining(case_id)) if names else False
    kept = {key: taken[key] for key in ("count", "incidents", "cases")}
    return kept | {"more": more, "taken_back": undone}


async def release_account(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Give the account free: the next incident about it opens a case of its own.

    Input: ``{"case_id", "account_key"}``. Output: ``{"waiting"}``: whether incidents wait for the
    case all the same. It is looked after the account is free, and a joining incident looks
    whether the case still holds the account after it has begun to wait: one of both sees it.

    Effect: the claim on the account is gone, unless a later case holds it.
    Idempotency: a second run finds the claim gone.
    Permission: Storage Blob Data Contributor on the case container.
    """
    open_cases = get_providers().require("open_cases")
    await open_cases.release(payload["account_key"], payload["case_id"])
    return {"waiting": bool(await open_cases.list_joining(payload["case_id"]))}


async def _read(waiting: OpenCases, case_id: str, names: list[str]) -> Json:
    read = [_readable(waiting, case_id, name) for name in names[:MOST_TOLD]]
    found = [one for one in await asyncio.gather(*read) if one is not None]
    return {
        "count": len(names),
        "names": names,
        "incidents": [brief(one) for one in found],
        "cases": [one["case"] for one in found[:MOST_JUDGED]],
    }


async def _taken_back(cases: CaseStore, case_id: str) -> list[Json]:
    """Return what was taken back in the case: nobody but its record knows all of it.

    While that cannot be read, nothing is judged anew: it could be done again over a person's head.
    """
    found = await cases.load(case_id)
    if found is None:
        return []
    return [one.to_json() for one in taken_back(CaseRecord.model_validate(found[0]))]


async def _readable(waiting: OpenCases, case_id: str, name: str) -> Json | None:
    """Return a waiting incident; what is damaged must not stop the others for ever.

    Raises:
        RetryableError: storage is away.
        Unauthenticated: our token is refused, or there is none now: it is not known what waits.
    """
    try:
        found = await waiting.get_joining(case_id, name)
        if found is not None:
            brief(found)
    except Unauthenticated:
        raise
    except (PermanentError, ValidationError, KeyError) as error:
        _log.error("%s waits for %s and cannot be read: %s", name, case_id, type(error).__name__)
        return None
    return found


async def _drop(waiting: OpenCases, case_id: str, names: list[str]) -> None:
    gate = asyncio.Semaphore(16)

    async def drop(name: str) -> None:
        async with gate:
            await waiting.drop_joining(case_id, name)

    await asyncio.gather(*(drop(name) for name in names))
