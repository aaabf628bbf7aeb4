"""What an intruder left behind to come back: sign-in methods, inbox rules, consents.

Each action gets what identity actions get (``activities.containment``) and ``since``, the time the
compromise began or ``None``; it returns ``{"outcome": ActionOutcome, "before": Selection}``. It
lists, chooses, and claims the choice with everything that is needed to take it back, before the
first effect. A redelivered activity finds that claim and goes on with what it says: what is gone is
counted as done, what is there is taken away. Half done is ``failed``, with what was done and what
was not; with ``"last": true`` a failure that may pass is such an outcome too, else it is raised and
tried again.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from durabletask import task

from activities.support import explain, utc_now
from activities.trail import consents_since, registrations_since
from activities.tries import ANSWER_LOST, REFUSALS, TRIES_UNKNOWN
from shared.bootstrap import get_providers
from shared.errors import NotFound, NotSupported, RetryableError, TourniquetError
from shared.models.base import Json, parse_utc
from shared.models.directory import ENTRA
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.persistence import AuthenticationMethod, ConsentGrant
from shared.models.plan import ActionName
from shared.playbook.acting.persistence import Chosen, Selection, describe
from shared.playbook.acting.persistence.grants import choose_grants
from shared.playbook.acting.persistence.methods import choose_methods
from shared.playbook.acting.persistence.rules import choose_rules

_log = logging.getLogger("tourniquet.activities")


@dataclass(frozen=True)
class Work:
    """One action on several things of an account.

    Attributes:
        action: its name.
        verb: what is done to each thing.
        find: lists and chooses; also the ids of everything that is there and in force.
        take: does it to one thing, as its model wrote it.
        undo: what the outcome keeps of what was done, or ``None``.
    """

    action: ActionName
    verb: str
    find: Callable[[], Awaitable[tuple[Selection, set[str]]]]
    take: Callable[[Json], Awaitable[None]]
    undo: Callable[[Sequence[Chosen]], Json | None]


async def remove_authentication_methods(
    _: task.ActivityContext, payload: dict[str, Any]
) -> dict[str, Any]:
    """Remove the authentication methods registered since the compromise began.

    Effect: they no longer prove who the user is. Cannot be undone: the user registers again.
    Idempotency: the choice is claimed; a method that is gone is not removed again.
    Permission: UserAuthenticationMethod.ReadWrite.All and Log Analytics Reader on the workspace
    (when methods without a time were registered); an administrator's methods also need the
    directory role Privileged Authentication Administrator.
    """
    object_id, since = payload["object_id"], _since(payload)
    port = partial(get_providers().methods_of, _directory(payload))

    async def find() -> tuple[Selection, set[str]]:
        methods = await port().list_methods(object_id)
        undated = since is not None and any(one.created_at is None for one in methods)
        trail = await registrations_since(object_id, since) if undated and since else []
        return choose_methods(methods, since=since, trail=trail), {one.id for one in methods}

    async def take(item: Json) -> None:
        await port().remove_method(object_id, AuthenticationMethod.model_validate(item))

    action = ActionName.REMOVE_AUTHENTICATION_METHODS
    return await _do(Work(action, "removed", find, take, lambda _: None), payload)


async def disable_inbox_rules(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Disable the inbox rules that forward, redirect, delete or hide mail; none is deleted.

    Effect: they do nothing any more. Undo: exactly these are enabled.
    Idempotency: the choice is claimed; disabling a rule again changes nothing.
    Permission: MailboxSettings.ReadWrite, Mail.ReadBasic.All (names of folders).
    """
    object_id = payload["object_id"]
    if _directory(payload) != ENTRA:
        error = NotSupported("mailboxes are not in this directory", vendor=_directory(payload))
        return _failed(ActionName.DISABLE_INBOX_RULES, object_id, explain(error))
    providers = get_providers()

    async def find() -> tuple[Selection, set[str]]:
        rules = await providers.require("mailbox").list_rules(object_id)
        return choose_rules(rules), {one.id for one in rules if one.enabled}

    async def take(item: Json) -> None:
        await providers.require("mailbox").set_rule_enabled(object_id, item["id"], enabled=False)

    def undo(done: Sequence[Chosen]) -> Json:
        return {"rules": [{"id": one.id, "name": one.item["name"]} for one in done]}

    return await _do(Work(ActionName.DISABLE_INBOX_RULES, "disabled", find, take, undo), payload)


async def revoke_oauth_grants(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Revoke the account's own consents to applications given since the compromise began.

    Effect: the applications lose their access when their tokens end, within an hour or so. Undo:
    the same consents are given again.
    Idempotency: the choice is claimed; a consent that is gone is not revoked again.
    Permission: DelegatedPermissionGrant.ReadWrite.All and Log Analytics Reader on the workspace
    (Microsoft Graph does not say when a consent was given).
    """
    object_id, since = payload["object_id"], _since(payload)
    port = partial(get_providers().grants_of, _directory(payload))

    async def find() -> tuple[Selection, set[str]]:
        grants = await port().list_grants(object_id)
        in_log = since is not None and _directory(payload) == ENTRA
        trail = await consents_since(object_id, since) if in_log and since else []
        return choose_grants(grants, since=since, trail=trail), {one.id for one in grants}

    async def take(item: Json) -> None:
        await port().revoke_grant(object_id, ConsentGrant.model_validate(item))

    def undo(done: Sequence[Chosen]) -> Json:
        return {"grants": [one.item for one in done]}

    return await _do(Work(ActionName.REVOKE_OAUTH_GRANTS, "revoked", find, take, undo), payload)


async def _do(work: Work, payload: Json) -> Json:
    """List, choose, claim, take away; what cannot be done is in the outcome.

    When what is there cannot be listed, for good or in the last try, an earlier one's choice is
    carried out, and all of it can be taken back: what of it was done then is not known, and what is
    as before is left alone. While storage is away, nobody knows whether there was such a choice.
    """
    object_id = payload["object_id"]
    claimed: Selection | None = None
    try:
        found, present = await work.find()
    except TourniquetError as error:
        if isinstance(error, RetryableError) and not payload.get("last"):
            raise
        if isinstance(error, NotSupported):
            return _failed(work.action, object_id, explain(error))
        try:
            claimed = await _claimed(work.action, payload)
        except TourniquetError as away:
            _log.warning("%s in %s: %s", work.action, payload["case_id"], explain(away))
            return _failed(work.action, object_id, f"{explain(error)}; {TRIES_UNKNOWN}")
        if claimed is None:
            return _failed(work.action, object_id, explain(error))
        found, present = claimed, {one.id for one in claimed.chosen}
    selection = claimed or await _claim(work.action, payload, found)
    done, left = await _take_all(work, selection, present)
    waiting = [error for error in left.values() if isinstance(error, RetryableError)]
    if waiting and not payload.get("last"):
        raise waiting[0]
    status, detail = describe(
        work.verb, selection, done, {key: explain(error) for key, error in left.items()}
    )
    unsure = {key for key, why in left.items() if not isinstance(why, REFUSALS)}
    lost = [one for one in selection.chosen if one.id in unsure]
    if lost:
        detail = f"{detail}; {ANSWER_LOST}"
    taken = claimed.chosen if claimed else [*done, *lost]
    outcome = ActionOutcome(
        action=work.action,
        target=object_id,
        status=status,
        detail=detail,
        at=utc_now(),
        undo=work.undo(taken) if taken else None,
    )
    return {"outcome": outcome.to_json(), "before": selection.to_json()}


async def _take_all(
    work: Work, selection: Selection, present: set[str]
) -> tuple[list[Chosen], dict[str, TourniquetError]]:
    """Take everything away, one after the other; return what is gone, and errors by id.

    What the vendor refused as it was (400) is tried again as long as others could be taken away:
    a default method goes when it is the last. A replica may still show what is gone (404 then).
    """
    waiting = [one for one in selection.chosen if one.id in present]
    left: dict[str, TourniquetError] = {}
    moved = True
    while waiting and moved:
        moved = False
        again = []
        for one in waiting:
            try:
                await work.take(one.item)
            except NotFound:
                left.pop(one.id, None)
            except TourniquetError as error:
                left[one.id] = error
                again += [one] if error.status == HTTPStatus.BAD_REQUEST else []
            else:
                left.pop(one.id, None)
                moved = True
        waiting = again
    return [one for one in selection.chosen if one.id not in left], left


async def _claim(action: ActionName, payload: Json, found: Selection) -> Selection:
    """Return the choice to carry out: ``found`` for the first try, the first try's afterwards."""
    name = f"{payload['attempt']}-{action}"
    try:
        store = get_providers().require("cases")
        earlier = await store.claim(payload["case_id"], name, found.to_json())
    except TourniquetError as error:
        _log.warning("%s of %s is not claimed: %s", action, payload["case_id"], explain(error))
        return found
    return Selection.model_validate(earlier) if earlier else found


async def _claimed(action: ActionName, payload: Json) -> Selection | None:
    """Return the choice of an earlier try, ``None`` without one."""
    store = get_providers().require("cases")
    found = await store.get_claim(payload["case_id"], f"{payload['attempt']}-{action}")
    return Selection.model_validate(found) if found else None


def _failed(action: ActionName, target: str, detail: str) -> Json:
    outcome = ActionOutcome(
        action=action, target=target, status=ActionStatus.FAILED, detail=detail, at=utc_now()
    )
    return {"outcome": outcome.to_json(), "before": None}


def _directory(payload: Json) -> str:
    return str(payload.get("directory") or ENTRA)


def _since(payload: Json) -> Any:
    since = payload.get("since")
    return parse_utc(since) if since else None
