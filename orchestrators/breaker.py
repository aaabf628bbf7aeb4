"""The blast-radius breaker: asked before a case contains by itself."""

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Retry, Steps, attempt, case_activity, utc_now
from orchestrators.names import BREAKER_KEY, Activity, Entity
from orchestrators.standing import Standing, Todo
from shared.models.base import format_utc
from shared.models.plan import Disposition
from shared.playbook.planning.blast_radius import Admission
from shared.playbook.planning.plan import NOTHING_TO_DO, hold_plan


def admit(
    ctx: task.OrchestrationContext, standing: Standing, todo: Todo
) -> Steps[tuple[Todo, str | None]]:
    """Return what may be done by itself; when the breaker is open, all of it is asked instead.

    The text beside it is for the SOC: set for the one case that tripped the breaker.
    """
    if not any(line.action not in NOTHING_TO_DO for line in todo.automatic):
        return todo, None
    answer = yield ctx.call_entity(
        EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY),
        "admit",
        {
            "case_id": standing.case.case_id,
            "at": format_utc(utc_now(ctx)),
            "limit": standing.decided.automatic_limit_per_hour,
        },
    )
    admission = Admission.model_validate(answer)
    if admission.admitted:
        return todo, None
    held = hold_plan(standing.decided.plan, admission.why)
    standing.decided = standing.decided.model_copy(update={"plan": held})
    asks = any(line.disposition is Disposition.ASK for line in held)
    return Todo([], asks), admission.why if admission.first else None


def page(ctx: task.OrchestrationContext, case_id: str, why: str) -> Steps[None]:
    """Tell the SOC that nothing is contained without a person any more."""
    message = {"case_id": case_id, "phase": "paused", "why": why}
    yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE))
