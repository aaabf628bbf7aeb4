"""Step 5: ask a person, with a deadline; silence has a recorded answer too."""

from durabletask import task
from pydantic import ValidationError

from orchestrators.case_file import CaseFile, acknowledged
from orchestrators.flow import Steps, timeline, utc_now
from orchestrators.joining import Joins
from orchestrators.question import Question
from orchestrators.silence import claim, claim_newer, claim_silence
from orchestrators.standing import Raised, Standing
from shared.models.base import format_utc
from shared.models.plan import Decision
from shared.playbook.planning.answers import (
    BY_EVENT,
    is_a_persons,
    is_one_of_two,
    why_refused,
    why_too_late,
)


def ask(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    standing: Standing,
    question: Question,
    joins: Joins,
) -> Steps[Decision | Raised | None]:
    """Wait for the first valid answer, the deadline, or a judgement that changes the question.

    The question itself is sent by the caller (ticket and channels); this waits, has people told
    again, and notes who has taken the case. What is not a valid answer is ignored, so that garbage
    cannot answer for a person; an answer that is refused is written to the timeline. Whoever
    answered in time is heard before the deadline and before anything that joins: who has claimed
    the answer counts, though it has not arrived. Returns ``None`` when silence has claimed it.
    """
    while True:
        clocks = standing.clocks
        # What began early has often ended by now; then nothing would wake this.
        if at := clocks.contained_at():
            yield from file.write(sla={"contained_at": at})
        yield task.when_any([*question.pending(), *joins.pending(), *clocks.pending()])
        if question.taken.is_complete:
            question.taken_over()
            clocks.taken()
            patch = acknowledged(ctx, question.next_taken())
            yield from file.write(**patch)
            question.tell_taken(patch["timeline"][0]["event"])
        yield from refuse_closing(ctx, file, standing, question)
        if question.answer.is_complete:
            answer = yield from _take(ctx, file, standing, question, question.next_answer())
            if answer is not None:
                return answer
            continue
        if question.deadline.is_complete:
            first = yield from claim_silence(ctx, standing)
            if not is_a_persons(first):
                yield from _note_late(ctx, file, standing, question, first)
                return None
            return (yield from _take(ctx, file, standing, question, first.to_json()))
        yield from question.tell_again()
        if any(one.is_complete for one in joins.pending()) and (raised := joins.go_on()):
            return raised


def answered_first(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, question: Question
) -> Steps[Decision | None]:
    """Return the answer that was given before the case asks anew, or claim that none was."""
    while question.answer.is_complete:
        answer = yield from _take(ctx, file, standing, question, question.next_answer())
        if answer is not None:
            return answer
    first = yield from claim_newer(ctx, standing)
    if not is_a_persons(first):
        return None
    return (yield from _take(ctx, file, standing, question, first.to_json()))


def refuse_closing(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, question: Question
) -> Steps[None]:
    """Write down that a case which asks is not closed: not now, and not when it was answered.

    The route refuses it; this one was sent before the question was known, or by hand.
    """
    while question.closing.is_complete:
        data = question.next_closing()
        who = data.get("by", "unknown") if isinstance(data, dict) else "unknown"
        standing.clocks.not_closed()
        event = f"not closed by {who}: a question is open; answer it, then close the case"
        yield from file.write(timeline=timeline(ctx, event))


def _note_late(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    standing: Standing,
    question: Question,
    first: Decision,
) -> Steps[None]:
    """Write down an answer that came, unclaimed, while silence claimed it; later the watch does."""
    if question.answer.is_complete and (
        late := parse_answer(ctx, standing, question.next_answer())
    ):
        event = f"an answer by {late.decided_by} was not taken: {why_too_late(first)}"
        yield from file.write(timeline=timeline(ctx, event))


def needs_second(question: Question, answer: Decision) -> bool:
    """Return whether somebody else has to confirm this answer."""
    return is_one_of_two(answer, question.asked())


def _take(
    ctx: task.OrchestrationContext,
    file: CaseFile,
    standing: Standing,
    question: Question,
    data: object,
) -> Steps[Decision | None]:
    """Return the answer that ``data`` is, or ``None``; a refused one is written down.

    An event that was raised by hand has not claimed the answer yet; another may have.
    """
    answer = parse_answer(ctx, standing, data)
    if answer is None or standing.answered.get(answer.question) == answer.decided_at:
        # An answer that was taken is sent again by every later one.
        return None
    run, asked = standing.case.run, question.asked()
    why = why_refused(answer, run=run, question=standing.questions, asked=asked)
    if why is not None:
        event = f"an answer by {answer.decided_by} was not taken: {why}"
        yield from file.write(timeline=timeline(ctx, event))
        return None
    if answer.channel == BY_EVENT:
        answer = yield from claim(ctx, standing, answer)
    standing.answered[answer.question] = answer.decided_at
    return answer


def parse_answer(
    ctx: task.OrchestrationContext, standing: Standing, data: object
) -> Decision | None:
    """Return what an event answers, or ``None``.

    The routes send who decided, and which run of the case was answered. The Durable event raised by
    hand carries only what is posted to the route, ``{"actions", "comment", "question"}``: it came
    from whoever holds the system key.
    """
    if isinstance(data, dict) and "decided_by" not in data:
        by_event = {
            "decided_by": "holder of the system key",
            "decided_at": format_utc(utc_now(ctx)),
            "channel": BY_EVENT,
        }
        sent = ("actions", "comment", "question")
        data = {key: data[key] for key in sent if key in data} | by_event
    if isinstance(data, dict):
        data = data | {"run": data.get("run") or standing.case.run}
    try:
        answer = Decision.model_validate(data)
    except ValidationError:
        return None
    return answer if answer.actions else None
