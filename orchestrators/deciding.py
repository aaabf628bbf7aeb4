"""Steps 2 and 3: score and plan in one activity, so that a changed rule cannot break replay."""

from durabletask import task

from orchestrators.flow import Retry, Steps, attempt, case_activity
from orchestrators.gather import Gathered
from orchestrators.names import Activity
from shared.models.case import CaseRequest
from shared.playbook.planning.decided import Decided, undecided


def decide(ctx: task.OrchestrationContext, case: CaseRequest, gathered: Gathered) -> Steps[Decided]:
    """Return the verdict and the plan; its blocks join what was gathered. Never fails."""
    settled = yield from attempt(
        case_activity(
            ctx,
            Activity.DECIDE_RESPONSE,
            {"case": case.to_reader(), "blocks": gathered.blocks},
            Retry.READ,
        )
    )
    if settled.result:
        decided = Decided.model_validate(settled.result)
    else:
        decided = undecided(case, gathered.blocks, settled.error or "no answer")
    gathered.blocks.update(decided.blocks)
    return decided
