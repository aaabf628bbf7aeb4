"""The life of a block: put on every firewall that takes it, kept, extended or lifted, expired."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.firewalls import align_all, ask_address
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
from orchestrators.lifting import lift_for_good, note_late_orders, note_too_late, parse_order
from orchestrators.names import Activity, Event
from orchestrators.outcomes import write_outcomes
from orchestrators.telling import tell_everywhere
from shared.models.base import Json, format_utc
from shared.models.firewall import BlockOrder
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.models.undo import EXPIRY
from shared.playbook.acting.blocking import block_outcome, is_somewhere, pending_block

RENEW_AFTER = timedelta(days=28)
"""A longer block is written anew by then: PAN-OS forgets a tag after 30 days at the latest
(``shared.providers.panos.messages``)."""
RENEW_AGAIN = timedelta(hours=6)
"""When a firewall that could not be told a new time is told again, beside ``LateFirewalls``."""


def block_address(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Block one address for a case until it expires or is lifted; return the action's outcome.

    Input: ``{"case_id", "address", "hours", "report_to", "asking"}``. As soon as every firewall has
    answered, the outcome is sent as event ``Blocked`` to the instance ``report_to`` (if given),
    which therefore need not wait for the expiry; ``asking`` (if given): nobody writes it into the
    record before a question is answered, so it is written here. Nothing about the account waits
    for it. A firewall that failed is tried again later. Never fails: a block that is not possible
    is an outcome with status ``failed``.
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
    if payload.get("asking"):
        # Orders to this block wait for two short tries at most, not for storage to come back.
        yield from write_outcomes(ctx, payload, [outcome], waits=False)
    kept = _Kept(payload, until, outcome, late)
    ended = yield from _keep(ctx, kept)
    late.cancel()
    if ended is not None and (is_somewhere(kept.outcome) or ended.by != EXPIRY):
        yield from lift_for_good(ctx, payload, kept.outcome, ended)
    elif ended is not None:
        yield ask_address(ctx, payload, "release", case_id=payload["case_id"])
    late_order = ctx.wait_for_external_event(str(Event.BLOCK))
    (yield from note_late_orders(ctx, payload, late_order)).cancel()
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
        forbidden: str | None = (found.result or {}).get("forbidden")
        reasons = "; ".join(f"{name}: {why}" for name, why in cannot.items())
        detail = found.error or forbidden or reasons
        failed = ActionOutcome(
            action=ActionName.BLOCK_IP,
            target=address,
            status=ActionStatus.FAILED,
            detail=detail or "no firewall is configured",
            at=utc_now(ctx),
            elsewhere=forbidden is not None,
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
            order = parse_order(data)
            if order is not None and order.lift:
                ended = order
                break
            if order is not None:
                expiry.cancel()
                pause = yield from _extend(ctx, kept, order)
                expiry = _timer(ctx, kept, pause)
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
    if why := (yield from _forbidden(ctx, kept)):
        event = f"block of {kept.payload['address']} not renewed: {why}"
        yield from _tell_refusal(ctx, kept, event)
        return RENEW_AFTER
    refused = yield from _prolong(ctx, kept, kept.until)
    if not refused:
        return RENEW_AFTER
    event = f"block of {kept.payload['address']} could not be renewed: {'; '.join(refused)}"
    yield from attempt(save(ctx, kept.payload["case_id"], {"timeline": timeline(ctx, event)}))
    return RENEW_AGAIN


def _prolong(
    ctx: task.OrchestrationContext, kept: _Kept, until: datetime
) -> Steps[list[str] | None]:
    """Tell the firewalls a hold's new time; return what was refused.

    ``None``: there is no hold, the block is being lifted. Who lifts ends the hold first and comes
    to the firewalls minutes later: a hold that is made anew in between would have the block written
    again behind the back of who says it is gone.
    """
    payload = kept.payload
    facts = {"case_id": payload["case_id"], "until": format_utc(until)}
    known: Json = yield ask_address(ctx, payload, "prolong", **facts)
    if payload["case_id"] not in known["cases"]:
        return None
    states = yield from align_all(ctx, payload, known["owned"], blocking=False)
    kept.outcome = yield from kept.late.prolonged(payload, kept.outcome, states, until)
    return [f"{one['firewall']}: {one['refused']}" for one in states if one["refused"]]


def _extend(ctx: task.OrchestrationContext, kept: _Kept, order: BlockOrder) -> Steps[timedelta]:
    """Hold the address longer; return when the block is to be written anew."""
    until = kept.until + timedelta(hours=order.extend_hours or 0)
    if why := (yield from _forbidden(ctx, kept)):
        event = f"block of {kept.payload['address']} not extended for {order.by}: {why}"
        yield from _tell_refusal(ctx, kept, event)
        return RENEW_AFTER
    refused = yield from _prolong(ctx, kept, until)
    if refused is None:
        yield from note_too_late(ctx, kept.payload, order)
        return RENEW_AFTER
    kept.until = until
    event = (
        f"block of {kept.payload['address']} extended to {format_utc(until)} by {order.by}: "
        f"{order.comment or 'no comment'}"
    )
    text = "; refused by ".join([event, *refused])
    yield from attempt(save(ctx, kept.payload["case_id"], {"timeline": timeline(ctx, text)}))
    return RENEW_AGAIN if refused else RENEW_AFTER


def _forbidden(ctx: task.OrchestrationContext, kept: _Kept) -> Steps[str | None]:
    """Return why the policy in force now forbids to block the address, or ``None``."""
    request = {name: kept.payload[name] for name in ("case_id", "address")}
    found = yield from attempt(case_activity(ctx, Activity.LIST_FIREWALLS, request, Retry.READ))
    why: str | None = (found.result or {}).get("forbidden")
    return why


def _tell_refusal(ctx: task.OrchestrationContext, kept: _Kept, event: str) -> Steps[None]:
    """Write down, in the ticket too, that a block was not made longer; what there is stays."""
    event += f"; it stays until {format_utc(kept.until)} unless somebody lifts it"
    case_id = kept.payload["case_id"]
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))
    yield from tell_everywhere(ctx, case_id, "block_later", event)


def _hold(ctx: task.OrchestrationContext, payload: Json, until: datetime) -> Steps[Json]:
    facts = {"case_id": payload["case_id"], "until": format_utc(until), "keeper": ctx.instance_id}
    known: Json = yield ask_address(ctx, payload, "hold", **facts)
    return known
