"""What a look at a case's tickets means: who has taken or closed it there.

What cannot be told for certain says nothing: then the clock rings, which costs a message.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.models.base import Json, format_utc, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.handling import Handled, TicketHandling
from shared.models.run import run_started
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
_WORD = re.compile(r"[^\W_]+")


class Looked(NamedTuple):
    """What one system says of the case's ticket."""

    system: str
    ticket_id: str
    handling: TicketHandling


def heard_in_tickets(record: Json, looks: Sequence[Looked], *, own: str | None) -> Json | None:
    """Return what people have done in the tickets and the case does not know yet.

    Args:
        record: the case.
        looks: what the systems say.
        own: the system of the case's own ticket, where it is known.

    Returns:
        ``{"what": "closed" or "reviewed", "by", "comment", "at": ISO or None}``. The case's own
        ticket alone closes it, if its system tells who closed it, and not while the case waits for
        an answer: otherwise it counts as taken. What was closed before the case's latest work says
        nothing; nor does what was closed at a time that is not told. Nobody handles a case about
        their own account.
    """
    own_names = _names_of_the_account(record)
    others = [one for one in looks if not _is_one_of(own_names, one.handling.by)]
    closed = [one for one in others if _is_closed_since(_latest_work(record), one.handling)]
    if _may_close(record):
        for one in closed:
            if one.system == own and one.handling.by:
                return _said("closed", one)
    taken = [*closed, *(one for one in others if one.handling.state is Handled.TAKEN)]
    if not taken or (record.get("sla") or {}).get("reviewed_at"):
        return None
    return _said("reviewed", taken[0])


def system_of_own_ticket(block: Json) -> str | None:
    """Return the system whose ticket's number is the case's, by ``Incident_Creation_Notification``.

    ``None``: no ticket has it, or those of several systems have.
    """
    number = (block.get("outputs") or {}).get("incident_ticket_id")
    tickets: list[Json] = (block.get("details") or {}).get("tickets") or []
    systems = {str(one["system"]) for one in tickets if number and one["ticket_id"] == number}
    return systems.pop() if len(systems) == 1 else None


def _names_of_the_account(record: Json) -> set[str]:
    """Return by what names the account, and others that the same attack hit, may be written."""
    account: Json = record.get("account") or {}
    user = (record.get("blocks") or {}).get(BlockName.USER) or {}
    profile = (user.get("details") or {}).get("profile") or {}
    places: list[Json] = [account, profile, *(account.get("also_in") or [])]
    fields = ("user_principal_name", "display_name", "user_id")
    names = [str(place.get(field) or "") for place in places for field in fields]
    names += [str(one) for place in places for one in place.get("mail_addresses") or []]
    names += [str(one.get("account") or "") for one in record.get("campaign") or []]
    known = {name.casefold() for name in names if name}
    return known | {name.partition("@")[0] for name in known}


def _is_one_of(names: set[str], by: str) -> bool:
    """Return whether a name is one of these, also in another order or with more words."""
    name = by.strip().casefold()
    words = _words(name)
    return name in names or any(_are_alike(words, _words(one)) for one in names)


def _words(name: str) -> set[str]:
    return set(_WORD.findall(name))


def _are_alike(one: set[str], other: set[str]) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) > 1 and shorter <= longer


def _may_close(record: Json) -> bool:
    return record["status"] not in _NOT_CLOSABLE and record.get("watched") is not False


def _latest_work(record: Json) -> datetime | None:
    """Return when the case began, or something was added to it, decided or done for it last."""
    sla: Json = record.get("sla") or {}
    told = [
        sla.get("received_at"),
        *(sla.get("reopenings") or []),
        *(one.get("at") for one in record.get("joined") or []),
        (record.get("decision") or {}).get("decided_at"),
        *(one.get("at") for one in record.get("actions") or []),
    ]
    times = [parse_utc(one) for one in told if one]
    if run := record.get("run"):
        times.append(run_started(run))
    return max(times, default=None)


def _is_closed_since(work: datetime | None, handling: TicketHandling) -> bool:
    if handling.state is not Handled.CLOSED or handling.at is None:
        return False
    return work is not None and handling.at > work


def _said(what: str, one: Looked) -> Json:
    who = one_line(one.handling.by, MOST_OF_A_NAME)
    how = "is worked on there; since when is not told"
    if one.handling.state is Handled.CLOSED:
        how = "was closed there" if who else "was closed there; who closed it is not told"
    return {
        "what": what,
        "by": f"{who or SOMEBODY} in {one.system}",
        "comment": f"ticket {one.ticket_id} {how}",
        "at": format_utc(one.handling.at) if one.handling.at else None,
    }
