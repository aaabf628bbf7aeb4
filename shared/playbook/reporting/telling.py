"""What was told in one go: whom it reached, and what the record says of it."""

from datetime import datetime

from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.playbook.reporting.handover import notification_block
from shared.playbook.reporting.tickets_kept import ticket_patch
from shared.playbook.reporting.told import SENT, whom


def collect_told(ticket: Json, channels: Json, comment: Json) -> Json:
    """Return ``{"ticket", "channels", "states", "references", "comment"}``.

    Args:
        ticket: what ``open_ticket`` returned; so the others. One that failed is ``{"error"}``.
        channels: of ``notify_analysts``.
        comment: of ``comment_incident``.
    """
    return {
        "ticket": ticket if "ticket_id" in ticket else {"ticket_id": None} | ticket,
        "channels": channels.get("channels", {}) or {"all": channels.get("error")},
        "states": channels.get("states", {}),
        "references": channels.get("references", {}),
        "comment": comment,
    }


def has_reached(told: Json) -> bool:
    """Return whether anybody was told: a ticket is there, or a channel has taken the message."""
    channels = (told["channels"], told.get("emergency") or {})
    return bool(told["ticket"].get("ticket_id")) or any(SENT in one.values() for one in channels)


def told_patch(told: Json, phase: str, started_at: datetime, at: datetime) -> Json:
    """Return the patch of the record after a verdict, or the outcomes, were told.

    Args:
        told: as ``collect_told`` returns it, with ``emergency`` if there was one, and in the ticket
            ``there``: by system, the tickets that could not be written to.
        phase: which of them.
        started_at: when telling began, UTC.
        at: when the last one had answered, UTC.
    """
    patch: Json = {
        "blocks": {BlockName.NOTIFICATION: notification_block(told, started_at, at)},
        "timeline": [{"at": format_utc(at), "event": _told_line(told, phase)}],
    }
    if has_reached(told):
        patch["sla"] = {"notified_at": format_utc(at)}
    return patch


def note_patch(told: Json, phase: str, at: datetime, escalated: Json | None = None) -> Json:
    """Return the patch of the record after people were told of something more.

    Args:
        told: as ``collect_told`` returns it.
        phase: what it was.
        at: when the last one had answered, UTC.
        escalated: the call of which the service levels are to say what became of it.
    """
    ticket, channels = told["ticket"], told["channels"]
    number = ticket.get("ticket_id") or f"ticket NOT written ({ticket.get('error')})"
    event = f"analysts told ({phase.replace('_', ' ')}): {number}; {whom(channels)}"
    if failed := told["comment"].get("error"):
        event += f"; incident comment not written: {failed}"
    sla: Json = {"notified_at": format_utc(at)} if has_reached(told) else {}
    if escalated is not None:
        became = {"channels": channels, "ticket": ticket.get("ticket_id")}
        sla["escalations"] = [escalated | became]
    patch: Json = {"sla": sla, "timeline": [{"at": format_utc(at), "event": event}]}
    if ticket.get("ticket_id"):
        patch["blocks"] = {BlockName.NOTIFICATION: ticket_patch(ticket, [])}
    return patch


def _told_line(told: Json, phase: str) -> str:
    ticket, there = told["ticket"], (told["ticket"].get("there") or {}).values()
    written = [str(one["ticket_id"]) for one in ticket.get("tickets", [])]
    line = " and ".join(written) or ticket.get("ticket_id")
    not_written = f"ticket {' and '.join(there)} NOT written" if there else ""
    if not line:
        line = f"{not_written or 'no ticket'} ({ticket.get('error')})"
        line += f", emergency message: {whom(told['emergency'])}"
    elif not_written:
        line += f", {not_written}"
    return f"analysts told ({phase.replace('_', ' ')}): {line}; {whom(told['channels'])}"
