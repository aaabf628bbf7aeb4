"""Incidents that joined a case, where a ticketing system's tickets are the incidents themselves.

What the case's own incident shows, its joined ones show, too: severity, owner, labels and status,
and at the end the classification. Open work stays with the first one: it is to be done once.
"""

import asyncio
import logging

from activities.record import note_lines
from activities.support import explain
from shared.errors import TourniquetError
from shared.models.base import Json
from shared.models.message import Ticket
from shared.playbook.intake.fields import one_line
from shared.ports import Ticketing
from shared.providers.people import is_ticket
from shared.settings import get_settings

_log = logging.getLogger("tourniquet.activities")

MOST_FOLLOWED = 20
"""Joined incidents that follow the case; of more, the record says that they do not."""
AT_ONCE = 4


async def follow_case(system: Ticketing, ticket: Ticket, record: Json) -> None:
    """Bring the joined incidents of a case up to date in a system; what failed is in the timeline.

    Never fails: a ticket is not missing because another incident could not be written.
    """
    own = _joined(system.name, ticket, record)
    gate = asyncio.Semaphore(AT_ONCE)

    async def bring(incident_id: str) -> str | None:
        known = {name: one for name, one in ticket.known.items() if name != system.name}
        update: Json = {"incident_id": incident_id, "known": known, "tasks": None}
        async with gate:
            try:
                await system.upsert(ticket.model_copy(update=update | {"must_exist": True}))
            except TourniquetError as error:
                _log.warning("joined incident of %s: %s", record["case_id"], explain(error))
                return explain(error)
        return None

    told = await asyncio.gather(*(bring(one) for one in list(own)[:MOST_FOLLOWED]))
    lines = [
        f"joined incident NOT brought up to date in {system.name}: {title}: {why}"
        for title, why in zip(own.values(), told, strict=False)
        if why is not None
    ]
    if len(own) > MOST_FOLLOWED:
        rest = len(own) - MOST_FOLLOWED
        lines.append(f"{rest} more joined incidents do not follow the case in {system.name}")
    await note_lines(record, lines)


def _joined(system: str, ticket: Ticket, record: Json) -> dict[str, str]:
    """Return the titles of joined incidents that are tickets of a system, by id."""
    settings = get_settings()
    return {
        one["incident_id"]: one_line(one["title"], 200)
        for one in record.get("joined") or []
        if one["incident_id"] != ticket.incident_id
        and is_ticket(one["incident_id"], system, settings)
    }
