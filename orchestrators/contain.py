"""Step 6: contain an account under its lock; then read back."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.covered import leave_out_covered, remember_deeds
from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.names import Activity, Entity
from shared.models.base import Json, format_utc
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.containment import PERSISTENCE_ACTIONS

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

ACCOUNT_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30)
"""Waits between read-backs of the account; Entra answers from replicas that lag for seconds."""


def contain(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, list[Json]]:
    """Run planned actions on one account; return one outcome per action.

    Input: ``{"case_id", "account_key", "object_id", "directory", "since", "actions":
    [PlannedAction]}``; ``since`` is when the compromise began, or ``None``. Never fails:
    an action that cannot be done is an outcome with status ``failed``. Addresses are blocked
    beside it (``block_address``), so that the account never waits for a firewall.
    """
    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]
    lock = ctx.lock_entities([EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])])
    with (yield lock):
        planned, covered = yield from leave_out_covered(ctx, payload, planned)
        outcomes: list[Json] = []
        if planned:
            outcomes = yield from _contain_account(ctx, payload, planned)
            yield from remember_deeds(ctx, payload, outcomes)
    outcomes = [*covered, *outcomes]
    yield from attempt(save(ctx, payload["case_id"], {"actions": outcomes}, Retry.WRITE))
    if any(item["status"] == ActionStatus.FAILED for item in outcomes):
        yield from _call_for_help(ctx, payload["case_id"])
    return outcomes


def _call_for_help(ctx: task.OrchestrationContext, case_id: str) -> Steps[None]:
    """Tell people at once what they have to do by hand; firewall and evidence may take minutes.

    Source: seed 004, ``Conditional_AD_Containment`` failure handling.
    """
    message = {"case_id": case_id, "phase": "containment_failed"}
    told = yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.READ))
    channels = (told.result or {}).get("channels", {}) or {"nobody": told.error}
    event = f"analysts told (containment failed): {', '.join(sorted(channels))}"
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))


def _contain_account(
    ctx: task.OrchestrationContext, payload: Json, planned: list[PlannedAction]
) -> Steps[list[Json]]:
    """Record what was there, act in order, then read back until verified or out of patience."""
    names = ("case_id", "object_id", "directory", "since")
    base: Json = {name: payload[name] for name in names if name in payload}
    state = yield from attempt(case_activity(ctx, Activity.READ_ACCOUNT_STATE, base, Retry.CONTAIN))
    request = base | {"before": state.result, "attempt": ctx.instance_id.replace(":", "-")}
    wanted = {item.action: item for item in planned}
    done: dict[ActionName, Settled] = {}
    for action, activity in IN_ORDER:
        if action in wanted:
            done[action] = yield from attempt(case_activity(ctx, activity, request, Retry.CONTAIN))
    rest = {action: activity for action, activity in AT_ONCE if action in wanted}
    done |= yield from _all_at_once(ctx, request, rest)
    outcomes = [
        one.result["outcome"] | {"target": wanted[action].target}
        if one.result
        else _outcome(ctx, action, wanted[action].target, ActionStatus.FAILED, one.error)
        for action, one in done.items()
    ]
    before = {str(action): one.result["before"] for action, one in done.items() if one.result}
    return (yield from _verify(ctx, base | {"before": before}, outcomes))


def _all_at_once(
    ctx: task.OrchestrationContext, request: Json, activities: dict[ActionName, Activity]
) -> Steps[dict[ActionName, Settled]]:
    """Run the activities together; one on several things that fails says in the end what it did."""
    tasks = [case_activity(ctx, one, request, Retry.CONTAIN) for one in activities.values()]
    settled = dict(zip(activities, (yield from settle(tasks)), strict=True))
    broken = [
        action
        for action, one in settled.items()
        if not one.result and action in PERSISTENCE_ACTIONS
    ]
    last = request | {"last": True}
    tasks = [case_activity(ctx, activities[action], last, Retry.READ) for action in broken]
    for action, one in zip(broken, (yield from settle(tasks)), strict=True):
        settled[action] = one if one.result else settled[action]
    return settled


def _verify(
    ctx: task.OrchestrationContext, request: Json, outcomes: list[Json]
) -> Steps[list[Json]]:
    """Ask the directory until it shows everything, account and what hangs on it side by side."""
    verified = list(outcomes)
    persistence = [n for n, one in enumerate(outcomes) if one["action"] in PERSISTENCE_ACTIONS]
    account = [n for n in range(len(outcomes)) if n not in persistence]
    looks = ((Activity.VERIFY_ACCOUNT, account), (Activity.VERIFY_PERSISTENCE, persistence))
    unprovable: set[str] = set()
    for wait in (0, *ACCOUNT_READ_BACK_SECONDS):
        open_looks = [
            (activity, mine)
            for activity, mine in looks
            if any(_needs_read_back(verified[n], unprovable) for n in mine)
        ]
        if not open_looks:
            break
        if wait:
            yield ctx.create_timer(timedelta(seconds=wait))
        tasks = [
            case_activity(
                ctx, activity, request | {"outcomes": [verified[n] for n in mine]}, Retry.READ
            )
            for activity, mine in open_looks
        ]
        for (_, mine), seen in zip(open_looks, (yield from settle(tasks)), strict=True):
            if seen.result:
                unprovable |= set(seen.result.get("unprovable", ()))
                for n, outcome in zip(mine, seen.result["outcomes"], strict=False):
                    verified[n] = outcome
    return verified


def _needs_read_back(outcome: Json, unprovable: set[str]) -> bool:
    if outcome["status"] != ActionStatus.SUCCEEDED or outcome["verified"] is True:
        return False
    return outcome["verified"] is False or outcome["action"] not in unprovable


def _outcome(
    ctx: task.OrchestrationContext,
    action: ActionName,
    target: str,
    status: ActionStatus,
    detail: str | None,
) -> Json:
    return ActionOutcome(
        action=action,
        target=target,
        status=status,
        detail=detail or "no answer",
        at=format_utc(utc_now(ctx)),  # type: ignore[arg-type]
    ).to_json()
