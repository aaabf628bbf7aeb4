"""Under the account's lock: what another case has done to the account already is not done again."""

from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Steps, attempt, utc_now
from orchestrators.names import Entity
from shared.models.base import Json, parse_utc
from shared.models.directory import AccountState
from shared.models.plan import PlannedAction
from shared.playbook.acting.covered import (
    COVERABLE,
    Deed,
    covered_outcome,
    covering,
    deeds_of,
    is_shown,
)


def leave_out_covered(
    ctx: task.OrchestrationContext,
    payload: Json,
    planned: list[PlannedAction],
    reading: task.Task[Any],
) -> Steps[tuple[list[PlannedAction], list[Json]]]:
    """Return what is left to do, and the outcomes of what another case has done.

    ``payload["attacked_at"]`` is the last sign-in of the attacker that the case knows of. The
    account's own entity, which this orchestration has locked, says what was done; the directory,
    of which ``reading`` is under way, says whether it shows. When either does not answer,
    everything is done.
    """
    attacked_at = parse_utc(payload["attacked_at"]) if payload.get("attacked_at") else None
    if attacked_at is None or not any(line.action in COVERABLE for line in planned):
        return planned, []
    known = yield from attempt(ctx.call_entity(_entity(payload), "deeds"))
    deeds = [Deed.model_validate(item) for item in known.result or []]
    found = {
        line.action: deed
        for line in planned
        if (deed := covering(line, deeds, case_id=payload["case_id"], attacked_at=attacked_at))
    }
    if not found:
        return planned, []
    shown = (yield from attempt(reading)).result
    state = AccountState.model_validate(shown) if shown else None
    at = utc_now(ctx)
    outcomes = [
        covered_outcome(line, found[line.action], at)
        for line in planned
        if state is not None
        and line.action in found
        and is_shown(found[line.action], state, attacked_at=attacked_at)
    ]
    covered = {item["action"] for item in outcomes}
    return [line for line in planned if line.action not in covered], outcomes


def remember_deeds(
    ctx: task.OrchestrationContext, payload: Json, outcomes: list[Json]
) -> Steps[None]:
    """Let the account remember what was done and verified here, while it is still locked."""
    deeds = deeds_of(payload["case_id"], outcomes)
    if deeds:
        yield from attempt(ctx.call_entity(_entity(payload), "remember", deeds))


def _entity(payload: Json) -> EntityInstanceId:
    return EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])
