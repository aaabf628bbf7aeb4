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
    is_shown,
    may_show_later,
    proved,
    unproved,
)

PATIENCE = timedelta(seconds=sum(WAIT_SECONDS))
"""How long who did something waits for the directory to show it."""


def leave_out_covered(
    ctx: task.OrchestrationContext,
    payload: Json,
    planned: list[PlannedAction],
    reading: task.Task[Any],
) -> Steps[tuple[list[PlannedAction], list[Json], task.Task[Any]]]:
    """Return what is left to do, the outcomes of what another case has done, the last reading.

    ``payload["attacked_at"]`` is the last sign-in of the attacker that the case knows of. The
    account's own entity, which this orchestration has locked, says what was done; the directory,
    of which ``reading`` is under way, says whether it shows. What is still being read back may not
    show yet, and is looked for again, as whoever did it does. What has not shown when either does
    not answer is left to do.
    """
    attacked_at = parse_utc(payload["attacked_at"]) if payload.get("attacked_at") else None
    if attacked_at is None or not any(line.action in COVERABLE for line in planned):
        return planned, [], reading
    known = yield from attempt(ctx.call_entity(_entity(payload), "deeds"))
    deeds = [Deed.model_validate(item) for item in known.result or []]
    found = {
        line.action: deed
        for line in planned
        if (deed := covering(line, deeds, case_id=payload["case_id"], attacked_at=attacked_at))
    }
    if not found:
        return planned, [], reading
    shown, reading = yield from _wait_until_shown(
        ctx, payload, list(found.values()), attacked_at, reading
    )
    at = utc_now(ctx)
    outcomes = [
        covered_outcome(line, found[line.action], at)
        for line in planned
        if line.action in found and found[line.action] in shown
    ]
    covered = {item["action"] for item in outcomes}
    return [line for line in planned if line.action not in covered], outcomes, reading


def _wait_until_shown(
    ctx: task.OrchestrationContext,
    payload: Json,
    deeds: list[Deed],
    attacked_at: datetime,
    reading: task.Task[Any],
) -> Steps[tuple[list[Deed], task.Task[Any]]]:
    """Return the deeds that the directory shows, or has shown, and the last reading.

    Those still being read back are given that time, where the account looks as they found it.
    """
    shown: list[Deed] = []
    for wait in (*WAIT_SECONDS, None):
        answer = (yield from attempt(reading)).result
        if answer is None:
            break
        state = AccountState.model_validate(answer)
        missing = [deed for deed in deeds if deed not in shown]
        shown += [deed for deed in missing if is_shown(deed, state, attacked_at=attacked_at)]
        since = utc_now(ctx) - PATIENCE
        late = [deed for deed in missing if deed not in shown and may_show_later(deed, state)]
        if wait is None or not any(deed.at > since for deed in late):
            break
        yield ctx.create_timer(timedelta(seconds=wait))
        reading = read_state(ctx, payload)
    return shown, reading


def remember_deeds(
    ctx: task.OrchestrationContext, payload: Json, seen: ReadBack
) -> Steps[list[Json]]:
    """Let the account remember what was done here, while it is still locked; return that."""
    deeds = deeds_of(payload["case_id"], seen.outcomes, seen.before)
    if deeds:
        yield from attempt(ctx.call_entity(_entity(payload), "remember", deeds))
    return deeds


def settle_deeds(
    ctx: task.OrchestrationContext, payload: Json, deeds: list[Json], seen: ReadBack
) -> None:
    """Let the account know what became of the deeds when they were read back."""
    if shown := proved(deeds, seen.outcomes):
        ctx.signal_entity(_entity(payload), "remember", shown)
    if missing := unproved(deeds, seen.outcomes):
        ctx.signal_entity(_entity(payload), "forget", missing)


def _entity(payload: Json) -> EntityInstanceId:
    return EntityInstanceId(str(Entity.ACCOUNT), payload["account_key"])
