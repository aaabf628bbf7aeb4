"""Steps 4 to 7: act at once on what may be done, tell people, ask for the rest."""

from dataclasses import dataclass, field

from durabletask import task

from orchestrators.ask import answered_first, ask, needs_second, refuse_closing
from orchestrators.breaker import admit
from orchestrators.campaign import start_linking
from orchestrators.case_file import CaseFile, reviewed
from orchestrators.evidence import Preserving, exported, seal
from orchestrators.flow import Steps, timeline, utc_now
from orchestrators.hand_over import change_messages, reached, tell_people
from orchestrators.joining import Joins
from orchestrators.question import SECOND, Question
from orchestrators.silence import silence
from orchestrators.standing import Raised, Standing, Todo
from orchestrators.under_way import (
    Containment,
    block_addresses,
    contain_account,
    finish_devices,
    start_containment,
)
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseStatus
from shared.models.plan import Decision, Disposition, PlannedAction
from shared.playbook.acting.containment import (
    containment_blocks,
    final_status,
    first_done,
    merge_outcomes,
    not_run,
)
from shared.playbook.planning.answers import decision_of
from shared.playbook.planning.block_answer import with_asked_address
from shared.playbook.planning.plan import apply_decision
from shared.playbook.planning.rising import keep_asking
from shared.playbook.planning.silence import on_silence
from shared.playbook.reporting.question_text import first_answer_words


@dataclass
class Round:
    """What acting once, from telling people to written outcomes, works with."""

    ctx: task.OrchestrationContext
    file: CaseFile
    standing: Standing
    joins: Joins
    evidence: Preserving
    under_way: list[Containment] = field(default_factory=list)
    left_out: list[Json] = field(default_factory=list)
    decision: Decision | None = None
    question: Question | None = None

    def start(self, lines: list[PlannedAction], *, answered: bool = False) -> Containment:
        """Start planned actions; they run while people are told and asked, or were ``answered``."""
        standing = self.standing
        begun, standing.begun = standing.begun, None
        lines = [line for line in lines if begun is None or line not in begun.plan]
        number = standing.next_containment()
        asking = self.question is not None and not answered
        started = start_containment(self.ctx, standing, lines, number, asking=asking)
        self.under_way.append(started)
        standing.clocks.containing(started.account)
        return started


def act(this: Round, todo: Todo) -> Steps[None]:
    """Do, ask and write down one round; the outcomes are in the standing afterwards."""
    standing = this.standing
    todo = yield from admit(this.ctx, this.file, standing, todo)
    yield from _open(this, todo)
    while (question := this.question) is not None:
        answer = yield from ask(this.ctx, this.file, standing, question, this.joins)
        if isinstance(answer, Raised):
            answer = yield from _ask_anew(this, question, answer)
            if answer is None:
                continue
        if answer is not None and needs_second(question, answer):
            yield from _ask_second(this, question, answer)
        else:
            yield from refuse_closing(this.ctx, this.file, standing, question)
            question.close()
            standing.clocks.answered()
            yield from _follow(this, question, answer)
            this.question = None
    yield from _settle(this)


def set_phase(ctx: task.OrchestrationContext, phase: CaseStatus) -> None:
    """Show the phase in the instance's status."""
    ctx.set_custom_status({"phase": phase})


def _asked(standing: Standing) -> list[tuple[str, str]]:
    """Return what a person is asked."""
    lines = (item for item in standing.decided.plan if item.disposition is Disposition.ASK)
    return sorted((str(item.action), item.target) for item in lines)


def _terms(standing: Standing) -> tuple[object, ...]:
    """Return what people are told of a question: what is asked, of how many, what silence means."""
    decided = standing.decided
    return (_asked(standing), decided.two_persons, on_silence(decided))


def _open(this: Round, todo: Todo) -> Steps[None]:
    """Start what may be done, then write the verdict and tell people of it.

    A question is made before anybody is told: who answers at once answers it in time.
    """
    this.question = Question(this.ctx, this.file, this.standing) if todo.asks else None
    early = this.standing.begun is not None
    started = this.start(todo.automatic)
    start_linking(this.ctx, this.standing, this.standing.decided)
    status = CaseStatus.CONTAINING if started.acts or early else CaseStatus.DECIDING
    if todo.asks:
        status = CaseStatus.AWAITING_DECISION
    set_phase(this.ctx, status)
    yield from _write_verdict(this, status)
    phase = "decision_needed" if todo.asks else "opened"
    told = yield from tell_people(this.ctx, this.file, phase)
    clocks = this.standing.clocks
    if this.question is not None:
        this.question.add_message(told)
        clocks.asked()
    if reached(told):
        account = bool(started.account) or early
        clocks.notified(containment_due=account or (started.acts and not todo.asks))


def _ask_anew(this: Round, question: Question, raised: Raised) -> Steps[Decision | None]:
    """Put a new question about a new judgement, unless that answers itself.

    When only more is done without asking, the question stays: whoever answers it is not refused,
    and its time does not begin anew with each sign-in of an attacker. Its terms never change under
    one number. Who has answered it before it is asked anew is heard first: that answer is returned,
    and the new judgement waits for its turn.
    """
    standing = this.standing
    before, terms = standing.as_judged(), _terms(standing)
    raised.adopt(standing)
    standing.decided = keep_asking(before.decided, standing.decided, raised.todo.automatic)
    todo = yield from admit(this.ctx, this.file, standing, raised.todo)
    if not todo.asks and terms == _terms(standing):
        this.start(todo.automatic)
        yield from _write_verdict(this, CaseStatus.AWAITING_DECISION)
        return None
    judged = standing.as_judged()
    standing.go_back(before)
    answer = yield from answered_first(this.ctx, this.file, standing, question)
    if answer is not None:
        this.joins.put_back()
        return answer
    standing.go_back(judged)
    question.close()
    standing.clocks.answered()
    yield from _open(this, Todo(todo.automatic, bool(_asked(standing))))
    yield from change_messages(this.ctx, standing.case.case_id, "overtaken", question)
    return None


def _ask_second(this: Round, question: Question, first: Decision) -> Steps[None]:
    """Ask a second person, under a new number and within the time of the question."""
    standing = this.standing
    if first.two_persons and not standing.decided.two_persons:
        # It has become such an account since: silence, which is nobody, does nothing to it either.
        since = {"two_persons": True, "on_silence": []}
        standing.decided = standing.decided.model_copy(update=since)
    question.first_answer = first
    standing.questions += 1
    why = first_answer_words(question.asked())
    standing.clocks.taken()
    yield from this.file.write(
        sla=reviewed(first.decided_at, first.decided_by),
        question=standing.questions,
        asked=question.asked().to_json(),
        timeline=timeline(this.ctx, why),
    )
    yield from change_messages(this.ctx, standing.case.case_id, "overtaken", question)
    question.tell(SECOND, why)


def _write_verdict(this: Round, status: CaseStatus) -> Steps[None]:
    standing = this.standing
    verdict = standing.decided.verdict
    event = f"verdict {verdict.compromise_confidence_score} ({verdict.score} of 100)"
    begun, standing.events = standing.events, []
    patch: Json = {
        "status": status,
        "verdict": verdict.to_json(),
        "plan": [item.to_json() for item in standing.decided.plan],
        "blocks": standing.gathered.blocks,
        "account": standing.decided.account,
        "incident": {"context": standing.gathered.context},
        "timeline": [*begun, *timeline(this.ctx, event)],
    }
    if this.question is not None:
        asked = this.question.asked().to_json()
        patch |= {"decision": None, "question": standing.questions, "asked": asked}
    yield from this.file.write(**patch)


def _follow(this: Round, question: Question, answer: Decision | None) -> Steps[None]:
    """Start what was chosen, or what silence means; what guard rails hinder shows as skipped."""
    if answer is None:
        decision = yield from silence(this.ctx, this.file, this.standing, question)
    else:
        decision = decision_of(answer, question.asked())
    this.decision = decision
    plan = with_asked_address(this.standing.decided.plan, question.asked())
    chosen = apply_decision(plan, decision, blockable_address=question.blockable_address)
    set_phase(this.ctx, CaseStatus.CONTAINING)
    this.start(chosen, answered=True)
    both = f", confirmed by {decision.confirmed_by}" if decision.confirmed_by else ""
    event = f"decided by {decision.decided_by}{both}: {', '.join(decision.actions)}"
    if answer is not None:
        this.standing.clocks.taken()
    yield from this.file.write(
        sla=reviewed(decision.decided_at, decision.decided_by) if answer is not None else {},
        status=CaseStatus.CONTAINING,
        decision=decision.to_json(),
        timeline=timeline(this.ctx, event),
    )
    this.left_out = not_run(decision, plan, chosen, utc_now(this.ctx))
    yield from change_messages(this.ctx, this.standing.case.case_id, "decided", question)


def _settle(this: Round) -> Steps[None]:
    """Wait for everything under way; the account's part is written before the firewall's."""
    outcomes = merge_outcomes(this.standing.outcomes, this.left_out)
    for under_way in this.under_way:
        outcomes = merge_outcomes(outcomes, (yield from contain_account(this.ctx, under_way)))
    this.standing.clocks.contained_at()
    preserved = yield from exported(this.ctx, this.evidence)
    if any(under_way.takes_minutes for under_way in this.under_way):
        blocks = _final_blocks(this, outcomes, preserved)
        del blocks[BlockName.FIREWALL]
        yield from this.file.write(
            actions=outcomes,
            blocks=blocks,
            sla={"contained_at": first_done(outcomes)},
            timeline=_events(outcomes),
        )
        outcomes = merge_outcomes(outcomes, (yield from block_addresses(this.ctx, this.under_way)))
        for under_way in this.under_way:
            outcomes = merge_outcomes(outcomes, (yield from finish_devices(this.ctx, under_way)))
    this.standing.outcomes = outcomes
    yield from this.file.write(
        status=final_status(outcomes),
        actions=outcomes,
        blocks=_final_blocks(this, outcomes, preserved),
        sla={"contained_at": first_done(outcomes)},
        timeline=_events(outcomes),
    )
    sealed = yield from seal(this.ctx, this.evidence, preserved)
    this.standing.sealed = True
    yield from this.file.write(**sealed)


def _final_blocks(this: Round, outcomes: list[Json], preserved: Json) -> dict[str, Json]:
    standing = this.standing
    blocks = containment_blocks(
        standing.case,
        standing.gathered.blocks,
        standing.decided,
        decision=this.decision,
        outcomes=outcomes,
    )
    blocks[BlockName.EVIDENCE] = preserved
    return blocks


def _events(outcomes: list[Json]) -> list[Json]:
    return [
        {"at": item["at"], "event": f"{item['action']} on {item['target']}: {item['status']}"}
        for item in outcomes
    ]
