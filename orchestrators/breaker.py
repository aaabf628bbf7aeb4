"""The blast-radius breaker: asked before a case contains by itself."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

from durabletask import task
from durabletask.entities import EntityInstanceId

from orchestrators.case_file import CaseFile
from orchestrators.flow import Retry, Steps, attempt, case_activity, save, timeline, utc_now
from orchestrators.names import BREAKER_KEY, Activity, Entity, Orchestrator
from orchestrators.standing import Standing, Todo
from shared.models.account_kind import AccountKind
from shared.models.base import Json, format_utc, parse_utc
from shared.models.case import CaseRequest
from shared.models.plan import Disposition
from shared.playbook.planning.blast_radius import Admission, Asked
from shared.playbook.planning.plan import NOTHING_TO_DO, hold_plan
from shared.playbook.reporting.told import SENT, whom

VERDICT_SECONDS = 5
"""Time for the case to write its verdict, which the page quotes."""
EARLY_VERDICT_SECONDS = 60
"""The same, when the case asks before everything was gathered."""
PAGE_RETRY_MINUTES = (0, 1, 2, 5, 10, 15, 30, 60, 60, 60)
"""Waits before the page is tried again while no channel takes it: about 4 hours in all."""


def admit(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    standing: Standing,
    todo: Todo,
    *,
    page_after: int = VERDICT_SECONDS,
) -> Steps[Todo]:
    """Return what may be done by itself; when the breaker is open, all of it is asked instead.

    A case that has begun early was admitted then, with all that its verdict calls for. The one case
    that trips the breaker has the SOC told before it does anything else.
    """
    acts = any(line.action not in NOTHING_TO_DO for line in todo.automatic)
    if standing.begun is not None or not acts:
        return todo
    asked = yield from _asked(ctx, standing)
    key = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)
    answer = yield ctx.call_entity(key, "admit", asked.to_json())
    admission = Admission.model_validate(answer)
    if admission.admitted:
        standing.counted_as = asked.privileged or standing.counted_as or False
        return todo
    if admission.first:
        _start_page(ctx, file, standing, admission.why, page_after)
    standing.held = True
    held = hold_plan(standing.decided.plan, admission.why)
    standing.decided = standing.decided.model_copy(update={"plan": held})
    asks = any(line.disposition is Disposition.ASK for line in held)
    return Todo([], asks)


def count_users(ctx: task.OrchestrationContext, case: CaseRequest) -> task.Task[Any]:
    """Have the directory's users counted while the case is gathered: nobody waits for it."""
    return case_activity(ctx, Activity.COUNT_USERS, {"case_id": case.case_id}, Retry.READ)


def _asked(ctx: task.OrchestrationContext, standing: Standing) -> Steps[Asked]:
    known: Json = {}
    if standing.users is not None:
        known = (yield from attempt(standing.users)).result or {}
    kinds = standing.decided.account.get("kinds", ())
    privileged = bool({AccountKind.PRIVILEGED, AccountKind.UNKNOWN}.intersection(kinds))
    return Asked(
        case_id=standing.case.case_id,
        at=parse_utc(format_utc(utc_now(ctx))),
        limits=standing.decided.limits,
        users=known.get("users"),
        privileged_users=known.get("privileged"),
        privileged=privileged,
        counted=standing.counted_as is not None and standing.counted_as >= privileged,
        held=standing.held,
    )


def _start_page(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, why: str, after: int
) -> None:
    """Start what tells the SOC: an orchestration of its own, which outlives a case that breaks."""
    payload: Json = {"case_id": standing.case.case_id, "why": why, "record": file.record}
    if after != VERDICT_SECONDS:
        payload["after_seconds"] = after
    number = len(standing.pages) + 1
    standing.pages.append(
        ctx.call_sub_orchestrator(
            str(Orchestrator.PAGE_SOC),
            input=payload,
            instance_id=f"{ctx.instance_id}:paused:{number}",
        )
    )


def page_soc(ctx: task.OrchestrationContext, payload: Json) -> Generator[task.Task[Any], Any, bool]:
    """Tell the SOC that nothing is contained without a person any more, until a channel takes it.

    Input: ``{"case_id": the case that tripped the breaker, "why", "record": for the case that
    storage is away, "after_seconds": time for the verdict}``. Output: whether somebody was told.
    Never fails.
    """
    case_id, why = payload["case_id"], payload["why"]
    message = {"case_id": case_id, "phase": "paused", "why": why, "record": payload["record"]}
    yield ctx.create_timer(timedelta(seconds=payload.get("after_seconds", VERDICT_SECONDS)))
    for minutes in PAGE_RETRY_MINUTES:
        if minutes:
            yield ctx.create_timer(timedelta(minutes=minutes))
        page = case_activity(ctx, Activity.NOTIFY_ANALYSTS, message, Retry.SAVE)
        told = (yield from attempt(page)).result
        if told:
            reached = SENT in told["channels"].values()
            word = "SOC told" if reached else "the SOC could NOT be told"
            event = f"{word} that {why}: {whom(told['channels'])}"
            yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))
            return reached
    event = f"the SOC could NOT be told that {why}"
    yield from attempt(save(ctx, case_id, {"timeline": timeline(ctx, event)}))
    return False
