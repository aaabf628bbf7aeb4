"""What a look at a case's tickets means: who has taken or closed it there."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.models.base import Json, format_utc, parse_utc
from shared.models.case import CaseStatus
from shared.models.handling import Handled, TicketHandling
from shared.playbook.intake.fields import one_line

MOST_OF_A_NAME = 200
SOMEBODY = "somebody"
_NOT_CLOSABLE = frozenset(
    {
        CaseStatus.GATHERING,
        CaseStatus.DECIDING,
        CaseStatus.AWAITING_DECISION,
        CaseStatus.CLOSED,
    }
)


class Looked(NamedTuple):
    """What one system says of the case's ticket."""

    system: str
    ticket_id: str
    handling: TicketHandling


def heard_in_tickets(record: Json, looks: Sequence[Looked], *, own: str) -> Json | None:
    """Return what people have done in the tickets and the case does not know yet.

    Args:
        record: the case.
        looks: what the systems say.
        own: the system of the case's own ticket.

    Returns:
        ``{"what": "closed" or "reviewed", "by", "comment", "at": ISO or None}``. The case's own
        ticket alone closes it, and not while it waits for an answer: then it counts as taken. What
        was closed before the case was opened again says nothing; nor does, then, a ticket without
        a time. Nobody handles a case about their own account.
    """
    own_names = _names_of_the_account(record)
    fresh = [
        one
        for one in looks
        if not _is_old(record, one.handling) and one.handling.by.casefold() not in own_names
    ]
    closed = [one for one in fresh if one.handling.state is Handled.CLOSED]
    if _may_close(record) and (first := next((one for one in closed if one.system == own), None)):
        return _said("closed", first)
    taken = [*closed, *(one for one in fresh if one.handling.state is Handled.TAKEN)]
    if not taken or (record.get("sla") or {}).get("reviewed_at"):
        return None
    return _said("reviewed", taken[0])


def _names_of_the_account(record: Json) -> set[str]:
    account: Json = record.get("account") or {}
    names = (account.get(name) for name in ("user_principal_name", "display_name", "user_id"))
    return {str(name).casefold() for name in names if name}


def _may_close(record: Json) -> bool:
    return record["status"] not in _NOT_CLOSABLE and record.get("watched") is not False


def _is_old(record: Json, handling: TicketHandling) -> bool:
    reopenings = (record.get("sla") or {}).get("reopenings") or []
    if not reopenings or handling.state is not Handled.CLOSED:
        return False
    return handling.at is None or handling.at <= max(map(parse_utc, reopenings))


def _said(what: str, one: Looked) -> Json:
    how = "was closed there" if one.handling.state is Handled.CLOSED else "is worked on there"
    who = one_line(one.handling.by, MOST_OF_A_NAME) or SOMEBODY
    return {
        "what": what,
        "by": f"{who} in {one.system}",
        "comment": f"ticket {one.ticket_id} {how}",
        "at": format_utc(one.handling.at) if one.handling.at else None,
    }
