"""The last look before an identity is touched: it must not be a break-glass account."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

from durabletask import task

from activities.directories import directory_of
from activities.support import utc_now
from shared.errors import PermanentError
from shared.models.account_kind import AccountKind
from shared.models.base import Json
from shared.models.case import Account
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.planning.guard_rails import account_facts, classify_account, why_never
from shared.policy import get_policy

type Activity = Callable[[task.ActivityContext, dict[str, Any]], Coroutine[Any, Any, Json]]


def never_break_glass(action: ActionName, activity: Activity) -> Activity:
    """Have an identity action refuse a break-glass account at the moment of acting.

    The plan may have been made while the directory was away: then the incident's names were all
    that was known of the account, and a person decided about it. The action runs under the
    account's lock and has its names read anew; where that may not be read for good, its object id
    alone is compared, and what the person decided counts. A read that may pass is raised, as the
    action's own are: nothing is done until it is known whom it hits.

    Effect, Idempotency and Permission are the activity's, which reads the account, too.
    """

    @functools.wraps(activity)
    async def run(context: task.ActivityContext, payload: dict[str, Any]) -> Json:
        why = await _why_never(action, payload) if get_policy().accounts.break_glass else None
        if why is None:
            return await activity(context, payload)
        outcome = ActionOutcome(
            action=action,
            target=payload["object_id"],
            status=ActionStatus.FAILED,
            detail=why,
            at=utc_now(),
        )
        return {"outcome": outcome.to_json(), "before": None}

    return run


async def _why_never(action: ActionName, payload: Json) -> str | None:
    object_id = payload["object_id"]
    account = Account(key=object_id, user_id=object_id, object_id=object_id)
    try:
        user = await directory_of(payload).get_user(object_id)
    except PermanentError:
        user = None
    facts = account_facts(account, user, is_admin_role=None)
    kinds = classify_account(facts, break_glass=get_policy().accounts.break_glass)
    return why_never(action, kinds & {AccountKind.BREAK_GLASS}, synced=None)
