"""Taking actions back, on a person's request: what can be restored is, the rest is said plainly."""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.evidence import seal_again
from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    name_attempt,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.names import Activity, Entity, Orchestrator
from orchestrators.telling import tell_everywhere
from shared.models.base import Json, format_utc
from shared.models.plan import ActionName
from shared.models.undo import UndoResult, UndoRun, UndoStatus
from shared.models.undoing import BEYOND
from shared.playbook.acting.containment import IDENTITY_ACTIONS

UNDO_ACTIVITIES: dict[ActionName, tuple[Activity, task.RetryPolicy]] = {
    ActionName.DISABLE_ACCOUNT: (Activity.ENABLE_ACCOUNT, Retry.CONTAIN),
    ActionName.ISOLATE_DEVICE: (Activity.RELEASE_DEVICES, Retry.CONTAIN),
    ActionName.DISABLE_INBOX_RULES: (Activity.ENABLE_INBOX_RULES, Retry.CONTAIN),
    ActionName.REVOKE_OAUTH_GRANTS: (Activity.RESTORE_OAUTH_GRANTS, Retry.CONTAIN),
    ActionName.CONFIRM_COMPROMISED: (Activity.DISMISS_RISK, Retry.CONTAIN),
}
"""What takes each action back. Input and output of all of them: activities/undoing.py.

A block is taken back by an orchestration of the same input and output: other cases may hold it.
"""

ACCOUNT_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30)
"""Waits between read-backs of the account; Entra answers from replicas that lag for seconds."""

ELSEWHERE_READ_BACK_SECONDS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60)
"""The same for firewalls and devices, whose changes take minutes."""

RECORD_RETRY_MINUTES = (1, 2, 5, 10, 30, 60, 60, 60)
"""Waits before what was done is written down again while storage is away."""


def undo(ctx: task.OrchestrationContext, payload: Json) -> Generator[task.Task[Any], Any, Json]:
    """Take finished actions of a case back.

    Input: ``{"case_id", "run", "number", "account_key", "object_id", "directory", "actions":
    [ActionOutcome], "impossible": [UndoResult], "requested_by", "requested_at", "comment"}``
    (``asked``, for triggers, is not looked at).
    Output: the ``UndoRun`` as it is in the record. The account's actions run under its lock, so
    that no containment runs between them; addresses and devices beside it. Never fails.
    """
    case_id = payload["case_id"]
    started = {"undos": [_run(payload, [])], "timeline": timeline(ctx, _asked(payload))}
    yield from attempt(save(ctx, case_id, started, Retry.WRITE))
    known = [item for item in payload["actions"] if _can_restore(item)]
    account = [item for item in known if item["action"] in IDENTITY_ACTIONS]
    elsewhere = [item for item in known if item["action"] not in IDENTITY_ACTIONS]
    under_way = [_restore(ctx, payload, item) for item in elsewhere]
    results = [UndoResult.model_validate(item).to_json() for item in payload["impossible"]]
    results += _not_ours(payload["actions"])
    if account:
        key = EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])
        with (yield ctx.lock_entities([key])):
            first = yield from settle([_restore(ctx, payload, item) for item in account])
            seen = yield from _read_back(ctx, payload, account, first, ACCOUNT_READ_BACK_SECONDS)
        results += seen
    if account and elsewhere:
        # The firewall takes minutes; people see meanwhile that the account is back.
        yield from attempt(save(ctx, case_id, _patch(payload, results), Retry.WRITE))
    first = yield from settle(under_way)
    results += yield from _read_back(ctx, payload, elsewhere, first, ELSEWHERE_READ_BACK_SECONDS)
    run = _run(payload, results, finished_at=format_utc(utc_now(ctx)))
    patch = _patch(payload, results) | {"undos": [run]}
    patch["timeline"] = timeline(ctx, *(_event(item) for item in results))
    if (yield from _write_down(ctx, case_id, patch)):
        yield from seal_again(ctx, case_id, f"taken back, undo {payload['number']}")
        yield from tell_everywhere(ctx, case_id, "undone")
    return run


def _restore(
    ctx: task.OrchestrationContext, payload: Json, outcome: Json, *, read_back: bool = False
) -> task.Task[Any]:
    """Schedule the activity that takes one action back, or that only looks whether it is."""
    request = {name: payload[name] for name in ("case_id", "object_id", "directory")}
    request |= {"attempt": name_attempt(ctx, payload), "outcome": outcome}
    if outcome["action"] == ActionName.BLOCK_IP:
        return ctx.call_sub_orchestrator(str(Orchestrator.LIFT_BLOCK), input=request)
    activity, policy = UNDO_ACTIVITIES[ActionName(outcome["action"])]
    if read_back:
        return case_activity(ctx, activity, request | {"read_back": True}, Retry.READ)
    return case_activity(ctx, activity, request, policy)


def _read_back(
    ctx: task.OrchestrationContext,
    payload: Json,
    outcomes: list[Json],
    first: Sequence[Settled],
    waits: tuple[int, ...],
) -> Steps[list[Json]]:
    """Ask until every restored action is confirmed or patience ends; return the results.

    What the provider denies to the end was not restored, whatever it accepted.
    """
    results = [_result(item, one) for item, one in zip(outcomes, first, strict=True)]
    for wait in waits:
        waiting = [index for index, item in enumerate(results) if _is_open(item)]
        if not waiting:
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        looks = [_restore(ctx, payload, outcomes[index], read_back=True) for index in waiting]
        answers = yield from settle(looks)
        for index, answer in zip(waiting, answers, strict=True):
            results[index] |= _seen(answer)
    at = format_utc(utc_now(ctx))
    return [_judged(item) | {"at": at} for item in results]


def _can_restore(outcome: Json) -> bool:
    return outcome["action"] == ActionName.BLOCK_IP or outcome["action"] in UNDO_ACTIVITIES


def _is_open(result: Json) -> bool:
    return result["status"] == UndoStatus.SUCCEEDED and result["verified"] is not True


def _result(outcome: Json, settled: Settled) -> Json:
    answer = settled.result or {
        "status": str(UndoStatus.FAILED),
        "verified": None,
        "detail": settled.error or "no answer",
    }
    named = {"action": outcome["action"], "target": outcome["target"]}
    return named | {name: answer[name] for name in ("status", "verified", "detail")}


def _seen(answer: Settled) -> Json:
    if not answer.result:
        return {"verified": None, "detail": f"not read back: {answer.error}"}
    seen = answer.result
    if seen["status"] != UndoStatus.SUCCEEDED:
        return {"verified": None, "detail": f"not read back: {seen['detail']}"}
    return {"verified": seen["verified"], "detail": seen["detail"]}


def _judged(result: Json) -> Json:
    if result["status"] == UndoStatus.SUCCEEDED and result["verified"] is False:
        detail = f"accepted, but not in force: {result['detail']}"
        result = result | {"status": str(UndoStatus.FAILED), "detail": detail}
    if result["status"] == UndoStatus.FAILED:
        return result | {"instead": BEYOND[ActionName(result["action"])].instead}
    return result


def _not_ours(outcomes: Sequence[Json]) -> list[Json]:
    """Return results for actions that nothing in the app takes back."""
    left = [item for item in outcomes if not _can_restore(item)]
    return [_judged(_result(item, Settled(error="not automated"))) for item in left]


def _run(payload: Json, results: list[Json], *, finished_at: str | None = None) -> Json:
    return UndoRun(
        number=payload["number"],
        at=payload["requested_at"],
        by=payload["requested_by"],
        comment=payload["comment"],
        results=[UndoResult.model_validate(item) for item in results],
        finished_at=finished_at,  # type: ignore[arg-type]
    ).to_json()


def _patch(payload: Json, results: list[Json]) -> Json:
    """Return what the record gains: outcomes with their ``undone``, and the undo so far."""
    by = {"by": payload["requested_by"], "comment": payload["comment"]}
    restored = {
        (item["action"], item["target"]): item
        for item in results
        if item["status"] == UndoStatus.SUCCEEDED
    }
    changed = []
    for outcome in payload["actions"]:
        result = restored.get((outcome["action"], outcome["target"]))
        if result is not None:
            undone = by | {key: result[key] for key in ("at", "verified", "detail")}
            changed.append(outcome | {"undo": None, "undone": undone})
    return {"actions": changed, "undos": [_run(payload, results)]}


def _asked(payload: Json) -> str:
    names = [f"{item['action']} on {item['target']}" for item in payload["actions"]]
    return f"undo asked for by {payload['requested_by']} ({payload['comment']}): {', '.join(names)}"


def _event(result: Json) -> str:
    name = f"{result['action']} on {result['target']}"
    if result["status"] == UndoStatus.SUCCEEDED:
        verified = "verified" if result["verified"] else "not verified"
        return f"{name} undone, {verified}: {result['detail']}"
    word = "cannot be undone" if result["status"] == UndoStatus.IMPOSSIBLE else "undo FAILED"
    instead = f"; {result['instead']}" if result.get("instead") else ""
    return f"{name} {word}: {result['detail']}{instead}"


def _write_down(ctx: task.OrchestrationContext, case_id: str, patch: Json) -> Steps[bool]:
    """Save what was done, for hours if storage is away; return whether it is saved."""
    for wait in (0, *RECORD_RETRY_MINUTES):
        if wait:
            yield ctx.create_timer(timedelta(minutes=wait))
        saved = yield from attempt(save(ctx, case_id, patch))
        if saved.result and "error" not in saved.result:
            return True
    return False
