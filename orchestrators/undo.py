"""Taking actions back, on a person's request: what can be restored is, the rest is said plainly."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from orchestrators.flow import Retry, Settled, Steps, attempt, case_activity, save, timeline
from orchestrators.names import Activity
from shared.models.base import Json
from shared.models.plan import ActionName


def undo(ctx: task.OrchestrationContext, payload: Json) -> Generator[task.Task[Any], Any, Json]:
    """Undo finished actions of a case.

    Input: ``{"case_id", "object_id", "actions": [ActionOutcome], "requested_by", "comment"}``.
    Output: ``{"undone": [...], "not_undone": [...]}``, each entry ``"<action> on <target>"``.
    """
    undone, not_undone, events, changed = [], [], [], []
    for outcome in payload["actions"]:
        name = f"{outcome['action']} on {outcome['target']}"
        if not outcome.get("undo"):
            not_undone.append(name)
            events.append(f"{name} cannot be undone: nothing to restore")
            continue
        settled = yield from _restore(ctx, payload, outcome)
        if settled.result:
            undone.append(name)
            changed.append(outcome | {"undo": None, "detail": f"undone: {payload['comment']}"})
            events.append(f"{name} undone by {payload['requested_by']}: {payload['comment']}")
        else:
            not_undone.append(name)
            events.append(f"{name} could not be undone: {settled.error}")
    patch: Json = {"timeline": timeline(ctx, *events)}
    if changed:
        patch["actions"] = changed
    yield from attempt(save(ctx, payload["case_id"], patch))
    return {"undone": undone, "not_undone": not_undone}


def _restore(ctx: task.OrchestrationContext, payload: Json, outcome: Json) -> Steps[Settled]:
    if outcome["action"] == ActionName.BLOCK_IP:
        request = {"case_id": payload["case_id"], "address": outcome["target"]}
        lift = case_activity(ctx, Activity.UNBLOCK_IP, request, Retry.FIREWALL)
        return (yield from attempt(lift))
    request = {"case_id": payload["case_id"], "object_id": payload["object_id"]}
    enable = case_activity(ctx, Activity.ENABLE_ACCOUNT, request, Retry.CONTAIN)
    return (yield from attempt(enable))
