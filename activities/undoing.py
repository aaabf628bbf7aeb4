"""Taking actions on an account back. What each can restore is in its outcome's ``undo``.

Every undo activity gets ``{"case_id", "object_id", "directory", "attempt", "outcome":
ActionOutcome}``, with ``"read_back": true`` when it is only to look again, and returns
``{"status": "succeeded" | "failed", "verified": true | false | null, "detail"}``.
"""

import asyncio
from typing import Any

from durabletask import task

from activities.directories import directory_of
from activities.support import explain
from shared.errors import PermanentError
from shared.models.base import Json
from shared.models.directory import AccountState
from shared.models.undo import UndoStatus


async def enable_account(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Enable sign-in again: the undo of ``disable_account``.

    Input and output: see the module.

    Effect: ``accountEnabled`` becomes true.
    Idempotency: not done when the account is enabled, also at a second look after the time that
    the directory may lag; a redelivered activity looks first.
    Permission: User.EnableDisableAccount.All.
    """
    object_id = payload["object_id"]
    try:
        directory = directory_of(payload)
        state = await directory.get_state(object_id)
        if state.account_enabled is True and not payload.get("read_back"):
            # A read that lags shows the account as it was before we disabled it.
            await asyncio.sleep(directory.lag_seconds)
            state = await directory.get_state(object_id)
        if payload.get("read_back") or state.account_enabled is True:
            return undo_answer(UndoStatus.SUCCEEDED, state.account_enabled is True, _seen(state))
        await directory.set_enabled(object_id, enabled=True)
    except PermanentError as error:
        return undo_answer(UndoStatus.FAILED, None, explain(error))
    try:
        state = await directory.get_state(object_id)
    except PermanentError as error:
        return undo_answer(UndoStatus.SUCCEEDED, None, f"not read back: {explain(error)}")
    return undo_answer(UndoStatus.SUCCEEDED, state.account_enabled is True, _seen(state))


def _seen(state: AccountState) -> str:
    if state.status is not None:
        return f"status is {state.status}"
    words = {True: "true", False: "false", None: "not told by the directory"}
    return f"accountEnabled is {words[state.account_enabled]}"


def undo_answer(status: UndoStatus, verified: bool | None, detail: str) -> Json:
    """Return what an undo activity answers."""
    return {"status": str(status), "verified": verified, "detail": detail}
