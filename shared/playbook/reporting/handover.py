"""How the notification reads in its block when all went well, and when not."""

from datetime import datetime

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.message import NO_TICKETING
from shared.playbook.reporting.told import SENT, STATUS, told_state

NO_TICKET_YET = "no ticket yet, it is tried again"
"""How the note starts that holds until the ticket is opened late."""
NOT_COMPLETED = "ticket not completed, it is tried again"
"""The same of a ticket that is there."""


def notification_block(told: Json, started_at: datetime, finished_at: datetime) -> Json:
    """Return the block ``Incident_Creation_Notification``; its inputs come with the record.

    Args:
        told: ``{"ticket": what came of it or {"error"}, "channels": {channel: "sent"|error},
            "states": {channel: its state}, "comment": ..., "emergency": as "channels"}`` as
            ``tell_people`` collects it.
        started_at: when telling began, UTC.
        finished_at: when the last one had answered, UTC.
    """
    ticket = told["ticket"]
    channels = _channels(told, finished_at)
    failed = [
        f"{name}: {state['reason']}" for name, state in channels.items() if state["status"] != SENT
    ]
    notes = [f"not delivered by {line}" for line in failed]
    if not ticket.get("ticket_id"):
        words = "no ticket" if takes_none(ticket) else NO_TICKET_YET
        notes.append(f"{words}: {ticket.get('error')}")
    notes += missing_notes(ticket)
    if "error" in told.get("comment", {}):
        notes.append(f"incident comment not written: {told['comment']['error']}")
    if not notes:
        status = BlockStatus.COMPLETE
    elif ticket.get("ticket_id") or len(failed) < len(channels):
        status = BlockStatus.PARTIAL
    else:
        status = BlockStatus.FAILED
    return make_block(
        BlockName.NOTIFICATION,
        status,
        inputs={},
        outputs={
            "incident_ticket_id": ticket.get("ticket_id"),
            STATUS: channels,
        },
        notes=notes,
        details={"ticket_url": ticket.get("url"), "tickets": ticket.get("tickets", [])},
        started_at=started_at,
        finished_at=finished_at,
    ).block.to_json()


def takes_none(ticket: Json) -> bool:
    """Return whether no ticketing system ever takes such a case: then none is missing.

    Args:
        ticket: what ``open_ticket`` returned.
    """
    return bool(ticket.get("unfit")) or ticket.get("error") == NO_TICKETING


def missing_notes(ticket: Json) -> list[str]:
    """Return the notes about the ticketing systems that an answer of ``open_ticket`` misses."""
    missing: Json = ticket.get("missing") or {}
    return [f"{NO_TICKET_YET} in {system}: {why}" for system, why in missing.items()]


def _channels(told: Json, at: datetime) -> dict[str, Json]:
    """Return the state of every channel; one of which only a word is known gets it from that."""
    words: Json = told["channels"] | {
        f"{name} (emergency)": word for name, word in told.get("emergency", {}).items()
    }
    known: Json = told.get("states") or {}
    return {name: known.get(name) or told_state(word, at) for name, word in words.items()}
