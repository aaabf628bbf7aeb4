"""The response to one compromised-account case, from gathering to the end of the watch."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from orchestrators.ask import ask
from orchestrators.case_file import CaseFile
from orchestrators.flow import (
    Retry,
    Settled,
    Steps,
    attempt,
    case_activity,
    settle,
    timeline,
    utc_now,
)
from orchestrators.gather import Gathered, gather
from orchestrators.hand_over import hand_over, tell_of_decision, tell_of_failure, tell_people
from orchestrators.names import Activity, Orchestrator
from orchestrators.under_way import (
    Containment,
    block_addresses,
    contain_account,
    finish_devices,
    start_containment,
)
from orchestrators.watch import watch
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest, CaseStatus
from shared.models.outcome import ActionStatus
from shared.models.plan import Decision, Disposition
from shared.playbook.acting.containment import (
    containment_blocks,
    final_status,
    merge_outcomes,
    not_run,
)
from shared.playbook.planning.decided import Decided, undecided
from shared.playbook.planning.plan import apply_decision
from shared.playbook.reporting.handover import missing_evidence


def respond(ctx: task.OrchestrationContext, payload: Json) -> Generator[task.Task[Any], Any, Json]:
    """Answer one case: gather, decide, plan, open, ask, contain, preserve, hand over, watch.

    Input: a ``CaseRequest``. Output: ``{"case_id", "confidence"}``; everything people read is in
    the case record. No failing part stops it: each block degrades as the seed says. What nobody
    foresaw still reaches people before the orchestration fails.
    """
    case = CaseRequest.model_validate(payload)
    file = CaseFile(ctx, case)
    try:
        return (yield from _respond(ctx, case, file))
    except Exception as error:
        yield from tell_of_failure(ctx, file, f"{type(error).__name__}: {error}")
        raise


def _respond(ctx: task.OrchestrationContext, case: CaseRequest, file: CaseFile) -> Steps[Json]:
    _phase(ctx, CaseStatus.GATHERING)
    file.open()
    gathered = yield from gather(ctx, case)

    _phase(ctx, CaseStatus.DECIDING)
    decided = yield from _decide(ctx, case, gathered)
    case = _with_attack_address(case, decided)
    outcomes = yield from _act(ctx, case, file, gathered, decided)
    has_ticket = yield from hand_over(ctx, file)
    _phase(ctx, final_status(outcomes))
    late = [] if has_ticket else [_start_late_ticket(ctx, case)]
    yield from watch(ctx, case, outcomes)
    yield from settle(late)
    return {"case_id": case.case_id, "confidence": decided.verdict.compromise_confidence_score}


def _with_attack_address(case: CaseRequest, decided: Decided) -> CaseRequest:
    """Return the case with the address that the sign-in log shows, which no incident need name.

    Evidence is kept about it, and "did it hold?" asks for it.
    """
    if decided.address is None or decided.address in case.addresses:
        return case
    return case.model_copy(update={"addresses": [*case.addresses, decided.address]})


def _start_late_ticket(ctx: task.OrchestrationContext, case: CaseRequest) -> task.Task[Any]:
    return ctx.call_sub_orchestrator(
        str(Orchestrator.OPEN_TICKET_LATE),
        input={"case_id": case.case_id},
        instance_id=f"{ctx.instance_id}:ticket",
    )


def _phase(ctx: task.OrchestrationContext, phase: CaseStatus) -> None:
    ctx.set_custom_status({"phase": phase})


def _decide(
    ctx: task.OrchestrationContext, case: CaseRequest, gathered: Gathered
) -> Steps[Decided]:
    """Steps 2 and 3: score and plan in one activity, so that a changed rule cannot break replay."""
    settled = yield from attempt(
        case_activity(
            ctx,
            Activity.DECIDE_RESPONSE,
            {"case": case.to_json(), "blocks": gathered.blocks},
            Retry.READ,
        )
    )
    if settled.result:
        decided = Decided.model_validate(settled.result)
    else:
        decided = undecided(case, gathered.blocks, settled.error or "no answer")
    gathered.blocks.update(decided.blocks)
    return decided


def _act(
    ctx: task.OrchestrationContext,
    case: CaseRequest,
    file: CaseFile,
    gathered: Gathered,
    decided: Decided,
) -> Steps[list[Json]]:
    """Steps 4 to 7: act at once on what may be done, tell people, ask for the rest."""
    automatic = [item for item in decided.plan if item.disposition is Disposition.AUTOMATIC]
    asks = any(item.disposition is Disposition.ASK for item in decided.plan)
    evidence = case_activity(
        ctx,
        Activity.PRESERVE_EVIDENCE,
        {"case": case.to_json(), "user_principal_name": decided.user_principal_name},
        Retry.SAVE,
    )
    contained = start_containment(ctx, case, decided, automatic, 1)
    status = CaseStatus.CONTAINING if contained.acts else CaseStatus.DECIDING
    if asks:
        status = CaseStatus.AWAITING_DECISION
    _phase(ctx, status)
    yield from _write_verdict(ctx, file, gathered, decided, status)
    told = yield from tell_people(ctx, file, "decision_needed" if asks else "opened")

    decision: Decision | None = None
    wanted = [contained]
    left_out: list[Json] = []
    if asks:
        decision = yield from ask(ctx, case, file)
        chosen, left_out = yield from _follow(ctx, case, file, decided, decision)
        wanted.append(chosen)
        yield from tell_of_decision(ctx, case.case_id, told)
    outcomes = left_out
    for under_way in wanted:
        outcomes = merge_outcomes(outcomes, (yield from contain_account(ctx, under_way)))
    preserved = yield from attempt(evidence)
    if any(under_way.takes_minutes for under_way in wanted):
        blocks = _final_blocks(case, gathered, decided, decision, outcomes, preserved)
        del blocks[BlockName.FIREWALL]
        yield from file.write(actions=outcomes, blocks=blocks, timeline=_events(outcomes))
        for under_way in wanted:
            outcomes = merge_outcomes(outcomes, (yield from block_addresses(ctx, under_way)))
            outcomes = merge_outcomes(outcomes, (yield from finish_devices(ctx, under_way)))
    blocks = _final_blocks(case, gathered, decided, decision, outcomes, preserved)
    yield from _write_outcome(file, blocks, outcomes)
    return outcomes


def _write_verdict(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    gathered: Gathered,
    decided: Decided,
    status: CaseStatus,
) -> Steps[None]:
    verdict = decided.verdict
    event = f"verdict {verdict.compromise_confidence_score} ({verdict.score} of 100)"
    yield from file.write(
        status=status,
        verdict=verdict.to_json(),
        plan=[item.to_json() for item in decided.plan],
        blocks=gathered.blocks,
        account=decided.account,
        incident={"context": gathered.context},
        timeline=timeline(ctx, event),
    )


def _follow(
    ctx: task.OrchestrationContext,
    case: CaseRequest,
    file: CaseFile,
    decided: Decided,
    decision: Decision,
) -> Steps[tuple[Containment, list[Json]]]:
    """Start what a person chose; what the guard rails do not let happen shows as skipped."""
    chosen = apply_decision(decided.plan, decision, blockable_address=decided.blockable_address)
    _phase(ctx, CaseStatus.CONTAINING)
    started = start_containment(ctx, case, decided, chosen, 2)
    event = f"decided by {decision.decided_by}: {', '.join(decision.actions)}"
    yield from file.write(
        status=CaseStatus.CONTAINING,
        decision=decision.to_json(),
        timeline=timeline(ctx, event),
    )
    return started, not_run(decision, decided.plan, chosen, utc_now(ctx))


def _final_blocks(
    case: CaseRequest,
    gathered: Gathered,
    decided: Decided,
    decision: Decision | None,
    outcomes: list[Json],
    preserved: Settled,
) -> dict[str, Json]:
    blocks = containment_blocks(
        case, gathered.blocks, decided, decision=decision, outcomes=outcomes
    )
    evidence = preserved.result or {}
    blocks[BlockName.EVIDENCE] = evidence.get("block") or missing_evidence(
        case, preserved.error or "no answer"
    )
    return blocks


def _write_outcome(file: CaseFile, blocks: dict[str, Json], outcomes: list[Json]) -> Steps[None]:
    done = [item["at"] for item in outcomes if item["status"] == ActionStatus.SUCCEEDED]
    yield from file.write(
        status=final_status(outcomes),
        actions=outcomes,
        blocks=blocks,
        sla={"contained_at": min(done, default=None)},
        timeline=_events(outcomes),
    )


def _events(outcomes: list[Json]) -> list[Json]:
    return [
        {"at": item["at"], "event": f"{item['action']} on {item['target']}: {item['status']}"}
        for item in outcomes
    ]
