"""The end of a block: taken off the firewalls, by its expiry, a person's word or an undo."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from pydantic import ValidationError

from orchestrators.firewalls import align_all, ask_address
from orchestrators.flow import Steps, attempt, save, timeline, utc_now
from orchestrators.names import Event
from shared.models.base import Json
from shared.models.firewall import BlockOrder
from shared.models.outcome import ActionStatus
from shared.models.undo import EXPIRY, Undone
from shared.playbook.acting.blocking import lift_result

LIFT_RETRY_MINUTES = (1, 5, 15, 30, 60, 60, 60, 60, 60, 60)
"""Waits before an expired block is lifted again after a firewall did not do it: about 7 hours."""


def lift_for_good(
    ctx: task.OrchestrationContext, payload: Json, outcome: Json, order: BlockOrder
) -> Steps[None]:
    """Lift the block, again and again if a firewall is down; write what came of it."""
    why = "expired"
    if order.by != EXPIRY:
        why = f"lifted by {order.by}: {order.comment or 'no comment'}"
    name = f"block of {payload['address']} {why}"
    for wait in (0, *LIFT_RETRY_MINUTES):
        if wait:
            yield from _pause(ctx, payload, timedelta(minutes=wait))
        result, _keeper = yield from _lift(ctx, payload)
        if result["status"] == ActionStatus.SUCCEEDED:
            done = outcome | {"undo": None, "undone": _undone(ctx, order, result)}
            text = f"{name}; {result['detail']}"
            patch: Json = {"actions": [done], "timeline": timeline(ctx, text)}
            yield from attempt(save(ctx, payload["case_id"], patch))
            return
        if not wait:
            text = f"{name}, but is not gone yet: {result['detail']}"
            yield from attempt(save(ctx, payload["case_id"], {"timeline": timeline(ctx, text)}))
    text = f"{name}, but could not be removed, do it by hand: {result['detail']}"
    yield from attempt(save(ctx, payload["case_id"], {"timeline": timeline(ctx, text)}))


def _pause(ctx: task.OrchestrationContext, payload: Json, wait: timedelta) -> Steps[None]:
    """Wait; who orders an extension meanwhile is answered in the record."""
    timer = ctx.create_timer(wait)
    told = ctx.wait_for_external_event(str(Event.BLOCK))
    while not timer.is_complete:
        yield task.when_any([told, timer])
        told = yield from note_late_orders(ctx, payload, told)
    told.cancel()


def note_late_orders(
    ctx: task.OrchestrationContext, payload: Json, told: task.CancellableTask[Any]
) -> Steps[task.CancellableTask[Any]]:
    """Write down every extension that came too late; return the wait for the next order."""
    while told.is_complete:
        order = parse_order(told.get_result())
        if order is not None and not order.lift:
            yield from note_too_late(ctx, payload, order)
        told = ctx.wait_for_external_event(str(Event.BLOCK))
    return told


def parse_order(data: object) -> BlockOrder | None:
    """Return what a person ordered, or ``None`` when an event is no order."""
    try:
        return BlockOrder.model_validate(data)
    except ValidationError:
        return None


def note_too_late(ctx: task.OrchestrationContext, payload: Json, order: BlockOrder) -> Steps[None]:
    """Write down that an extension came when the block was being lifted."""
    event = (
        f"block of {payload['address']} not extended for {order.by}, it was being lifted already: "
        f"{order.comment or 'no comment'}"
    )
    yield from attempt(save(ctx, payload["case_id"], {"timeline": timeline(ctx, event)}))


def _undone(ctx: task.OrchestrationContext, order: BlockOrder, result: Json) -> Json:
    return Undone(
        at=utc_now(ctx),
        by=order.by,
        comment=order.comment,
        verified=result["verified"],
        detail=result["detail"],
    ).to_json()


def lift_block(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Take back one ``BlockIP``: end this case's hold, and lift the block if it was the last.

    Input: ``{"case_id", "outcome": ActionOutcome}``, as every undo gets it. Output:
    ``{"status", "verified", "detail"}``; an address that other cases hold stays blocked, and
    ``detail`` says so. Once it has succeeded, the block's own orchestration ends, too.
    """
    target = {"case_id": payload["case_id"], "address": payload["outcome"]["target"]}
    result, keeper = yield from _lift(ctx, target)
    if keeper and result["status"] == ActionStatus.SUCCEEDED:
        ctx.send_event(keeper, str(Event.BLOCK), data={"lifted": True})
    return result


def _lift(ctx: task.OrchestrationContext, payload: Json) -> Steps[tuple[Json, str | None]]:
    """End the case's hold and, if nobody else holds the address, the block; name its keeper."""
    left = yield ask_address(ctx, payload, "release", case_id=payload["case_id"])
    keeper, states = left["keeper"], []
    if not left["cases"]:
        states = yield from align_all(ctx, payload, left["owned"], blocking=False)
        if any(one["wanted"] for one in states):
            left = yield ask_address(ctx, payload, "wanted")
    return lift_result(left, states, payload["case_id"]), keeper
