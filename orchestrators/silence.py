"""What a deadline without an answer decides, and who may still answer a question."""

from durabletask import task

from orchestrators.breaker import admit
from orchestrators.case_file import CaseFile
from orchestrators.flow import Retry, Steps, attempt, case_activity, utc_now
from orchestrators.names import Activity
from orchestrators.question import Question
from orchestrators.standing import Standing, Todo
from shared.models.base import Json, format_utc
from shared.models.plan import ActionName, Decision, Disposition
from shared.models.policy import Limits
from shared.playbook.planning.answers import DEADLINE, SUPERSEDED
from shared.playbook.planning.plan import NOTHING_TO_DO
from shared.playbook.planning.silence import on_silence

NOBODY = "deadline (policy)"
"""Who decided when nobody did."""


def claim(ctx: task.OrchestrationContext, standing: Standing, mine: Decision) -> Steps[Decision]:
    """Claim the answer of the open question; return the one that was first.

    While the case store is away nobody can claim, people neither: then this one counts.
    """
    payload = {"case_id": standing.case.case_id, "decision": mine.to_json()}
    claimed = yield from attempt(case_activity(ctx, Activity.CLAIM_DECISION, payload, Retry.WRITE))
    return Decision.model_validate(claimed.result["decision"]) if claimed.result else mine


def claim_silence(ctx: task.OrchestrationContext, standing: Standing) -> Steps[Decision]:
    """Claim that nobody has answered in time; what silence does is found out after it."""
    actions = on_silence(standing.decided)
    return (yield from claim(ctx, standing, _nobody(ctx, standing, actions, DEADLINE)))


def claim_newer(ctx: task.OrchestrationContext, standing: Standing) -> Steps[Decision]:
    """Claim that the open question is not asked any more."""
    nothing = [ActionName.NO_ACTION]
    return (yield from claim(ctx, standing, _nobody(ctx, standing, nothing, SUPERSEDED)))


def silence(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, question: Question
) -> Steps[Decision]:
    """Return the decision that silence is.

    What the policy does on silence is automatic containment: what it allows is read again, as
    people may have switched it off since they were asked, and the breaker is asked, too.
    """
    minutes = standing.case.timing.approval_deadline_minutes
    comment = f"nobody answered within {minutes:g} minutes"
    if first := question.first_answer:
        chosen = ", ".join(first.actions)
        comment = f"{first.decided_by} chose {chosen}; no second person within {minutes:g} minutes"
    actions = on_silence(standing.decided)
    if not set(actions) & set(NOTHING_TO_DO):
        actions, why = yield from _still_permitted(ctx, standing, actions)
        comment += f"; not done: {why}" if why else ""
    if actions and not set(actions) & set(NOTHING_TO_DO):
        lines = [
            line
            for line in standing.decided.plan
            if line.disposition is Disposition.ASK and line.action in actions
        ]
        todo = yield from admit(ctx, file, standing, Todo(lines, asks=True))
        if not todo.automatic:
            actions = []
            comment += "; automatic containment is paused"
    actions = actions or [ActionName.MONITOR_ONLY]
    return _nobody(ctx, standing, actions, DEADLINE).model_copy(update={"comment": comment})


def _still_permitted(
    ctx: task.OrchestrationContext, standing: Standing, actions: list[ActionName]
) -> Steps[tuple[list[ActionName], str]]:
    """Return what may be done now; the case goes on with the limits and kinds of now."""
    payload: Json = {
        "case_id": standing.case.case_id,
        "case": standing.case.to_json(),
        "decided": standing.decided.model_copy(update={"blocks": {}, "plan": []}).to_json(),
        "actions": actions,
    }
    found = yield from attempt(case_activity(ctx, Activity.CHECK_SILENCE, payload, Retry.READ))
    if not found.result:
        return [], f"what the policy allows now could not be read: {found.error}"
    decided = standing.decided
    known: Json = {"limits": decided.limits, "kinds": decided.account.get("kinds", [])}
    known |= {name: found.result[name] for name in known if name in found.result}
    standing.decided = decided.model_copy(
        update={
            "limits": Limits.model_validate(known["limits"]),
            "account": decided.account | {"kinds": known["kinds"]},
        }
    )
    return [ActionName(one) for one in found.result["actions"]], found.result["why"]


def _nobody(
    ctx: task.OrchestrationContext, standing: Standing, actions: list[ActionName], channel: str
) -> Decision:
    given = {
        "actions": actions,
        "decided_by": NOBODY if channel == DEADLINE else "a newer judgement",
        "decided_at": format_utc(utc_now(ctx)),
        "channel": channel,
        "question": standing.questions,
        "run": standing.case.run,
    }
    return Decision.model_validate(given)
