"""Searching sign-ins again some minutes after containment: did it hold?"""

import logging
from typing import Any

from durabletask import task

from activities.directories import names_in_log
from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import parse_utc
from shared.models.case import CaseRecord, CaseRequest
from shared.playbook.acting.holding import judge_hold

_log = logging.getLogger("tourniquet.activities")


async def recheck_sign_ins(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Search sign-ins after containment: did it hold?

    Input: ``{"case": CaseRequest, "since": ISO time}``; output ``{"held": true | false | null,
    "detail"}``. What people took back meanwhile is read from the case's record.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Log Analytics Reader on the workspace. When the incident tells neither object id nor
    principal name: User.Read.All (Microsoft Graph), okta.users.read for Okta.
    """
    case = CaseRequest.model_validate(payload["case"])
    account = case.account
    if account is None:
        return {"held": None, "detail": "the case has no account"}
    log = get_providers().require("sign_in_log")
    object_id, name = await names_in_log(account)
    found = await log.get_sign_ins(
        object_id=object_id,
        user_principal_name=name,
        start=parse_utc(payload["since"]),
        end=utc_now(),
    )
    return judge_hold(
        found.events,
        addresses=case.addresses,
        incomplete=found.incomplete,
        record=await _record(case.case_id),
    )


async def _record(case_id: str) -> CaseRecord | None:
    try:
        found = await get_providers().require("cases").load(case_id)
    except TourniquetError as error:
        _log.warning("re-check without the record: %s", explain(error))
        return None
    return CaseRecord.model_validate(found[0]) if found else None
