"""The case's ticket, in every ticketing system that is configured."""

import asyncio
from typing import Any

from durabletask import task

from activities.joined_tickets import follow_case
from activities.record import note_lines
from activities.support import explain, read_record
from activities.ticket_claims import open_once
from shared.bootstrap import get_providers
from shared.errors import NotSupported, RetryableError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.message import NO_TICKETING, TicketReference
from shared.playbook.reporting.case_text import ticket_for
from shared.playbook.reporting.ticket_state import ticket_state


async def open_ticket(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Open the case's ticket in every ticketing system, or add to the ones that are there.

    Input: ``{"case_id", "phase"}``, with ``why`` where something is new, and ``must_exist`` where
    a ticket that is not there is not to be opened by this call. Output ``{"ticket_id",
    "url", "tickets": [{"system", "ticket_id", "url", "own_id"}], "missing": {system: why}}``:
    first the ticket of the system that is configured first and has one. Without any,
    ``ticket_id`` is ``None`` and ``error`` says why; ``unfit``: no system ever takes such a case.

    Effect: one ticket per case and system, and a work note per phase; incidents that joined the
    case and are tickets themselves follow it. What a ticket is there without is in the timeline.
    Idempotency: the ticket carries the case id; it is looked up before it is created, who creates
    it claims that first, and a note that is there is not written again. One system that is away is
    ``missing`` and costs the other nothing; when all are away, the whole is to be tried again. A
    system that has no ticket for such a case (Sentinel, for one that did not come from it) is not
    missing.
    Permission: ServiceNow role itil; Microsoft Sentinel Responder; in Jira, Create Issues, Edit
    Issues and Add Comments in the project; in Google SecOps, Chronicle API Editor
    (``roles/chronicle.editor``).
    """
    systems = get_providers().ticketing
    if not systems:
        return {"ticket_id": None, "url": None, "error": NO_TICKETING}
    record = await read_record(payload)
    ticket = ticket_for(record, phase=payload["phase"], why=payload.get("why", ""))
    more: Json = {"known": _known(record), "must_exist": bool(payload.get("must_exist"))}
    more["incident_id"] = record["incident"].get("incident_id", "")
    ticket = ticket.model_copy(update=more | ticket_state(record, payload["phase"]))
    answers = await asyncio.gather(
        *(open_once(one, ticket, payload) for one in systems), return_exceptions=True
    )
    well = [
        system
        for system, answer in zip(systems, answers, strict=True)
        if isinstance(answer, TicketReference | NotSupported)
    ]
    await asyncio.gather(*(follow_case(one, ticket, record) for one in well))
    lines = [
        f"ticket NOT brought up to date in {system.name}: {what}"
        for system, answer in zip(systems, answers, strict=True)
        if isinstance(answer, TicketReference)
        for what in answer.failed
    ]
    await note_lines(record, lines)
    tickets: list[Json] = []
    failed: dict[str, Exception] = {}
    unfit: dict[str, Exception] = {}
    for system, answer in zip(systems, answers, strict=True):
        if isinstance(answer, TicketReference):
            tickets.append({"system": system.name} | _reference(answer))
        elif isinstance(answer, NotSupported):
            unfit[system.name] = answer
        elif isinstance(answer, Exception):
            failed[system.name] = answer
        else:
            raise answer
    if not tickets:
        why = "; ".join(explain(error) for error in (failed or unfit).values())
        if any(isinstance(error, RetryableError) for error in failed.values()):
            raise RetryableError(why)
        return {"ticket_id": None, "url": None, "error": why, "unfit": not failed}
    missing = {name: explain(error) for name, error in failed.items()}
    first = {key: tickets[0][key] for key in ("ticket_id", "url")}
    return first | {"tickets": tickets, "missing": missing}


def _reference(answer: TicketReference) -> Json:
    return {"ticket_id": answer.ticket_id, "url": answer.url, "own_id": answer.own_id}


def _known(record: Json) -> dict[str, str]:
    """Return the systems' own ids of the tickets that the record knows already."""
    block = record.get("blocks", {}).get(BlockName.NOTIFICATION) or {}
    tickets = (block.get("details") or {}).get("tickets") or []
    return {one["system"]: one["own_id"] for one in tickets if one.get("own_id")}
