"""Telling people in every place they look of what happened since they were told last."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    problem,
    save,
    settle,
    utc_now,
)
from orchestrators.names import Activity
from shared.models.base import Json, parse_utc
from shared.playbook.reporting.telling import collect_told, has_reached, note_patch
from shared.playbook.reporting.told import SENT

_ADD_ONLY: Json = {"must_exist": True}
_PARTS = {
    "ticket": Activity.OPEN_TICKET,
    "channels": Activity.NOTIFY_ANALYSTS,
    "comment": Activity.COMMENT_INCIDENT,
}


def tell_again(
    ctx: task.OrchestrationContext, payload: Json
) -> Generator[task.Task[Any], Any, Json]:
    """Tell people again of a case that waits for them, beside the case, which goes on waiting.

    Input: ``{"case_id", "phase": reminder, escalated, second_needed, or one of the service levels,
    "why": what is new}``, with ``escalated`` (``shared.models.sla.Escalated``) when the record is
    to say what became of it, and ``first`` while nobody was told of the case. Output:
    ``{"references": {channel: the message's id}, "reached": whether anybody was told}``.
    """
    case_id, phase, why = payload["case_id"], payload["phase"], payload["why"]
    first = bool(payload.get("first"))
    told = yield from tell_everywhere(
        ctx, case_id, phase, why, payload.get("escalated"), is_first=first
    )
    return {name: told[name] for name in ("references", "reached")}


def tell_everywhere(
    ctx: task.OrchestrationContext,
    case_id: str,
    phase: str,
    why: str = "",
    escalated: Json | None = None,
    *,
    is_first: bool = False,
) -> Steps[Json]:
    """Write ticket, channels and incident comment for ``phase``; never fails.

    No ticket is opened, unless this is the first message and no channel takes it: a ticket before
    the verdict is better than nobody who knows. One that is there is known to the record from now
    on.

    Who was reached and who was not is written to the case's timeline, and to ``escalated`` among
    its service levels. Returns ``{"references"}`` of the messages, whether anybody was ``reached``,
    and of the ticket why it was ``refused``, if it was, and the systems that have it ``written``.
    """
    message: Json = {"case_id": case_id, "phase": phase} | ({"why": why} if why else {})
    asked = message | _ADD_ONLY | ({"escalated": escalated} if escalated is not None else {})
    answers = yield from tell_in_one_go(ctx, asked, Retry.SAVE)
    told = answers.told()
    states: Json = told["channels"]
    if is_first and SENT not in states.values() and not told["ticket"].get("ticket_id"):
        opening = case_activity(ctx, Activity.OPEN_TICKET, message, Retry.SAVE)
        answers = replace(answers, ticket=(yield from attempt(opening)), at=None)
        told = answers.told()
    if answers.at is None:
        patch = note_patch(told, phase, utc_now(ctx), escalated)
        yield from attempt(save(ctx, case_id, patch))
    return {
        "references": told["references"],
        "reached": has_reached(told),
        "refused": problem(answers.ticket),
        "written": [one["system"] for one in told["ticket"].get("tickets", ())],
    }


@dataclass(frozen=True)
class Answers:
    """What came of telling people in every place."""

    ticket: Settled
    channels: Settled
    comment: Settled
    at: datetime | None
    """When that was written into the record; ``None``: it is still to be written."""

    def told(self) -> Json:
        """Return all of it; see ``collect_told``."""
        every = (self.ticket, self.channels, self.comment)
        return collect_told(*(dict(one.result or {"error": one.error}) for one in every))


def tell_in_one_go(
    ctx: task.OrchestrationContext, payload: Json, again: task.RetryPolicy | None = None
) -> Steps[Answers]:
    """Write ticket, channels and incident comment; never fails.

    One activity tells them all: its events are a sixth of those of three and a write of the record.
    What fails in it is tried again by itself, a second later; ticket and channels by the policy
    ``again``, if it is given.
    """
    once = yield from attempt(ctx.call_activity(str(Activity.TELL_PEOPLE), input=payload))
    answer: Json = once.result or {"failed": list(_PARTS), "at": None}
    done = {name: Settled(answer.get(name)) for name in _PARTS}
    if failed := answer["failed"]:
        yield ctx.create_timer(timedelta(seconds=1))
        message = {key: payload[key] for key in ("case_id", "phase", "why") if key in payload}
        add_only = {"must_exist": True} if payload.get("must_exist") else {}
        tasks: list[task.Task[Any]] = [
            ctx.call_activity(
                str(_PARTS[name]),
                input=message | (add_only if name == "ticket" else {}),
                retry_policy=None if name == "comment" else again,
            )
            for name in failed
        ]
        done |= dict(zip(failed, (yield from settle(tasks)), strict=True))
    at = parse_utc(answer["at"]) if answer["at"] else None
    return Answers(done["ticket"], done["channels"], done["comment"], at)
