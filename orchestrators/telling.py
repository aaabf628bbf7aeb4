"""Telling people in every place they look of what happened since they were told last."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from orchestrators.flow import Retry, Steps, attempt, case_activity, save, settle, timeline
from orchestrators.names import Activity
from shared.models.base import Json


def tell_again(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Tell people again of a question that is open, beside the case, which goes on waiting.

    Input: ``{"case_id", "phase": reminder, escalated or second_needed, "why": what is new}``.
    Output: ``{"references": {channel: the message's id}}``.
    """
    return (yield from tell_everywhere(ctx, payload["case_id"], payload["phase"], payload["why"]))


def tell_everywhere(
    ctx: task.OrchestrationContext, case_id: str, phase: str, why: str = ""
) -> Steps[Json]:
    """Write ticket, channels and incident comment for ``phase``; never fails.

    Who was reached and who was not is written to the case's timeline. Returns ``{"references"}``
    of the messages.
    """
    message = {"case_id": case_id, "phase": phase} | ({"why": why} if why else {})
    ticket, channels, comment = yield from settle(
        [
            case_activity(ctx, Activity.OPEN_TICKET, message, Retry.SAVE),
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE),
            case_activity(ctx, Activity.COMMENT_INCIDENT, message, Retry.READ),
        ]
    )
    told = ticket.result or {"ticket_id": None, "error": ticket.error}
    number = told.get("ticket_id") or f"ticket NOT written ({told.get('error')})"
    names = (channels.result or {}).get("channels", {}) or {f"nobody: {channels.error}": ""}
    event = f"analysts told ({phase.replace('_', ' ')}): {number}; {', '.join(sorted(names))}"
    failed = comment.error or (comment.result or {}).get("error")
    if failed:
        event += f"; incident comment not written: {failed}"
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))
    return {"references": (channels.result or {}).get("references", {})}
