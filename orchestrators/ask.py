"""Step 5: ask a person, with a deadline; silence has a recorded answer too."""

from datetime import timedelta

from durabletask import task
from pydantic import ValidationError

from orchestrators.case_file import CaseFile, acknowledged
from orchestrators.flow import Steps, utc_now
from orchestrators.names import Event
from shared.models.base import format_utc
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Decision
from shared.playbook.planning.plan import decision_errors


def ask(ctx: task.OrchestrationContext, case: CaseRequest, file: CaseFile) -> Steps[Decision]:
    """Wait for the first valid decision or the deadline, whichever comes first.

    The question itself is sent by the caller (ticket and channels); this only waits, and notes
    meanwhile who has taken the case. An event that is not a valid decision is ignored, so that
    garbage cannot answer for a person. On silence the decision is ``MonitorOnly`` by
    ``deadline``: nothing is done to the account.
    """
    deadline = ctx.create_timer(timedelta(minutes=case.timing.approval_deadline_minutes))
    answer = ctx.wait_for_external_event(str(Event.DECISION))
    taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
    decision: Decision | None = None
    while decision is None:
        winner = yield task.when_any([answer, taken, deadline])
        if winner is deadline:
            decision = _silence(ctx, case)
        elif winner is taken:
            yield from file.write(**acknowledged(ctx, taken.get_result()))
            taken = ctx.wait_for_external_event(str(Event.ACKNOWLEDGED))
        else:
            decision = _valid(ctx, answer.get_result())
            if decision is None:
                answer = ctx.wait_for_external_event(str(Event.DECISION))
    if taken.is_complete:
        yield from file.write(**acknowledged(ctx, taken.get_result()))
    for one in (answer, taken, deadline):
        if not one.is_complete:
            one.cancel()
    return decision


def _valid(ctx: task.OrchestrationContext, data: object) -> Decision | None:
    """Return the decision of an event, or ``None``.

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
