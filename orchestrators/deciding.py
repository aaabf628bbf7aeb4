"""Steps 2 and 3: score and plan in one activity, so that a changed rule cannot break replay."""

from durabletask import task

from orchestrators.flow import Retry, Steps, attempt, case_activity
from orchestrators.gather import Gathered
from orchestrators.names import Activity
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.playbook.planning.decided import Decided, undecided


def decide(
    ctx: task.OrchestrationContext, case: CaseRequest, gathered: Gathered, *, at: str | None = None
) -> Steps[Decided]:
    """Return the verdict and the plan; its blocks join what was gathered. Never fails.

    ``at``: by which hour (UTC) the mode is chosen, where something was decided before.
    """
    payload: Json = {"case": case.to_reader(), "blocks": gathered.blocks}
    if at is not None:
        payload["at"] = at
    settled = yield from attempt(case_activity(ctx, Activity.DECIDE_RESPONSE, payload, Retry.READ))
    if settled.result:
        decided = Decided.model_validate(settled.result)
    else:
        decided = undecided(case, gathered.blocks, settled.error or "no answer")
    gathered.blocks.update(decided.blocks)
    return decided
