"""One ticket per case and system, although several calls may want to open it at the same instant.

No ticketing system keeps two tickets with one correlation id from being created, and a search may
be seconds behind. So who creates a ticket claims that in the case store first. Whoever loses waits
until the winner has said what became of it, and then adds to the ticket that is there. The same
call delivered once more, after its worker was lost, goes on with its own claim.
"""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotFound, RetryableError, TourniquetError, Unconfirmed
from shared.models.base import Json, format_utc
from shared.models.message import Ticket, TicketReference
from shared.ports import Ticketing

_log = logging.getLogger("tourniquet.activities")

LEASE = timedelta(minutes=2)
"""Longer than any creation takes: a claim that is older and says nothing was its worker's last."""
UNSEEN = timedelta(minutes=30)
"""How long a ticket that was perhaps made is looked for before another is made."""
_PERHAPS = "perhaps"
PATIENCE_SECONDS = 15.0
PAUSE_SECONDS = 0.5


async def open_once(system: Ticketing, ticket: Ticket, payload: Json) -> TicketReference:
    """Add to the ticket of a case, or open it unless another call is about to.

    Raises:
        RetryableError: another call is opening it and has not said for 15 seconds what became of
            it.
        TourniquetError: as the system says.
    """
    if ticket.must_exist:
        return await system.upsert(ticket)
    clock = asyncio.get_running_loop().time
    deadline = clock() + PATIENCE_SECONDS
    own_id: str | None = None
    while True:
        try:
            return await system.upsert(_existing(system, ticket, own_id))
        except NotFound:
            creation = await _begin(system, ticket, payload)
        while creation.is_under_way and clock() < deadline:
            await asyncio.sleep(PAUSE_SECONDS)
            creation = await _begin(system, ticket, payload)
        if creation.is_ours:
            try:
                return await _create(system, ticket, creation)
            except Unconfirmed as error:
                _log.info("%s: %s", ticket.correlation_id, explain(error))
                continue
        if clock() >= deadline:
            why = "another call is opening the ticket, and has not finished"
            if not creation.is_under_way:
                why = "the ticket was asked for and is not found yet"
            raise RetryableError(why, vendor=system.name, operation="open_ticket")
        # The ticket is there, and a search finds it in a moment.
        own_id = creation.own_id or own_id
        await asyncio.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class _Creation:
    """Who creates a ticket, as the claims in the case store tell it."""

    claim: str | None = None
    """Its name; ``None`` while the case store is away."""
    is_ours: bool = False
    is_under_way: bool = False
    """Somebody else's, of which nothing is known yet."""
    own_id: str | None = None
    """The system's own id of the ticket that was made."""


async def _begin(system: Ticketing, ticket: Ticket, payload: Json) -> _Creation:
    """Claim the creation, unless somebody else has."""
    case_id, call = ticket.correlation_id, _name_of(payload)
    try:
        store = get_providers().require("cases")
        for number in count(1):
            claim = f"ticket-{system.name}-{number}"
            mine = {"call": call, "at": format_utc(utc_now())}
            earlier = await store.claim(case_id, claim, mine)
            if earlier is None:
                break
            ended = await store.get_claim(case_id, _ended(claim))
            if ended is None and earlier["call"] == call:
                break
            # A ticket that was made long ago and is not found was deleted, or never made.
            if ended is not None and ended["made"] == _PERHAPS:
                old = _is_older(earlier, UNSEEN)
            else:
                old = _is_older(earlier, LEASE) or (ended is not None and not ended["made"])
            if old:
                continue
            return _Creation(claim, is_under_way=ended is None, own_id=(ended or {}).get("own_id"))
        return _Creation(claim, is_ours=True)
    except TourniquetError as error:
        # A ticket too many is better than none.
        _log.warning("the ticket of %s is not claimed: %s", case_id, explain(error))
    return _Creation(is_ours=True)


async def _create(system: Ticketing, ticket: Ticket, creation: _Creation) -> TicketReference:
    try:
        reference = await system.upsert(ticket)
    except Unconfirmed:
        await _end(creation, ticket, {"made": _PERHAPS})
        raise
    except Exception:
        await _end(creation, ticket, {"made": False})
        raise
    await _end(creation, ticket, {"made": True, "own_id": reference.own_id})
    return reference


async def _end(creation: _Creation, ticket: Ticket, facts: Json) -> None:
    """Say what became of a creation."""
    if creation.claim is None:
        return
    try:
        store = get_providers().require("cases")
        await store.claim(ticket.correlation_id, _ended(creation.claim), facts)
    except TourniquetError as error:
        _log.warning("%s of %s: %s", creation.claim, ticket.correlation_id, explain(error))


def _existing(system: Ticketing, ticket: Ticket, own_id: str | None) -> Ticket:
    known = ticket.known | ({system.name: own_id} if own_id else {})
    return ticket.model_copy(update={"must_exist": True, "known": known})


def _is_older(claim: Json, age: timedelta) -> bool:
    at = datetime.fromisoformat(str(claim["at"]))
    return datetime.now(UTC) - at > age


def _ended(claim: str) -> str:
    return f"{claim}-ended"


def _name_of(payload: Json) -> str:
    """Return what tells a call from others: the same when it is delivered once more."""
    text = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
