"""The mark that makes a note on a ticket recognisable, so that it is written once."""

import hashlib

from shared.models.message import Ticket


def mark(ticket: Ticket) -> str:
    """Return the mark of a work note: the same for the same note on the same ticket."""
    content = f"{ticket.correlation_id}\n{ticket.work_note}"
    return f"[tourniquet {hashlib.sha256(content.encode()).hexdigest()[:12]}]"
