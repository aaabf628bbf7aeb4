"""Identity containment: each action its own activity, its own permission, its own outcome.

Each action gets ``{"case_id", "object_id", "directory": "entra" (if absent) | "okta", "attempt",
"before": AccountState | None}`` and returns ``{"outcome": ActionOutcome, "before": AccountState}``.
It reads the account, refuses a break-glass account by the names it has now, and claims ``attempt``
in the case store together with what it found (``activities.tries``). The first to claim acts,
whatever happened to the account a moment ago; a redelivered activity finds the claim and acts only
when its effect is not visible against the claimed state. No clock is trusted. While storage is
away, every delivery acts unless the account is disabled already: twice is as contained as once.

With ``"last": true`` a failure that may pass is an outcome, too. An outcome of which nobody knows
whether an earlier try had its effect has what an undo needs, and ``"unsure": true`` beside it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from durabletask import task

from activities.break_glass import why_break_glass
from activities.directories import directory_of
from activities.support import explain, utc_now
from activities.tries import REFUSALS, Lost, Try, begin_try, lost_try, note_not_sent
from shared.errors import NotSupported, PermanentError, RetryableError, TourniquetError
from shared.models.base import Json
from shared.models.directory import AccountState, UserRisk
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.read_back import (
    can_be_proved,
    is_done,
    read_back,
    read_back_lost,
)
from shared.playbook.acting.whole_seconds import seconds_to_wait
from shared.ports import Directory

_log = logging.getLogger("tourniquet.activities")


async def read_account_state(
    _: task.ActivityContext, payload: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the account's state before containment: what undo and read-back compare with.

    Input: ``{"case_id", "object_id", "directory"}``; output: an ``AccountState``, or ``None`` when
    it may not be read: the actions are tried all the same.

    Effect: none, reads only.
    Idempotency: a read; its first result is kept in the orchestration's history.
    Permission: User.Read.All.
    """
    try:
        state = await directory_of(payload).get_state(payload["object_id"])
    except PermanentError as error:
        _log.warning("state before containment: %s", explain(error))
        return None
    return state.to_json()


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

    Input: ``{"object_id", "outcomes": [ActionOutcome], "before": {action: AccountState | None},
    "unsure": [actions]}`` with the state that each action found, and which of the failed may have
    been done; output ``{"outcomes", "unprovable": [actions]}``, with ``verified`` filled in;
    looking again cannot prove an unprovable one.

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
        read_back_lost(item, before=_state(found.get(item.action)), now=state)
        if item.action in payload.get("unsure", ())
        else read_back(
            item, before=_state(found.get(item.action)), now=state, risk=risk, no_risk=why
        )
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
        # What only proves something goes after what confirms another account.
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
    object_id, this = payload["object_id"], None
    try:
        directory = directory_of(payload)
        now = await directory.get_state(object_id)
        if why := why_break_glass(action, object_id, now.object_id, now.user_principal_name):
            failed = _outcome(action, object_id, ActionStatus.FAILED, why, elsewhere=True)
            return {"outcome": failed, "before": None}
        await asyncio.sleep(seconds_to_wait(action, now, utc_now()))
        this = await begin_try(action, payload, now)
        before = _before(action, payload, this)
        if this.again and directory.lag_seconds and not is_done(action, before=before, now=now):
            # Tried before, perhaps with effect: a proof that lags must not have it done again.
            await asyncio.sleep(directory.lag_seconds)
            now = await directory.get_state(object_id)
        if not is_done(action, before=before, now=now):
            doubt = await _noting_refusal(this, payload, effect(directory, object_id, now))
            before = _doubted(action, before, doubt)
    except TourniquetError as error:
        if isinstance(error, RetryableError) and not payload.get("last"):
            raise
        lost = await lost_try(action, payload, this, error)
        return _not_done(action, payload, error, lost, undo)
    was_before = is_done(action, before=None, now=before)
    outcome = _outcome(
        action,
        object_id,
        ActionStatus.SUCCEEDED,
        "was so before this case" if was_before else "accepted by the provider",
        undo=None if was_before else undo,
    )
    return {"outcome": outcome, "before": before.to_json()}


def _not_done(
    action: ActionName,
    payload: Json,
    error: TourniquetError,
    lost: Lost | None,
    undo: Json | None,
) -> Json:
    """Return what is known of an action whose last try failed; one may have done it (``lost``)."""
    target, why = payload["object_id"], explain(error)
    never = isinstance(error, NotSupported)
    if lost is None:
        failed = _outcome(action, target, ActionStatus.FAILED, why, elsewhere=never)
        return {"outcome": failed, "before": None}
    before = lost.before
    ours = before is not None and not is_done(action, before=None, now=before)
    outcome = _outcome(
        action, target, ActionStatus.FAILED, f"{why}; {lost.doubt}", undo=undo if ours else None
    )
    found = before.to_json() if before else None
    return {"outcome": outcome, "before": found, "unsure": True}


def _before(action: ActionName, payload: Json, this: Try) -> AccountState:
    """Return the state to compare with.

    Without a claim an account that is found disabled may have been disabled by a try before: what
    was read before any of them says whether an undo enables it.
    """
    if this.claim is None and action is ActionName.DISABLE_ACCOUNT:
        return _state(payload.get("before")) or this.before
    return this.before


async def _noting_refusal(this: Try, payload: Json, effect: Awaitable[str | None]) -> str | None:
    """Wait for the effect; note when it certainly did not happen."""
    try:
        return await effect
    except REFUSALS:
        await note_not_sent(this, payload)
        raise


def _doubted(action: ActionName, before: AccountState, doubt: str | None) -> AccountState:
    """Note in the state before why what changes from there proves nothing."""
    if doubt is None or action is not ActionName.FORCE_PASSWORD_RESET:
        return before
    unknown = before.unknown | {"last_password_change_at": doubt}
    return before.model_copy(update={"unknown": unknown})


def _state(value: Json | None) -> AccountState | None:
    return AccountState.model_validate(value) if value else None


def _outcome(
    action: ActionName,
    target: str,
    status: ActionStatus,
    detail: str,
    *,
    undo: Json | None = None,
    elsewhere: bool = False,
) -> Json:
    return ActionOutcome(
        action=action,
        target=target,
        status=status,
        detail=detail,
        at=utc_now(),
        undo=undo,
        elsewhere=elsewhere,
    ).to_json()
