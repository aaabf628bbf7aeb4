"""Under the account's lock: what another case has done to the account already is not done again."""

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Steps, attempt, utc_now
from orchestrators.names import Entity
from shared.models.base import Json, parse_utc
from shared.models.plan import PlannedAction
from shared.playbook.acting.covered import (
    COVERABLE,
    Deed,
    covered_outcome,
    covering,
    deeds_of,
)


def leave_out_covered(
    ctx: task.OrchestrationContext, payload: Json, planned: list[PlannedAction]
) -> Steps[tuple[list[PlannedAction], list[Json]]]:
    """Return what is left to do, and the outcomes of what another case has done.

    ``payload["attacked_at"]`` is the last sign-in of the attacker that the case knows of. Only the
    account's own entity is asked, which this orchestration has locked; when it does not answer,
    everything is done.
    """
    attacked_at = payload.get("attacked_at")
    if attacked_at is None or not any(line.action in COVERABLE for line in planned):
        return planned, []
    known = yield from attempt(ctx.call_entity(_entity(payload), "deeds"))
    deeds = [Deed.model_validate(item) for item in known.result or []]
    left: list[PlannedAction] = []
    outcomes: list[Json] = []
    for line in planned:
        deed = covering(line, deeds, case_id=payload["case_id"], attacked_at=parse_utc(attacked_at))
        if deed is None:
            left.append(line)
        else:
            outcomes.append(covered_outcome(line, deed, utc_now(ctx)))
    return left, outcomes


def remember_deeds(
    ctx: task.OrchestrationContext, payload: Json, outcomes: list[Json]
) -> Steps[None]:
    """Let the account remember what was done and verified here, while it is still locked."""
    deeds = deeds_of(payload["case_id"], outcomes)
    if deeds:
        yield from attempt(ctx.call_entity(_entity(payload), "remember", deeds))


def _entity(payload: Json) -> EntityInstanceId:
    return EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])
