"""Looking again at what was taken away from an account: is it gone, has something come since?"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from durabletask import task

from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json, parse_utc
from shared.models.directory import ENTRA
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.persistence import Selection, grants, methods, read_back
from shared.playbook.acting.persistence.rules import choose_rules

type Seen = tuple[list[str], list[str]]
"""Labels of what is still there, and of what has come since."""


async def verify_persistence(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """List again: is what was taken away gone, and has nothing come since?

    Input: ``{"case_id", "object_id", "directory", "since", "outcomes": [ActionOutcome], "before":
    {action: Selection | None}}``; output ``{"outcomes", "unprovable": [actions]}`` with
    ``verified`` filled in, each from a read of its own: one that fails does not hide the others.
    Looking again cannot prove an unprovable one: what was taken away is not known.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: UserAuthenticationMethod.ReadWrite.All, MailboxSettings.ReadWrite,
    DelegatedPermissionGrant.ReadWrite.All.
    """
    outcomes = [ActionOutcome.model_validate(item) for item in payload["outcomes"]]
    unprovable = [str(one.action) for one in outcomes if payload["before"].get(one.action) is None]
    looked = await asyncio.gather(*(_look(one, payload) for one in outcomes))
    return {"outcomes": [one.to_json() for one in looked], "unprovable": unprovable}


async def _look(outcome: ActionOutcome, payload: Json) -> ActionOutcome:
    before = payload["before"].get(outcome.action)
    if outcome.status is not ActionStatus.SUCCEEDED or outcome.verified is True or before is None:
        return outcome
    try:
        still, new = await _LOOKS[outcome.action](payload, Selection.model_validate(before))
    except TourniquetError as error:
        said = read_back(outcome.detail, [], [])[1].rpartition("so it is")[0]
        detail = f"{said}not possible: {explain(error)}"
        return outcome.model_copy(update={"verified": None, "detail": detail})
    verified, detail = read_back(outcome.detail, still, new)
    return outcome.model_copy(update={"verified": verified, "detail": detail})


async def _look_at_methods(payload: Json, before: Selection) -> Seen:
    port = get_providers().methods_of(payload.get("directory") or ENTRA)
    now = await port.list_methods(payload["object_id"])
    since = parse_utc(payload["since"]) if payload.get("since") else None
    return (
        [one.label for one in now if one.id in before.ids],
        [one.label for one in now if one.id not in before.ids and methods.is_new(one, since)],
    )


async def _look_at_rules(payload: Json, before: Selection) -> Seen:
    now = await get_providers().require("mailbox").list_rules(payload["object_id"])
    return (
        [one.name for one in now if one.id in before.ids and one.enabled],
        [one.label for one in choose_rules(now).chosen if one.id not in before.ids],
    )


async def _look_at_grants(payload: Json, before: Selection) -> Seen:
    port = get_providers().grants_of(payload.get("directory") or ENTRA)
    now = await port.list_grants(payload["object_id"])
    since = parse_utc(payload["since"]) if payload.get("since") else None
    return (
        [one.label for one in now if one.id in before.ids],
        [one.label for one in now if one.id not in before.ids and grants.is_new(one, since)],
    )


_LOOKS: dict[ActionName, Callable[[Json, Selection], Awaitable[Seen]]] = {
    ActionName.REMOVE_AUTHENTICATION_METHODS: _look_at_methods,
    ActionName.DISABLE_INBOX_RULES: _look_at_rules,
    ActionName.REVOKE_OAUTH_GRANTS: _look_at_grants,
}
