"""The last look before an account or its devices are touched: none of a break-glass account."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from durabletask import task

from activities.directories import directory_of
from activities.support import utc_now
from shared.errors import PermanentError
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.directory import AccountState
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.planning.guard_rails import AccountFacts, classify_account, why_never
from shared.policy import get_policy

type Activity = Callable[[task.ActivityContext, dict[str, Any]], Coroutine[Any, Any, Json]]


def never_break_glass(action: ActionName, activity: Activity) -> Activity:
    """Have an action refuse a break-glass account, or its devices, at the moment of acting.

    The plan may have been made while the directory was away: then the incident's names were all
    that was known of the account, and a person decided about it. What was read for the action
    (``before``: under the account's lock, or waiting for it and at most a minute old) has the
    account's name; without it the name is read here. Where that may not be read for good, the
    object id alone is compared, and what the person decided counts. A read that may pass is raised,
    as the action's own are: nothing is done until it is known whom it hits. Devices are found by
    the account's name (``account``): a bare one that the directory does not tell more about may be
    a break-glass account's, and is refused.

    Effect, Idempotency and Permission are the activity's, which reads the account, too.
    """

    @functools.wraps(activity)
    async def run(context: task.ActivityContext, payload: dict[str, Any]) -> Json:
        why = None
        if get_policy().accounts.break_glass:
            why = await _why_not(action, payload)
        if why is None:
            return await activity(context, payload)
        outcome = ActionOutcome(
            action=action,
            target=payload.get("account") or payload["object_id"],
            status=ActionStatus.FAILED,
            detail=why,
            at=utc_now(),
            elsewhere=True,
        )
        return {"outcome": outcome.to_json(), "before": None, "results": [], "left_out": {}}

    return run


def why_break_glass(action: ActionName, *identifiers: str | None) -> str | None:
    """Return why the app must not touch an account of these names, ``None`` if it may."""
    listed = get_policy().accounts.break_glass
    facts = AccountFacts(identifiers=[one for one in identifiers if one])
    kinds = classify_account(facts, break_glass=listed) & {AccountKind.BREAK_GLASS}
    return why_never(action, kinds, synced=None)


async def _why_not(action: ActionName, payload: Json) -> str | None:
    account, read = payload.get("account"), await _names(payload)
    why = why_break_glass(action, payload["object_id"], account, *read)
    if why is None and account and "@" not in account and not read:
        return (
            f"whether {account} is a break-glass account is not known, as the directory does not "
            "tell whose name that is: do this by hand"
        )
    return why


async def _names(payload: Json) -> list[str]:
    """Return object id and name as they were read for the action, else as they are."""
    state = AccountState.model_validate(payload.get("before") or {})
    if state.object_id and state.user_principal_name:
        return [state.object_id, state.user_principal_name]
    try:
        user = await directory_of(payload).get_user(payload["object_id"])
    except PermanentError:
        return []
    return [user.object_id, user.user_principal_name]
