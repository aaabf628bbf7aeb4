"""Steps 4 and 8: open the ticket and tell people at once; complete both at the end."""

from durabletask import task

from orchestrators.case_file import CaseFile
from orchestrators.flow import (
    Retry,
    Steps,
    attempt,
    case_activity,
    settle,
    timeline,
    utc_now,
)
from orchestrators.late_ticket import is_complete, may_open
from orchestrators.names import Activity
from orchestrators.question import Question
from orchestrators.telling import tell_in_one_go
from shared.models.base import Json, format_utc
from shared.models.case import CaseStatus
from shared.playbook.reporting.telling import has_reached, told_patch
from shared.playbook.reporting.tickets_kept import known_tickets


def tell_people(ctx: task.OrchestrationContext, file: CaseFile, phase: str) -> Steps[Json]:
    """Write the ticket, the channels and the incident's comment in parallel; never fails.

    When the ticket cannot be written, the emergency e-mail with the whole summary goes out
    (seed 004 block 8). Returns what the block ``Incident_Creation_Notification`` needs.
    """
    started = utc_now(ctx)
    message: Json = {"case_id": file.case_id, "phase": phase, "started_at": format_utc(started)}
    opening = {} if may_open(ctx, file) else {"must_exist": True}
    answers = yield from tell_in_one_go(ctx, message | opening)
    told = answers.told()
    if not told["ticket"].get("ticket_id"):
        yield from _emergency(ctx, file, told)
    told["ticket"]["there"] = _there(file, told["ticket"])
    patch = told_patch(told, phase, started, answers.at or utc_now(ctx))
    stored = answers.at is not None
    yield from file.write(patiently=phase == "completed", stored=stored, **patch)
    return told


def _emergency(ctx: task.OrchestrationContext, file: CaseFile, told: Json) -> Steps[None]:
    """Send the whole summary, because no ticketing system takes it."""
    message: Json = {
        "case_id": file.case_id,
        "phase": "emergency",
        "why": str(told["ticket"].get("error")),
        "record": file.record,
    }
    sent = yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE))
    told["emergency"] = (sent.result or {}).get("channels", {}) or {"all": sent.error}
    told["states"] |= (sent.result or {}).get("states", {})


def reached(told: Json) -> bool:
    """Return whether anybody was told: a ticket is there, or a channel has taken the message."""
    return has_reached(told)


def change_messages(
    ctx: task.OrchestrationContext, case_id: str, phase: str, question: Question
) -> Steps[None]:
    """Change the messages that ask, where a channel can: what became of it, and no button.

    ``phase``: ``decided``, or ``overtaken`` by a newer question or verdict.
    """
    message = {"case_id": case_id, "phase": phase}
    references = yield from question.take_messages(wait=phase == "decided")
    yield from settle(
        [
            case_activity(ctx, Activity.NOTIFY_ANALYSTS, message | {"references": one}, Retry.READ)
            for one in references
        ]
    )


def tell_of_failure(ctx: task.OrchestrationContext, file: CaseFile, why: str) -> Steps[None]:
    """Tell people that the response itself broke off: they have to take over by hand."""
    ctx.set_custom_status({"phase": CaseStatus.FAILED})
    event = f"the response broke off: {why}"
    if file.begun:
        event = f"{file.begun} begun, look whether it is done; {event}"
    yield from file.write(status=CaseStatus.FAILED, timeline=timeline(ctx, event))
    case_id = file.case_id
    message = {"case_id": case_id, "phase": "broke_off", "why": event, "record": file.record}
    yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE))


def _there(file: CaseFile, ticket: Json) -> dict[str, str]:
    """Return by system the tickets that the case has although they could not be written to now."""
    if is_complete(ticket):
        return {}
    written = {one["system"] for one in ticket.get("tickets", ())}
    known = known_tickets(file.record)
    return {name: str(one["ticket_id"]) for name, one in known.items() if name not in written}


def hand_over(ctx: task.OrchestrationContext, file: CaseFile) -> Steps[Json]:
    """Complete ticket and messages, from a record that has everything.

    Returns what became of the ticket, as ``Activity.OPEN_TICKET``, with ``there``: by system, the
    tickets that could not be completed.
    """
    yield from file.catch_up()
    told = yield from tell_people(ctx, file, "completed")
    ticket: Json = told["ticket"]
    return ticket
