"""Looking at a case's tickets: whether somebody has taken or closed it there."""

import asyncio
import logging
from typing import Any

from durabletask import task

from activities.support import explain, read_record
from shared.bootstrap import get_providers
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.handling import TicketKey
from shared.playbook.reporting.ticket_looks import (
    Looked,
    heard_in_tickets,
    system_of_own_ticket,
)
from shared.ports.people import TicketWatching

_log = logging.getLogger("tourniquet.activities")


async def look_at_tickets(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what people have done in the case's tickets that the case does not know yet.

    Input: ``{"case_id"}``. Output ``{"heard": {"what": "closed" or "reviewed", "by", "comment",
    "at"} or None}``. One question to each system that has a ticket and can say; one that does not
    answer says nothing.

    Effect: none.
    Idempotency: reads only.
    Permission: ServiceNow role itil; in Jira, Browse Projects.
    """
    record = await read_record(payload)
    block = record.get("blocks", {}).get(BlockName.NOTIFICATION) or {}
    tickets: list[Json] = (block.get("details") or {}).get("tickets") or []
    watched = [one for one in get_providers().ticketing if isinstance(one, TicketWatching)]
    asked = [(one, system) for one in tickets for system in watched if system.name == one["system"]]
    if not asked:
        return {"heard": None}
    key = TicketKey(
        correlation_id=record["case_id"],
        known={one["system"]: one["own_id"] for one in tickets if one.get("own_id")},
        incident_id=record["incident"].get("incident_id", ""),
    )
    answers = await asyncio.gather(
        *(system.handling(key) for _one, system in asked), return_exceptions=True
    )
    looks = []
    for (one, _system), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Exception):
            _log.info("%s did not say who works on the ticket: %s", one["system"], explain(answer))
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is not None:
            looks.append(Looked(one["system"], str(one["ticket_id"]), answer))
    return {"heard": heard_in_tickets(record, looks, own=system_of_own_ticket(block))}
