"""Under the account's lock: what another case has done to the account already is not done again."""

from datetime import datetime, timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.flow import Steps, attempt, utc_now
from orchestrators.names import Entity
from orchestrators.read_back import WAIT_SECONDS, ReadBack, read_state
from shared.models.base import Json, parse_utc
from shared.models.directory import AccountState
from shared.models.plan import PlannedAction
from shared.playbook.acting.covered import (
    COVERABLE,
    Deed,
    covered_outcome,
    covering,
    deeds_of,
    disproved,
    is_shown,
)

PATIENCE = timedelta(seconds=sum(WAIT_SECONDS))
"""How long who did something waits for the directory to show it."""


def leave_out_covered(
    ctx: task.OrchestrationContext,
    payload: Json,
    planned: list[PlannedAction],
    reading: task.Task[Any],
) -> Steps[tuple[list[PlannedAction], list[Json]]]:
    """Return what is left to do, and the outcomes of what another case has done.

    ``payload["attacked_at"]`` is the last sign-in of the attacker that the case knows of. The
    account's own entity, which this orchestration has locked, says what was done; the directory,
    of which ``reading`` is under way, says whether it shows. What was done within the last minute
    may not show yet, and is looked for again, as whoever did it does. When either does not answer,
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
    shown = yield from _wait_until_shown(ctx, payload, list(found.values()), attacked_at, reading)
    at = utc_now(ctx)
    outcomes = [
        covered_outcome(line, found[line.action], at)
        for line in planned
        if line.action in found and found[line.action] in shown
    ]
    covered = {item["action"] for item in outcomes}
    return [line for line in planned if line.action not in covered], outcomes


def _wait_until_shown(
    ctx: task.OrchestrationContext,
    payload: Json,
    deeds: list[Deed],
    attacked_at: datetime,
    reading: task.Task[Any],
) -> Steps[list[Deed]]:
    """Return the deeds that the directory shows; young ones are given the time of a read-back."""
    shown: list[Deed] = []
    for wait in (*WAIT_SECONDS, None):
        answer = (yield from attempt(reading)).result
        if answer is None:
            break
        state = AccountState.model_validate(answer)
        shown = [deed for deed in deeds if is_shown(deed, state, attacked_at=attacked_at)]
        since = utc_now(ctx) - PATIENCE
        if wait is None or not any(deed.at > since for deed in deeds if deed not in shown):
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        reading = read_state(ctx, payload)
    return shown


def remember_deeds(
    ctx: task.OrchestrationContext, payload: Json, seen: ReadBack
) -> Steps[list[Json]]:
    """Let the account remember what was done here, while it is still locked; return that."""
    deeds = deeds_of(payload["case_id"], seen.outcomes, seen.before)
    if deeds:
        yield from attempt(ctx.call_entity(_entity(payload), "remember", deeds))
    return deeds


def forget_disproved(
    ctx: task.OrchestrationContext, payload: Json, deeds: list[Json], seen: ReadBack
) -> None:
    """Let the account forget what was remembered before its read-back, which then denied it."""
    if denied := disproved(deeds, seen.outcomes):
        ctx.signal_entity(_entity(payload), "forget", denied)


def _entity(payload: Json) -> EntityInstanceId:
    return EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])
