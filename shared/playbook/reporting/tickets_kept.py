"""A case's tickets in its record: one that was opened stays, whatever becomes of later writes."""

from shared.models.base import Json
from shared.models.block import BlockName
from shared.playbook.reporting.handover import NO_TICKET_YET, NOT_COMPLETED

TICKET_ID = "incident_ticket_id"


def known_tickets(record: Json) -> dict[str, Json]:
    """Return the tickets that a record knows, by ticketing system."""
    block = record.get("blocks", {}).get(BlockName.NOTIFICATION) or {}
    return _tickets(block)


def ticket_patch(ticket: Json, resolved_notes: list[str]) -> Json:
    """Return what completes the block ``Incident_Creation_Notification`` by tickets opened late.

    ``ticket``: what ``open_ticket`` returned; ``resolved_notes``: starts of notes now untrue.
    """
    return {
        "outputs": {TICKET_ID: ticket["ticket_id"]},
        "details": {"ticket_url": ticket.get("url"), "tickets": ticket.get("tickets", [])},
        "resolved_notes": [*resolved_notes, f"unknown: {TICKET_ID}"],
    }


def keep_tickets(before: Json, merged: Json) -> Json:
    """Return the block with the tickets of ``before`` that ``merged`` no longer names.

    A system that was away for the last write still has its ticket; a note that there is none yet
    says instead that it is not completed. The case's number stays that of the first system, unless
    that system gives another.
    """
    old, new = _tickets(before), _tickets(merged)
    number = (before.get("outputs") or {}).get(TICKET_ID)
    outputs, details = dict(merged.get("outputs") or {}), dict(merged.get("details") or {})
    holder = next((name for name, one in old.items() if one["ticket_id"] == number), None)
    given = outputs.get(TICKET_ID)
    if number and (given is None or (holder is not None and holder not in new)):
        outputs[TICKET_ID] = number
        details["ticket_url"] = (before.get("details") or {}).get("ticket_url")
    if there := old | new:
        details["tickets"] = list(there.values())
    notes = [_true_note(one, there, outputs.get(TICKET_ID)) for one in merged.get("notes") or []]
    if number and given is None:
        notes = [one for one in notes if not one.startswith(f"unknown: {TICKET_ID}")]
    return merged | {"outputs": outputs, "details": details, "notes": notes}


def _tickets(block: Json) -> dict[str, Json]:
    tickets: list[Json] = (block.get("details") or {}).get("tickets") or []
    return {str(one["system"]): one for one in tickets}


def _true_note(note: str, there: dict[str, Json], number: str | None) -> str:
    """Return a note as it reads of tickets that are there: ``in <system>`` or of all of them."""
    rest = note.removeprefix(NO_TICKET_YET)
    if rest == note:
        return note
    system = rest.removeprefix(" in ").partition(":")[0] if rest.startswith(" in ") else None
    is_there = bool(number) if system is None else system in there
    return f"{NOT_COMPLETED}{rest}" if is_there else note
