"""Telling people in every place they look, in one activity."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from durabletask import task

from activities.communication import comment_incident, notify_analysts
from activities.record import note_in_record
from activities.support import explain, utc_now
from activities.ticketing import open_ticket
from shared.models.base import Json, format_utc, parse_utc
from shared.playbook.reporting.telling import collect_told, note_patch, told_patch

type Part = Callable[[Json], Awaitable[Json]]
"""Tells people in one place."""
type Keep = Callable[[str, Json], Awaitable[bool]]
"""Merges a patch into the record of a case; returns whether it is kept."""


async def tell_people(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Write ticket, channels and incident comment, all at once, and into the record who was told.

    Input: that of ``open_ticket``, whose ``case_id``, ``phase`` and ``why`` the others get, too;
    ``started_at`` when a verdict or the outcomes are told, and ``escalated``
    (``shared.models.sla.Escalated``) when the record is to say what became of it. Output
    ``{"ticket", "channels", "comment"}``, what ``open_ticket``, ``notify_analysts`` and
    ``comment_incident`` returned; ``failed``, which of them is to be tried again; ``at``, when it
    was written into the record, or ``None`` when it was not: storage is away, something failed, or
    a ticketing system did not take it.

    Effect: those of the three, and a patch of the record.
    Idempotency: that of the three; merging the same patch again changes nothing.
    Permission: those of the three; Storage Blob Data Contributor on the case container.
    """
    parts: dict[str, Part] = {
        "ticket": lambda message: open_ticket(_, message),
        "channels": lambda message: notify_analysts(_, message),
        "comment": lambda message: comment_incident(_, message),
    }
    return await tell(payload, parts, note_in_record, utc_now)


async def tell(
    payload: Json, parts: Mapping[str, Part], keep: Keep, clock: Callable[[], datetime]
) -> Json:
    """Tell people by the given parts; see ``tell_people``."""
    message = {key: payload[key] for key in ("case_id", "phase", "why") if key in payload}
    must_exist = {"must_exist": True} if payload.get("must_exist") else {}
    done = await asyncio.gather(
        *(part(message | (must_exist if name == "ticket" else {})) for name, part in parts.items()),
        return_exceptions=True,
    )
    answers: Json = {"failed": [], "at": None}
    for name, one in zip(parts, done, strict=True):
        if isinstance(one, Exception):
            explain(one)
            answers["failed"].append(name)
        elif isinstance(one, BaseException):
            raise one
        else:
            answers[name] = one
    if not answers["failed"] and answers["ticket"].get("ticket_id"):
        at = clock()
        if not answers["ticket"].get("missing") and await keep(
            payload["case_id"], _patch(payload, answers, at)
        ):
            answers["at"] = format_utc(at)
    return answers


def _patch(payload: Json, answers: Json, at: datetime) -> Json:
    told = collect_told(answers["ticket"], answers["channels"], answers["comment"])
    if "started_at" in payload:
        return told_patch(told, payload["phase"], parse_utc(payload["started_at"]), at)
    return note_patch(told, payload["phase"], at, payload.get("escalated"))
