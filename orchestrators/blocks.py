"""The life of a block: put on every firewall that takes it, kept, extended or lifted, expired."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId
from pydantic import ValidationError

from orchestrators.firewalls import align_all
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    save,
    timeline,
    utc_now,
)
from orchestrators.late_firewalls import LateFirewalls
from orchestrators.names import Activity, Entity, Event
from shared.models.base import Json, format_utc
from shared.models.firewall import BlockOrder, address_key
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.models.undo import EXPIRY, Undone
from shared.playbook.acting.blocking import block_outcome, is_somewhere, lift_result, pending_block

LIFT_RETRY_MINUTES = (1, 5, 15, 30, 60, 60, 60, 60, 60, 60)
"""Waits before an expired block is lifted again after a firewall did not do it: about 7 hours."""

RENEW_AFTER = timedelta(days=28)
"""A longer block is written anew by then: PAN-OS forgets a tag after 30 days at the latest
(``shared.providers.panos.messages``)."""
RENEW_AGAIN = timedelta(hours=6)
"""When a firewall that could not be told then is told again."""


def block_address(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Block one address for a case until it expires or is lifted; return the action's outcome.

    Input: ``{"case_id", "address", "hours", "report_to"}``. As soon as every firewall has
    answered, the outcome is sent as event ``Blocked`` to the instance ``report_to`` (if given),
    which therefore need not wait for the expiry. Nothing about the account waits for it. A
    firewall that failed is tried again later. Never fails: a block that is not possible is an
    outcome with status ``failed``.
    """
    begun = utc_now(ctx)
    until = begun + timedelta(hours=payload["hours"])
    outcome, late = yield from _block(ctx, payload, until)
    late.plan(until)
    if late.timer is not None:
        outcome = pending_block(outcome)
    if payload.get("report_to"):
        told = {"address": payload["address"], "outcome": outcome}
        ctx.send_event(payload["report_to"], str(Event.BLOCKED), data=told)
    kept = _Kept(payload, until, outcome, late)
    ended = yield from _keep(ctx, kept)
    late.cancel()
    if ended is not None and (is_somewhere(kept.outcome) or ended.by != EXPIRY):
        yield from _lift_for_good(ctx, payload, kept.outcome, ended)
    elif ended is not None:
        yield _ask_address(ctx, payload, "release", case_id=payload["case_id"])
    return kept.outcome


@dataclass
class _Kept:
    """A block while it lives."""

    payload: Json
    until: datetime
    outcome: Json
    late: LateFirewalls
    wakes_at: datetime | None = None
    """When the block expires or is written anew."""


def _block(
    ctx: task.OrchestrationContext, payload: Json, until: datetime
) -> Steps[tuple[Json, LateFirewalls]]:
    address = payload["address"]
    found = yield from attempt(case_activity(ctx, Activity.LIST_FIREWALLS, payload, Retry.READ))
    able = (found.result or {}).get("firewalls", [])
    if not able:
        cannot = (found.result or {}).get("cannot", {})
        detail = found.error or "; ".join(f"{name}: {why}" for name, why in cannot.items())
        failed = ActionOutcome(
            action=ActionName.BLOCK_IP,
            target=address,
            status=ActionStatus.FAILED,
            detail=detail or "no firewall is configured",
            at=utc_now(ctx),
        )
        return failed.to_json(), LateFirewalls(ctx, [], cannot)
    yield from _hold(ctx, payload, until)
    states = yield from align_all(ctx, payload, able, blocking=True)
    outcome = block_outcome(address, states, found.result["cannot"], utc_now(ctx))
    return outcome.to_json(), LateFirewalls(ctx, states, found.result["cannot"])


def _keep(ctx: task.OrchestrationContext, kept: _Kept) -> Steps[BlockOrder | None]:
    """Wait for the expiry, longer if a person says so; return by whom the block is to be lifted.

    Firewalls that did not take it are tried again meanwhile; a block that is nowhere, and is tried
    no more, has expired. ``None`` when it has been lifted already (``lift_block``).
    """
    ended: BlockOrder | None = BlockOrder(lift=True, by=EXPIRY)
    expiry = _timer(ctx, kept)
    told = ctx.wait_for_external_event(str(Event.BLOCK))
    while is_somewhere(kept.outcome) or kept.late.timer is not None:
        again = [kept.late.timer] if kept.late.timer is not None else []
        yield task.when_any([told, expiry, *again])
        if told.is_complete:
            data = told.get_result()
            if data == {"lifted": True}:
                ended = None
                break
            told = ctx.wait_for_external_event(str(Event.BLOCK))
            order = _parse(data)
            if order is not None and order.lift:
                ended = order
                break
            if order is not None:
                kept.until += timedelta(hours=order.extend_hours or 0)
                expiry.cancel()
                yield from _extend(ctx, kept, order)
                expiry = _timer(ctx, kept)
        elif expiry.is_complete and kept.wakes_at == kept.until:
            break
        elif expiry.is_complete:
            pause = yield from _renew(ctx, kept)
            expiry = _timer(ctx, kept, pause)
        else:
            kept.outcome = yield from kept.late.try_again(kept.payload, kept.outcome, kept.until)
    for one in (told, expiry):
        if not one.is_complete:
            one.cancel()
    return ended


def _timer(
    ctx: task.OrchestrationContext, kept: _Kept, pause: timedelta | None = None
) -> task.CancellableTask[None]:
    """Wake at the expiry, or before it to write the block anew."""
    now = utc_now(ctx)
    kept.wakes_at = min(kept.until, now + (pause or RENEW_AFTER))
    return ctx.create_timer(kept.wakes_at - now)


def _renew(ctx: task.OrchestrationContext, kept: _Kept) -> Steps[timedelta]:
    """Write the block anew where it is ours; return how long that holds."""
    payload = kept.payload
    known = yield from _hold(ctx, payload, kept.until)
    states = yield from align_all(ctx, payload, known["owned"], blocking=False)
    refused = [f"{one['firewall']}: {one['refused']}" for one in states if one["refused"]]
    if not refused:
        return RENEW_AFTER
    event = f"block of {payload['address']} could not be renewed: {'; '.join(refused)}"
    yield from attempt(save(ctx, payload["case_id"], {"timeline": timeline(ctx, event)}))
    return RENEW_AGAIN


def _parse(data: object) -> BlockOrder | None:
    try:
        return BlockOrder.model_validate(data)
    except ValidationError:
        return None


def _extend(ctx: task.OrchestrationContext, kept: _Kept, order: BlockOrder) -> Steps[None]:
    """Hold the address longer; firewalls that let go by themselves are told the new time."""
    payload, until = kept.payload, kept.until
    if kept.late.timer is None:
        kept.late.plan(until)
    known = yield from _hold(ctx, payload, until)
    states = yield from align_all(ctx, payload, known["owned"], blocking=False)
    event = (
        f"block of {payload['address']} extended to {format_utc(until)} by {order.by}: "
        f"{order.comment or 'no comment'}"
    )
    refused = [f"{one['firewall']} refused: {one['refused']}" for one in states if one["refused"]]
    text = "; ".join([event, *refused])
    yield from attempt(save(ctx, payload["case_id"], {"timeline": timeline(ctx, text)}))


def _lift_for_good(
    ctx: task.OrchestrationContext, payload: Json, outcome: Json, order: BlockOrder
) -> Steps[None]:
    """Lift the block, again and again if a firewall is down; write what came of it."""
    why = "expired"
    if order.by != EXPIRY:
        why = f"lifted by {order.by}: {order.comment or 'no comment'}"
    name = f"block of {payload['address']} {why}"
    for wait in (0, *LIFT_RETRY_MINUTES):
        if wait:
            yield ctx.create_timer(timedelta(minutes=wait))
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
    left = yield _ask_address(ctx, payload, "release", case_id=payload["case_id"])
    states: list[Json] = []
    if not left["cases"]:
        states = yield from align_all(ctx, payload, left["owned"], blocking=False)
    return lift_result(left, states), left["keeper"]


def _hold(ctx: task.OrchestrationContext, payload: Json, until: datetime) -> Steps[Json]:
    facts = {"case_id": payload["case_id"], "until": format_utc(until), "keeper": ctx.instance_id}
    known: Json = yield _ask_address(ctx, payload, "hold", **facts)
    return known


def _ask_address(
    ctx: task.OrchestrationContext, payload: Json, operation: str, **given: Any
) -> task.Task[Any]:
    entity = EntityInstanceId(str(Entity.ADDRESS), address_key(payload["address"]))
    return ctx.call_entity(entity, operation, given | {"now": format_utc(utc_now(ctx))})
