"""Steps 4 and 8: open the ticket and tell people at once; complete both at the end."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task

from orchestrators.case_file import CaseFile
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    save,
    settle,
    timeline,
    utc_now,
)
from orchestrators.names import Activity
from orchestrators.question import Question
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.playbook.reporting.handover import NO_TICKET_YET, notification_block

SENT = "sent"
"""What a channel says that has taken the message."""
TICKET_RETRY_MINUTES = (1, 2, 5, 10, 15, 30, 60, 60, 60, 60)
"""Waits before the ticket is tried again after the ITSM was down: about 5 hours in all."""


def tell_people(ctx: task.OrchestrationContext, file: CaseFile, phase: str) -> Steps[Json]:
    """Write the ticket, the channels and the incident's comment in parallel; never fails.

    When the ticket cannot be written, the emergency e-mail with the whole summary goes out
    (seed 004 block 8). Returns what the block ``Incident_Creation_Notification`` needs.
    """
    started = utc_now(ctx)
    message = {"case_id": file.case_id, "phase": phase}
    ticket, channels, comment = yield from settle(
        [
            case_activity(ctx, Activity.OPEN_TICKET, message, Retry.READ),
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.READ),
            case_activity(ctx, Activity.COMMENT_INCIDENT, message, Retry.READ),
        ]
    )
    told: Json = {
        "ticket": ticket.result or {"ticket_id": None, "error": ticket.error},
        "channels": (channels.result or {}).get("channels", {}) or {"all": channels.error},
        "states": (channels.result or {}).get("states", {}),
        "references": (channels.result or {}).get("references", {}),
        "comment": comment.result or {"error": comment.error},
    }
    if not told["ticket"].get("ticket_id"):
        why = str(told["ticket"].get("error"))
        emergency = message | {"phase": "emergency", "why": why, "record": file.record}
        sent = yield from attempt(
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, emergency, Retry.SAVE)
        )
        told["emergency"] = (sent.result or {}).get("channels", {}) or {"all": sent.error}
        told["states"] |= (sent.result or {}).get("states", {})
    block = notification_block(told, started, utc_now(ctx))
    patch: Json = {
        "blocks": {BlockName.NOTIFICATION: block},
        "timeline": timeline(ctx, _told_line(told, phase)),
    }
    if reached(told):
        patch["sla"] = {"notified_at": format_utc(utc_now(ctx))}
    yield from file.write(patiently=phase == "completed", **patch)
    return told


def reached(told: Json) -> bool:
    """Return whether anybody was told: a ticket is there, or a channel has taken the message."""
    channels = (told["channels"], told.get("emergency") or {})
    return bool(told["ticket"].get("ticket_id")) or any(SENT in one.values() for one in channels)


def change_messages(
    ctx: task.OrchestrationContext, case_id: str, phase: str, question: Question
) -> Steps[None]:
    """Change the messages that ask, where a channel can: what became of it, and no button.

    ``phase``: ``decided``, or ``overtaken`` by a newer question or verdict.
    """
    message = {"case_id": case_id, "phase": phase}
    references = yield from question.take_messages(wait=phase == "decided")
    yield from settle(
        [
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, message | {"references": one}, Retry.READ)
            for one in references
        ]
    )


def tell_of_failure(ctx: task.OrchestrationContext, file: CaseFile, why: str) -> Steps[None]:
    """Tell people that the response itself broke off: they have to take over by hand."""
    ctx.set_custom_status({"phase": CaseStatus.FAILED})
    event = f"the response broke off: {why}"
    yield from file.write(status=CaseStatus.FAILED, timeline=timeline(ctx, event))
    case_id = file.case_id
    message = {"case_id": case_id, "phase": "broke_off", "why": event, "record": file.record}
    yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE))


def _told_line(told: Json, phase: str) -> str:
    tickets = [str(one["ticket_id"]) for one in told["ticket"].get("tickets", [])]
    alone = told["ticket"].get("ticket_id") or "no ticket (emergency e-mail sent)"
    ticket = " and ".join(tickets) or alone
    channels = ", ".join(sorted(told["channels"]))
    return f"analysts told ({phase.replace('_', ' ')}): {ticket}; {channels}"


def hand_over(ctx: task.OrchestrationContext, file: CaseFile) -> Steps[Json]:
    """Complete ticket and messages; return what became of the ticket (``Activity.OPEN_TICKET``)."""
    told = yield from tell_people(ctx, file, "completed")
    ticket: Json = told["ticket"]
    return ticket


def is_complete(ticket: Json) -> bool:
    """Return whether every ticketing system has the case's ticket."""
    return bool(ticket.get("ticket_id")) and not ticket.get("missing")


def open_ticket_late(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, bool]:
    """Try for hours to open the tickets that could not be opened, and link them to the case.

    Input: ``{"case_id", "systems": those that have the ticket}``. Runs beside the watch, so that
    nothing waits for an ITSM.
    """
    case_id = payload["case_id"]
    message = {"case_id": case_id, "phase": "completed"}
    linked = set(payload.get("systems", ()))
    missing: Json = {}
    for minutes in TICKET_RETRY_MINUTES:
        yield ctx.create_timer(timedelta(minutes=minutes))
        tried = yield from attempt(case_activity(ctx, Activity.OPEN_TICKET, message, Retry.READ))
        ticket: Json = tried.result or {}
        missing = ticket.get("missing") or {}
        new = [one for one in ticket.get("tickets", ()) if one["system"] not in linked]
        if new:
            linked |= {one["system"] for one in new}
            yield from _link(ctx, case_id, ticket, [str(one["ticket_id"]) for one in new])
        if is_complete(ticket):
            return True
    where = f" in {', '.join(sorted(missing))}" if missing else ""
    event = f"no ticket{where}: the ITSM stayed down; open by hand"
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))
    return False


def _link(
    ctx: task.OrchestrationContext, case_id: str, ticket: Json, new: list[str]
) -> Steps[None]:
    resolved = [NO_TICKET_YET] if is_complete(ticket) else [f"{NO_TICKET_YET}:"]
    opened = {
        "outputs": {"incident_ticket_id": ticket["ticket_id"]},
        "details": {"ticket_url": ticket.get("url"), "tickets": ticket["tickets"]},
        "resolved_notes": [*resolved, "unknown: incident_ticket_id"],
    }
    patch = {
        "blocks": {BlockName.NOTIFICATION: opened},
        "timeline": timeline(ctx, f"ticket {' and '.join(new)} opened late"),
    }
    yield from attempt(save(ctx, case_id, patch))
