"""Identity containment: each action its own activity, its own permission, its own outcome.

Each action gets ``{"case_id", "object_id", "directory": "entra" (if absent) | "okta", "attempt",
"before": AccountState | None, "first": true (if it is)}`` and returns
``{"outcome": ActionOutcome, "before": AccountState}``. Before it acts it claims ``attempt`` in the
case store together with the state it found. The first to claim acts, whatever happened to the
account a moment ago; a redelivered activity finds the claim and acts only when its effect is not
visible against the claimed state. No clock is trusted. While storage is away, ``before``, which
the orchestration keeps in its history, takes the claim's place.

The account is read before each action, except before the first one after ``read_account_state``,
under the same lock: what that has seen a moment ago counts, unless the action has been tried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.directories import directory_of
from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import PermanentError, TourniquetError
from shared.models.base import Json
from shared.models.directory import AccountState, UserRisk
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.read_back import can_be_proved, is_done, read_back
from shared.playbook.acting.whole_seconds import seconds_to_wait
from shared.ports import Directory

_log = logging.getLogger("tourniquet.activities")

A_MOMENT = timedelta(seconds=30)
"""How old a state may be to count as just read. A clock that is off costs a read, or none."""


async def read_account_state(
    _: task.ActivityContext, payload: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the account's state before containment: what undo and read-back compare with.

    Input: ``{"case_id", "object_id", "directory"}``; output: an ``AccountState`` with ``read_at``,
    or ``None`` when it may not be read: the actions are tried all the same, but cannot be proved.

    Effect: none, reads only.
    Idempotency: a read; its first result is kept in the orchestration's history.
    Permission: User.Read.All.
    """
    try:
        state = await directory_of(payload).get_state(payload["object_id"])
    except PermanentError as error:
        _log.warning("state before containment: %s", explain(error))
        return None
    return state.model_copy(update={"read_at": utc_now()}).to_json()


async def disable_account(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Disable sign-in of the account.

    Effect: ``accountEnabled`` becomes false. Undo: enable it, when it was enabled before.
    Idempotency: not done when the account is already disabled.
    Permission: User.EnableDisableAccount.All; admin targets also need the directory role
    Privileged Authentication Administrator. Okta (suspends): okta.users.manage.
    """
    return await _act(
        ActionName.DISABLE_ACCOUNT,
        payload,
        lambda directory, object_id, _: directory.set_enabled(object_id, enabled=False),
        undo={"account_enabled": True},
    )


async def force_password_reset(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Replace the password by a long random one that nobody learns; the user must set a new one.

    Effect: the old password stops working. Cannot be undone.
    Idempotency: claimed; redelivered, not done when the password changed since the claim.
    Permission: User-PasswordProfile.ReadWrite.All and the directory role User Administrator
    (Privileged Authentication Administrator for admin targets). Okta: okta.users.manage.
    """
    return await _act(
        ActionName.FORCE_PASSWORD_RESET,
        payload,
        lambda directory, object_id, now: directory.reset_password(object_id, known=now),
    )


async def revoke_sessions(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Invalidate the account's refresh tokens and session cookies.

    Effect: every application has to sign in again; access tokens live on for up to an hour.
    Cannot be undone.
    Idempotency: claimed; redelivered, not done when the valid-from time moved since the claim.
    Permission: User.RevokeSessions.All. Okta: okta.users.manage.
    """
    return await _act(
        ActionName.REVOKE_SESSIONS,
        payload,
        lambda directory, object_id, _: directory.revoke_sessions(object_id),
    )


async def verify_account(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask the directory whether the actions are in force, once for all of them.

    Input: ``{"object_id", "outcomes": [ActionOutcome], "before": {action: AccountState | None}}``
    with the state that each action found; output ``{"outcomes", "unprovable": [actions]}``, with
    ``verified`` filled in; looking again cannot prove an unprovable one.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: User.Read.All, IdentityRiskyUser.Read.All. Okta: okta.users.read, okta.logs.read.
    """
    directory = directory_of(payload)
    outcomes = [ActionOutcome.model_validate(item) for item in payload["outcomes"]]
    found: dict[str, Json | None] = payload["before"]
    state = await directory.get_state(payload["object_id"])
    risk, error = await _risk_of(directory, payload["object_id"], outcomes)
    why = explain(error) if error is not None else ""
    checked = [
        read_back(item, before=_state(found.get(item.action)), now=state, risk=risk, no_risk=why)
        for item in outcomes
    ]
    unprovable = [
        str(item.action)
        for item in checked
        if not can_be_proved(item.action, before=_state(found.get(item.action)), now=state)
        or (item.action is ActionName.CONFIRM_COMPROMISED and isinstance(error, PermanentError))
    ]
    return {"outcomes": [item.to_json() for item in checked], "unprovable": unprovable}


async def _risk_of(
    directory: Directory, object_id: str, outcomes: list[ActionOutcome]
) -> tuple[UserRisk | None, TourniquetError | None]:
    """Return the risk, asked for only when it was confirmed here, and what forbids to read it.

    It needs a permission and a licence of its own, so it must not stop what else can be proved.
    """
    confirmed = any(
        one.action is ActionName.CONFIRM_COMPROMISED and one.status is ActionStatus.SUCCEEDED
        for one in outcomes
    )
    if not confirmed:
        return None, None
    try:
        return await directory.get_risk(object_id), None
    except TourniquetError as error:
        _log.warning("risk after containment: %s", explain(error))
        return None, error


async def _act(
    action: ActionName,
    payload: Json,
    effect: Callable[[Directory, str, AccountState], Awaitable[str | None]],
    *,
    undo: Json | None = None,
) -> Json:
    """Claim, check, act; a permanent refusal is an outcome, anything else is raised and retried.

    An effect that may not do what it should says why; then no read-back takes it for proved.
    """
    object_id = payload["object_id"]
    before = _state(payload.get("before"))
    try:
        directory = directory_of(payload)
        just_read = _just_read(payload)
        now = just_read or await directory.get_state(object_id)
        await asyncio.sleep(seconds_to_wait(action, now, utc_now()))
        before, again = await _claim(action, payload, now)
        if just_read and again is not False:
            now = await directory.get_state(object_id)
        if again and directory.lag_seconds and not is_done(action, before=before, now=now):
            # Tried before, perhaps with effect: a proof that lags must not have it done again.
            await asyncio.sleep(directory.lag_seconds)
            now = await directory.get_state(object_id)
        if not is_done(action, before=before, now=now):
            before = _doubted(action, before, await effect(directory, object_id, now))
    except PermanentError as error:
        outcome = _outcome(action, object_id, ActionStatus.FAILED, explain(error))
        return {"outcome": outcome, "before": before.to_json() if before else None}
    was_before = is_done(action, before=None, now=before) if before else False
    outcome = _outcome(
        action,
        object_id,
        ActionStatus.SUCCEEDED,
        "was so before this case" if was_before else "accepted by the provider",
        undo=None if was_before else undo,
    )
    return {"outcome": outcome, "before": before.to_json() if before else None}


def _just_read(payload: Json) -> AccountState | None:
    """Return the state from before, if nothing was done to the account since and it is fresh."""
    state = _state(payload.get("before")) if payload.get("first") else None
    if state is None or state.read_at is None or abs(utc_now() - state.read_at) > A_MOMENT:
        return None
    return state


async def _claim(
    action: ActionName, payload: Json, now: AccountState
) -> tuple[AccountState | None, bool | None]:
    """Return the state to compare with, and whether this has been tried before, if that is known.

    The state is ``now`` for the first try, the first try's afterwards.
    """
    name = f"{payload['attempt']}-{action}"
    try:
        store = get_providers().require("cases")
        earlier = await store.claim(payload["case_id"], name, now.to_json())
    except TourniquetError as error:
        _log.warning("%s of %s is not claimed: %s", action, payload["case_id"], explain(error))
        return _state(payload.get("before")), None
    return _state(earlier) or now, earlier is not None


def _doubted(
    action: ActionName, before: AccountState | None, doubt: str | None
) -> AccountState | None:
    """Note in the state before why what changes from there proves nothing."""
    if doubt is None or action is not ActionName.FORCE_PASSWORD_RESET:
        return before
    state = before or AccountState()
    unknown = state.unknown | {"last_password_change_at": doubt}
    return state.model_copy(update={"unknown": unknown})


def _state(value: Json | None) -> AccountState | None:
    return AccountState.model_validate(value) if value else None


def _outcome(
    action: ActionName, target: str, status: ActionStatus, detail: str, *, undo: Json | None = None
) -> Json:
    return ActionOutcome(
        action=action, target=target, status=status, detail=detail, at=utc_now(), undo=undo
    ).to_json()
