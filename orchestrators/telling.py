"""Telling people in every place they look of what happened since they were told last."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    problem,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.names import Activity
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.playbook.reporting.tickets_kept import ticket_patch
from shared.playbook.reporting.told import SENT, whom

_ADD_ONLY: Json = {"must_exist": True}


def tell_again(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Tell people again of a case that waits for them, beside the case, which goes on waiting.

    Input: ``{"case_id", "phase": reminder, escalated, second_needed, or one of the service levels,
    "why": what is new}``, with ``escalated`` (``shared.models.sla.Escalated``) when the record is
    to say what became of it, and ``first`` while nobody was told of the case. Output:
    ``{"references": {channel: the message's id}, "reached": whether anybody was told}``.
    """
    case_id, phase, why = payload["case_id"], payload["phase"], payload["why"]
    first = bool(payload.get("first"))
    told = yield from tell_everywhere(
        ctx, case_id, phase, why, payload.get("escalated"), is_first=first
    )
    return {name: told[name] for name in ("references", "reached")}


def tell_everywhere(
    ctx: task.OrchestrationContext,
    case_id: str,
    phase: str,
    why: str = "",
    escalated: Json | None = None,
    *,
    is_first: bool = False,
) -> Steps[Json]:
    """Write ticket, channels and incident comment for ``phase``; never fails.

    No ticket is opened, unless this is the first message and no channel takes it: a ticket before
    the verdict is better than nobody who knows. One that is there is known to the record from now
    on.

    Who was reached and who was not is written to the case's timeline, and to ``escalated`` among
    its service levels. Returns ``{"references"}`` of the messages, whether anybody was ``reached``,
    and of the ticket why it was ``refused``, if it was, and the systems that have it ``written``.
    """
    message = {"case_id": case_id, "phase": phase} | ({"why": why} if why else {})
    ticket, channels, comment = yield from settle(
        [
            case_activity(ctx, Activity.OPEN_TICKET, message | _ADD_ONLY, Retry.SAVE),
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE),
            case_activity(ctx, Activity.COMMENT_INCIDENT, message, Retry.READ),
        ]
    )
    states: Json = (channels.result or {}).get("channels", {}) or {"all": channels.error}
    if is_first and SENT not in states.values() and not (ticket.result or {}).get("ticket_id"):
        opening = case_activity(ctx, Activity.OPEN_TICKET, message, Retry.SAVE)
        [ticket] = yield from settle([opening])
    told = ticket.result or {"ticket_id": None, "error": ticket.error}
    number = told.get("ticket_id") or f"ticket NOT written ({told.get('error')})"
    event = f"analysts told ({phase.replace('_', ' ')}): {number}; {whom(states)}"
    failed = comment.error or (comment.result or {}).get("error")
    if failed:
        event += f"; incident comment not written: {failed}"
    reached = bool(told.get("ticket_id")) or SENT in states.values()
    sla: Json = {"notified_at": format_utc(utc_now(ctx))} if reached else {}
    if escalated is not None:
        became = {"channels": states, "ticket": told.get("ticket_id")}
        sla["escalations"] = [escalated | became]
    patch: Json = {"sla": sla, "timeline": timeline(ctx, event)}
    if told.get("ticket_id"):
        patch["blocks"] = {BlockName.NOTIFICATION: ticket_patch(told, [])}
    yield from attempt(save(ctx, case_id, patch))
    return {
        "references": (channels.result or {}).get("references", {}),
        "reached": reached,
        "refused": problem(ticket),
        "written": [one["system"] for one in told.get("tickets", ())],
    }
