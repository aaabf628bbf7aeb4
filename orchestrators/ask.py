"""Step 5: ask a person, with a deadline; silence has a recorded answer too."""

from datetime import datetime, timedelta

from durabletask import task
from pydantic import ValidationError

from orchestrators.case_file import CaseFile, acknowledged
from orchestrators.flow import Steps, utc_now
from orchestrators.joining import Joins
from orchestrators.names import Event
from orchestrators.standing import Raised, Standing
from shared.models.base import format_utc
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Decision
from shared.playbook.planning.plan import decision_errors


def ask(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, joins: Joins
) -> Steps[Decision | Raised]:
    """Wait for the first valid decision, the deadline, or a judgement that changes the question.

    The question itself is sent by the caller (ticket and channels); this only waits, and notes
    meanwhile who has taken the case. An event that is not a valid decision is ignored, so that
    garbage cannot answer for a person. On silence the decision is ``MonitorOnly`` by
    ``deadline``: nothing is done to the account.
    """
    asked_at = standing.asked_at if standing.questions > 1 else None
    deadline = ctx.create_timer(timedelta(minutes=standing.case.timing.approval_deadline_minutes))
    answer = ctx.wait_for_external_event(str(Event.DECISION))
    taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
    found: Decision | Raised | None = None
    while found is None:
        winner = yield task.when_any([answer, taken, deadline, *joins.pending()])
        if winner is deadline:
            found = _silence(ctx, standing.case)
        elif winner is taken:
            yield from file.write(**acknowledged(ctx, taken.get_result()))
            taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
        elif winner is answer:
            found = _valid(ctx, answer.get_result(), asked_at)
            if found is None:
                answer = ctx.wait_for_external_event(str(Event.DECISION))
        else:
            found = joins.go_on()
    if taken.is_complete:
        yield from file.write(**acknowledged(ctx, taken.get_result()))
    for one in (answer, taken, deadline):
        if not one.is_complete:
            one.cancel()
    return found


def _valid(
    ctx: task.OrchestrationContext, data: object, asked_at: datetime | None
) -> Decision | None:
    """Return the decision of an event, or ``None``; one from before ``asked_at`` answers another.

    The web route sends who decided. The Durable event raised by hand carries only what is posted
    to that route, ``{"actions", "comment"}``: it came from whoever holds the system key.
    """
    if isinstance(data, dict) and "decided_by" not in data:
        by_event = {
            "decided_by": "holder of the system key",
            "decided_at": format_utc(utc_now(ctx)),
            "channel": "event",
        }
        data = {key: data[key] for key in ("actions", "comment") if key in data} | by_event
    try:
        decision = Decision.model_validate(data)
    except ValidationError:
        return None
    if asked_at is not None and decision.decided_at < asked_at:
        return None
    return None if decision_errors(decision.actions) else decision


def _silence(ctx: task.OrchestrationContext, case: CaseRequest) -> Decision:
    minutes = case.timing.approval_deadline_minutes
    return Decision.model_validate(
        {
            "actions": [ActionName.MONITOR_ONLY],
            "comment": f"nobody answered within {minutes:g} minutes",
            "decided_by": "deadline",
            "decided_at": format_utc(utc_now(ctx)),
            "channel": "deadline",
        }
    )
