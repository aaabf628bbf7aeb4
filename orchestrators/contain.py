"""Step 6: contain an account under its lock; then read back."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.covered import leave_out_covered, remember_deeds, settle_deeds
from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    name_attempt,
    settle,
    utc_now,
)
from orchestrators.names import Activity, Entity
from orchestrators.outcomes import write_outcomes
from orchestrators.read_back import ReadBack, account_of, read_state
from shared.models.base import Json, format_utc
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.covered import COVERABLE

IN_ORDER: tuple[tuple[ActionName, Activity], ...] = (
    (ActionName.DISABLE_ACCOUNT, Activity.DISABLE_ACCOUNT),
    (ActionName.FORCE_PASSWORD_RESET, Activity.FORCE_PASSWORD_RESET),
    (ActionName.REVOKE_SESSIONS, Activity.REVOKE_SESSIONS),
)
"""Sessions are revoked after the password changed, so that none is made with the old one."""

AT_ONCE: tuple[tuple[ActionName, Activity], ...] = (
    (ActionName.CONFIRM_COMPROMISED, Activity.CONFIRM_COMPROMISED),
    (ActionName.REMOVE_AUTHENTICATION_METHODS, Activity.REMOVE_AUTHENTICATION_METHODS),
    (ActionName.DISABLE_INBOX_RULES, Activity.DISABLE_INBOX_RULES),
    (ActionName.REVOKE_OAUTH_GRANTS, Activity.REVOKE_OAUTH_GRANTS),
)
"""After those in order, so that nobody who was signed in puts back what is taken away."""

NAMES_KEEP = timedelta(minutes=1)
"""How long the names by which a break-glass account is known count as those of now."""


def contain(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, list[Json]]:
    """Run planned actions on one account; return one outcome per action.

    Input: ``{"case_id", "run", "account_key", "object_id", "directory", "since", "actions":
    [PlannedAction], "asking", "patch"}``; ``since`` is when the compromise began, or ``None``;
    ``asking``: nobody else writes the outcomes until its answer, so storage is waited for;
    ``patch``: what to write into the record beside the outcomes. Never fails:
    an action that cannot be done is an outcome with status ``failed``. Addresses are blocked
    beside it (``block_address``), so that the account never waits for a firewall.

    The account is given free before the read-back when all was accepted and nothing of it can be
    taken back: no undo then changes what is looked at, and the ways back are closed sooner.
    """
    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]
    lock = ctx.lock_entities([EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])])
    # Ways back need the account's names only.
    ahead = None if _acts_in_order(planned) else read_state(ctx, payload)
    asked_at = utc_now(ctx)
    with (yield lock):
        is_old = utc_now(ctx) - asked_at > NAMES_KEEP
        reading = read_state(ctx, payload) if ahead is None or is_old else ahead
        planned, covered, reading = yield from leave_out_covered(ctx, payload, planned, reading)
        seen = ReadBack(ctx, account_of(payload))
        deeds: list[Json] = []
        if planned:
            yield from _contain_account(ctx, payload, planned, reading, seen)
            if not _is_for_good(seen.outcomes):
                yield from seen.until_verified()
            deeds = yield from remember_deeds(ctx, payload, seen)
    yield from seen.until_verified()
    settle_deeds(ctx, payload, deeds, seen)
    outcomes = [*covered, *seen.outcomes]
    yield from write_outcomes(ctx, payload, outcomes, waits=True)
    return outcomes


def _acts_in_order(planned: list[PlannedAction]) -> bool:
    return any(line.action is action for line in planned for action, _ in IN_ORDER)


def _is_for_good(outcomes: list[Json]) -> bool:
    """Tell whether all was accepted, and nothing of it can be taken back."""
    return all(
        one["action"] in COVERABLE and one["status"] == ActionStatus.SUCCEEDED for one in outcomes
    )


def _contain_account(
    ctx: task.OrchestrationContext,
    payload: Json,
    planned: list[PlannedAction],
    reading: task.Task[Any],
    seen: ReadBack,
) -> Steps[None]:
    """Act in order, then all the rest at once; ``seen`` learns what was done.

    What was done in order is read back while the rest is being done: nobody waits for both. Each
    action reads the account itself; ``reading`` is waited for where it says more: what an undo of
    disabling may restore though storage is away, and the names of a break-glass account.
    """
    request = account_of(payload) | {"before": None, "attempt": name_attempt(ctx, payload)}
    wanted = {item.action: item for item in planned}
    done: dict[ActionName, Settled] = {}
    for action, activity in IN_ORDER:
        if action in wanted:
            if action is ActionName.DISABLE_ACCOUNT:
                request = request | {"before": (yield from attempt(reading)).result}
            done[action] = yield from _do(ctx, activity, request)
    seen.add(_outcomes(ctx, wanted, done), done)
    rest = {action: activity for action, activity in AT_ONCE if action in wanted}
    if not rest:
        return
    looking = seen.start_looking()
    request = request | {"before": (yield from attempt(reading)).result}
    others = yield from _all_at_once(ctx, request, rest)
    yield from seen.finish_looking(looking)
    seen.add(_outcomes(ctx, wanted, others), others)


def _do(ctx: task.OrchestrationContext, activity: Activity, request: Json) -> Steps[Settled]:
    """Run an activity; when its tries failed, once more, to hear what may have been done."""
    settled = yield from attempt(case_activity(ctx, activity, request, Retry.CONTAIN))
    if settled.result:
        return settled
    last = request | {"last": True}
    told = yield from attempt(case_activity(ctx, activity, last, Retry.READ))
    return told if told.result else settled


def _outcomes(
    ctx: task.OrchestrationContext,
    wanted: dict[ActionName, PlannedAction],
    done: dict[ActionName, Settled],
) -> list[Json]:
    return [
        one.result["outcome"] | {"target": wanted[action].target}
        if one.result
        else _failed(ctx, action, wanted[action].target, one.error)
        for action, one in done.items()
    ]


def _all_at_once(
    ctx: task.OrchestrationContext, request: Json, activities: dict[ActionName, Activity]
) -> Steps[dict[ActionName, Settled]]:
    """Run the activities together; one that fails is asked in the end what it may have done."""
    tasks = [case_activity(ctx, one, request, Retry.CONTAIN) for one in activities.values()]
    settled = dict(zip(activities, (yield from settle(tasks)), strict=True))
    broken = [action for action, one in settled.items() if not one.result]
    last = request | {"last": True}
    tasks = [case_activity(ctx, activities[action], last, Retry.READ) for action in broken]
    for action, one in zip(broken, (yield from settle(tasks)), strict=True):
        settled[action] = one if one.result else settled[action]
    return settled


def _failed(
    ctx: task.OrchestrationContext, action: ActionName, target: str, detail: str | None
) -> Json:
    return ActionOutcome(
        action=action,
        target=target,
        status=ActionStatus.FAILED,
        detail=detail or "no answer",
        at=format_utc(utc_now(ctx)),  # type: ignore[arg-type]
    ).to_json()
