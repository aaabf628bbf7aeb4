"""The response to one compromised-account case, from gathering to the end of the watch."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from orchestrators.acting import Round, act, set_phase
from orchestrators.breaker import count_users
from orchestrators.case_file import CaseFile
from orchestrators.clocks import CaseClocks
from orchestrators.deciding import decide
from orchestrators.early import contain_early
from orchestrators.evidence import preserve, seal_and_tell, seal_at_the_end
from orchestrators.flow import Steps, settle, utc_now
from orchestrators.gather import Gathering
from orchestrators.hand_over import hand_over, tell_of_failure
from orchestrators.joining import Joins, release
from orchestrators.late_ticket import complete_later
from orchestrators.standing import Standing, first_todo
from orchestrators.watch import watch
from shared.models.base import Json
from shared.models.case import CaseRequest, CaseStatus
from shared.models.run import name_run
from shared.playbook.acting.containment import final_status
from shared.playbook.planning.decided import Decided

_NOT_LOOKED_AT = (
    "incidents that joined were looked at by nobody; send them again (run the playbook on them), "
    "and they get a case"
)


def respond(ctx: task.OrchestrationContext, payload: Json) -> Generator[task.Task[Any], Any, Json]:
    """Answer one case: gather, decide, plan, open, ask, contain, preserve, hand over, watch.

    Input: a ``CaseRequest``. Output: ``{"case_id", "confidence"}``; everything people read is in
    the case record. No failing part stops it: each block degrades as the seed says. What nobody
    foresaw still reaches people before the orchestration fails.
    """
    started = name_run(utc_now(ctx))
    case = CaseRequest.model_validate(payload).model_copy(update={"run": started})
    file, clocks = CaseFile(ctx, case), CaseClocks(ctx, case)
    try:
        return (yield from _respond(ctx, case, file, clocks))
    except Exception as error:
        yield from tell_of_failure(ctx, file, f"{type(error).__name__}: {error}")
        if (yield from release(ctx, case)):
            yield from tell_of_failure(ctx, file, _NOT_LOOKED_AT)
        yield from clocks.end()
        raise


def _respond(
    ctx: task.OrchestrationContext, case: CaseRequest, file: CaseFile, clocks: CaseClocks
) -> Steps[Json]:
    set_phase(ctx, CaseStatus.GATHERING)
    file.open()
    users = count_users(ctx, case) if case.account else None
    gathering = Gathering(ctx, case)
    early = yield from contain_early(ctx, file, case, gathering, clocks, users)
    gathered = yield from gathering.finish()

    set_phase(ctx, CaseStatus.DECIDING)
    decided = yield from decide(ctx, case, gathered)
    about = _with_attack_address(case, decided)
    standing = early.standing if early else Standing(about, gathered, decided, clocks, users=users)
    standing.know(about, gathered, decided)
    joins = Joins(ctx, standing)
    evidence = preserve(ctx, standing)
    first = Round(ctx, file, standing, joins, evidence, under_way=early.under_way if early else [])
    yield from act(first, first_todo(standing.decided))
    ticket = yield from hand_over(ctx, file)
    clocks.handed_over()
    set_phase(ctx, final_status(standing.outcomes))
    complete_later(ctx, file, ticket)
    while raised := (yield from watch(ctx, standing, joins)):
        raised.adopt(standing)
        evidence = preserve(ctx, standing)
        yield from act(Round(ctx, file, standing, joins, evidence), raised.todo)
        ticket = yield from hand_over(ctx, file)
        complete_later(ctx, file, ticket)
        clocks.handed_over()
        set_phase(ctx, final_status(standing.outcomes))
    yield from clocks.end()
    yield from seal_at_the_end(ctx, evidence, standing.late_notes)
    every = (one for blocks in standing.blocks.values() for one in blocks)
    blocks = [one for one in every if not one.is_complete]
    # Late tickets are not waited for: they may take a year, and go on without the case.
    yield from settle([*standing.links.values(), *standing.pages, *blocks])
    if blocks:
        yield from seal_and_tell(ctx, standing.case, "blocks ended", standing.late_notes)
    confidence = standing.decided.verdict.compromise_confidence_score
    return {"case_id": case.case_id, "confidence": confidence}


def _with_attack_address(case: CaseRequest, decided: Decided) -> CaseRequest:
    """Return the case with the address that the sign-in log shows, which no incident need name.

    Evidence is kept about it, and "did it hold?" asks for it.
    """
    if decided.address is None or decided.address in case.addresses:
        return case
    return case.model_copy(update={"addresses": [*case.addresses, decided.address]})
