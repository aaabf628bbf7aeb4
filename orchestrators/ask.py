"""Step 5: ask a person, with a deadline; silence has a recorded answer too."""

from durabletask import task
from pydantic import ValidationError

from orchestrators.breaker import admit
from orchestrators.case_file import CaseFile, acknowledged
from orchestrators.flow import Steps, timeline, utc_now
from orchestrators.joining import Joins
from orchestrators.question import Question
from orchestrators.standing import Raised, Standing, Todo
from shared.models.base import format_utc
from shared.models.plan import ActionName, Decision, Disposition
from shared.playbook.planning.answers import is_one_of_two, why_refused
from shared.playbook.planning.plan import NOTHING_TO_DO
from shared.playbook.planning.silence import on_silence

DEADLINE = "deadline (policy)"
"""Who decided when nobody did."""


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
    answered in time is heard before the deadline and before anything that joins. Returns ``None``
    when the deadline has passed.
    """
    while True:
        yield task.when_any([*question.pending(), *joins.pending()])
        if question.taken.is_complete:
            yield from file.write(**acknowledged(ctx, question.next_taken()))
        if question.answer.is_complete:
            answer = yield from _take(ctx, file, standing, question)
            if answer is not None:
                return answer
            continue
        if question.deadline.is_complete:
            return None
        yield from question.tell_again()
        if any(one.is_complete for one in joins.pending()) and (raised := joins.go_on()):
            return raised


def needs_second(question: Question, answer: Decision) -> bool:
    """Return whether somebody else has to confirm this answer."""
    return is_one_of_two(answer, question.asked())


def silence(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, question: Question
) -> Steps[Decision]:
    """Return the decision that silence is.

    What the policy does on silence is automatic containment, so the breaker is asked, too.
    """
    actions = on_silence(standing.decided)
    minutes = standing.case.timing.approval_deadline_minutes
    comment = f"nobody answered within {minutes:g} minutes"
    if first := question.first_answer:
        chosen = ", ".join(first.actions)
        comment = f"{first.decided_by} chose {chosen}; no second person within {minutes:g} minutes"
    lines = [
        line
        for line in standing.decided.plan
        if line.disposition is Disposition.ASK and line.action in actions
    ]
    if lines and not set(actions) & set(NOTHING_TO_DO):
        todo = yield from admit(ctx, file, standing, Todo(lines, asks=True))
        if not todo.automatic:
            actions = [ActionName.MONITOR_ONLY]
            comment += "; automatic containment is paused"
    return Decision.model_validate(
        {
            "actions": actions,
            "comment": comment,
            "decided_by": DEADLINE,
            "decided_at": format_utc(utc_now(ctx)),
            "channel": "deadline",
            "question": standing.questions,
        }
    )


def _take(
    ctx: task.OrchestrationContext, file: CaseFile, standing: Standing, question: Question
) -> Steps[Decision | None]:
    """Return the answer that has come, or ``None``; a refused one is written down."""
    answer = parse_answer(ctx, question.next_answer())
    if answer is None or standing.answered.get(answer.question) == answer.decided_at:
        # An answer that was taken is sent again by every later one.
        return None
    why = why_refused(answer, question=standing.questions, asked=question.asked())
    if why is not None:
        event = f"an answer by {answer.decided_by} was not taken: {why}"
        yield from file.write(timeline=timeline(ctx, event))
        return None
    standing.answered[answer.question] = answer.decided_at
    return answer


def parse_answer(ctx: task.OrchestrationContext, data: object) -> Decision | None:
    """Return what an event answers, or ``None``.

    The routes send who decided. The Durable event raised by hand carries only what is posted to
    the route, ``{"actions", "comment", "question"}``: it came from whoever holds the system key.
    """
    if isinstance(data, dict) and "decided_by" not in data:
        by_event = {
            "decided_by": "holder of the system key",
            "decided_at": format_utc(utc_now(ctx)),
            "channel": "event",
        }
        sent = ("actions", "comment", "question")
        data = {key: data[key] for key in sent if key in data} | by_event
    try:
        answer = Decision.model_validate(data)
    except ValidationError:
        return None
    return answer if answer.actions else None
