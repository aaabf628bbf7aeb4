"""The blast-radius breaker: asked before a case contains by itself."""

from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Retry, Steps, attempt, case_activity, utc_now
from orchestrators.names import BREAKER_KEY, Activity, Entity
from orchestrators.standing import Standing, Todo
from shared.models.account_kind import AccountKind
from shared.models.base import format_utc, parse_utc
from shared.models.case import CaseRequest
from shared.models.plan import Disposition
from shared.playbook.planning.blast_radius import Admission, Asked
from shared.playbook.planning.plan import NOTHING_TO_DO, hold_plan


def admit(
    ctx: task.OrchestrationContext, standing: Standing, todo: Todo
) -> Steps[tuple[Todo, str | None]]:
    """Return what may be done by itself; when the breaker is open, all of it is asked instead.

    The text beside it is for the SOC: set for the one case that tripped the breaker.
    """
    if not any(line.action not in NOTHING_TO_DO for line in todo.automatic):
        return todo, None
    asked = yield from _asked(ctx, standing)
    key = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)
    answer = yield ctx.call_entity(key, "admit", asked.to_json())
    admission = Admission.model_validate(answer)
    if admission.admitted:
        standing.counted_as = asked.privileged or standing.counted_as or False
        return todo, None
    standing.held = True
    held = hold_plan(standing.decided.plan, admission.why)
    standing.decided = standing.decided.model_copy(update={"plan": held})
    asks = any(line.disposition is Disposition.ASK for line in held)
    return Todo([], asks), admission.why if admission.first else None


def count_users(ctx: task.OrchestrationContext, case: CaseRequest) -> task.Task[Any]:
    """Have the directory's users counted while the case is gathered: nobody waits for it."""
    return case_activity(ctx, Activity.COUNT_USERS, {"case_id": case.case_id}, Retry.READ)


def _asked(ctx: task.OrchestrationContext, standing: Standing) -> Steps[Asked]:
    users = None
    if standing.users is not None:
        users = ((yield from attempt(standing.users)).result or {}).get("users")
    kinds = standing.decided.account.get("kinds", ())
    privileged = bool({AccountKind.PRIVILEGED, AccountKind.UNKNOWN}.intersection(kinds))
    return Asked(
        case_id=standing.case.case_id,
        at=parse_utc(format_utc(utc_now(ctx))),
        limits=standing.decided.limits,
        users=users,
        privileged=privileged,
        counted=standing.counted_as is not None and standing.counted_as >= privileged,
        held=standing.held,
    )


def page(ctx: task.OrchestrationContext, case_id: str, why: str) -> Steps[None]:
    """Tell the SOC that nothing is contained without a person any more."""
    message = {"case_id": case_id, "phase": "paused", "why": why}
    yield from attempt(case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE))
