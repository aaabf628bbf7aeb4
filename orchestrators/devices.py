"""The account's devices, beside its containment and outside its lock.

Devices carry out orders when they next hear of them, which takes minutes; neither the account nor
a firewall waits for that.
"""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task

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
from orchestrators.names import Activity
from orchestrators.outcomes import write_outcomes
from shared.models.base import Json, format_utc
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction

DEVICE_ACTIVITIES: dict[ActionName, Activity] = {
    ActionName.SCAN_DEVICE: Activity.SCAN_DEVICES,
    ActionName.ISOLATE_DEVICE: Activity.ISOLATE_DEVICES,
}

DEVICE_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60, 60, 60, 60, 60)
"""Waits between read-backs; after some ten minutes a device that is off is left to people."""


def contain_devices(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, list[Json]]:
    """Scan and isolate an account's devices at the same time; return one outcome per action.

    Input: ``{"case_id", "run", "account", "object_id", "directory", "now", "actions":
    [PlannedAction], "asking"}``; ``asking`` (if given): nobody writes the outcomes into the record
    before a question is answered, so they are written here.
    Never fails: an action that cannot be done is an outcome with status ``failed``.
    """
    planned = [PlannedAction.model_validate(item) for item in payload["actions"]]
    known = ("case_id", "account", "object_id", "directory", "now")
    request = {name: payload[name] for name in known}
    request |= {"attempt": name_attempt(ctx, payload)}
    activities = [DEVICE_ACTIVITIES[item.action] for item in planned]
    orders = [case_activity(ctx, activity, request, Retry.FIREWALL) for activity in activities]
    settled = yield from settle(orders)
    # One device must not take the record of the others with it: a last try says what was done.
    broken = [number for number, one in enumerate(settled) if not one.result]
    last = request | {"last": True}
    tries = [case_activity(ctx, activities[number], last, Retry.READ) for number in broken]
    for number, one in zip(broken, (yield from settle(tries)), strict=True):
        settled[number] = one if one.result else settled[number]
    started = [_started(ctx, item, one) for item, one in zip(planned, settled, strict=True)]
    if not payload.get("asking"):
        return (yield from _read_back(ctx, payload["case_id"], started))
    # Nobody waits for one device to hear that another cannot be reached.
    outcomes = [one["outcome"] for one in started]
    failed = [one for one in outcomes if one["status"] == ActionStatus.FAILED]
    if failed:
        yield from write_outcomes(ctx, payload, failed, waits=False)
    outcomes = yield from _read_back(ctx, payload["case_id"], started)
    if more := [one for one in outcomes if one not in failed]:
        yield from write_outcomes(ctx, payload, more, waits=False)
    return outcomes


def _started(ctx: task.OrchestrationContext, planned: PlannedAction, settled: Settled) -> Json:
    if settled.result:
        found: Json = settled.result
        return found | {"outcome": found["outcome"] | {"target": planned.target}}
    outcome = ActionOutcome(
        action=planned.action,
        target=planned.target,
        status=ActionStatus.FAILED,
        detail=settled.error or "no answer",
        at=format_utc(utc_now(ctx)),  # type: ignore[arg-type]
    )
    return {"outcome": outcome.to_json(), "results": [], "left_out": {}}


def _read_back(
    ctx: task.OrchestrationContext, case_id: str, started: list[Json]
) -> Steps[list[Json]]:
    for wait in DEVICE_READ_BACK_SECONDS:
        waiting = [item for item in started if _is_open(item["outcome"])]
        if not waiting:
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        for item in waiting:
            request = item | {"case_id": case_id}
            seen = yield from attempt(
                case_activity(ctx, Activity.VERIFY_DEVICES, request, Retry.READ)
            )
            item |= seen.result or {}
    return [item["outcome"] for item in started]


def _is_open(outcome: Json) -> bool:
    """Return whether a device has yet to report; one that reported a failure is not asked again."""
    return outcome["status"] == ActionStatus.SUCCEEDED and outcome["verified"] is None
