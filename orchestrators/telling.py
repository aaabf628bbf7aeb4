"""Telling people of something that happened after the hand-over, in every place they look."""

from durabletask import task

from orchestrators.flow import Retry, Steps, attempt, case_activity, save, settle, timeline
from orchestrators.names import Activity


def tell_everywhere(ctx: task.OrchestrationContext, case_id: str, phase: str) -> Steps[None]:
    """Write ticket, channels and incident comment for ``phase``; never fails.

    Who was reached and who was not is written to the case's timeline.
    """
    message = {"case_id": case_id, "phase": phase}
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
