"""What becomes of an answer: refused with a reason, one of two persons', or the decision.

Source: DESIGN section 7 (first valid answer wins; two persons for sensitive accounts). The same
rules are asked where an answer comes in, so that whoever gave it is told, and by the case itself.

Two different people are certain only when the same system tells them apart: two people signed in,
or two Slack users. A link's holder, a key, or one of each kind could be a single person twice, so
none of these counts towards two. Leaving the account as it is needs nobody's consent but one.
"""

from shared.models.asked import Asked
from shared.models.base import format_utc
from shared.models.plan import Decision
from shared.models.run import claim_name
from shared.playbook.planning.plan import NOTHING_TO_DO, decision_errors

DEADLINE, SUPERSEDED, BY_EVENT = "deadline", "superseded", "event"
"""Channels of answers that no route took: silence, a newer question, an event raised by hand."""
SIGNED_IN = "signed-in"
SLACK = "slack"
"""Systems that prove who somebody is; an identity is ``<system>:<id>``."""


def why_refused(answer: Decision, *, run: str, question: int, asked: Asked | None) -> str | None:
    """Return why an answer cannot be taken, as a sentence for whoever gave it, or ``None``.

    Args:
        answer: what was answered.
        run: the run of the case that asks.
        question: the number of the question that is open.
        asked: that question; ``None`` for a record from before it was kept.
    """
    errors = decision_errors(answer.actions)
    if errors:
        return errors[0]
    if answer.run != run:
        return (
            "this answers a question of an earlier run of the case, which runs anew since; look at "
            "it again and answer by the newest message"
        )
    if answer.question != question:
        return (
            f"this answers question {answer.question}, but question {question} is open: the case "
            "has changed since; look at it again and answer by the newest message"
        )
    if asked is None or not _takes_two(answer, asked):
        return None
    return _why_not_one_of_two(answer, asked.first_answer)


def answer_claim(run: str, question: int) -> str:
    """Return the name under which the first answer to a question is claimed in the case store."""
    return claim_name(run, "decision" if question == 1 else f"decision-{question}")


def is_a_persons(answer: Decision) -> bool:
    """Return whether somebody gave this answer, and neither the deadline nor a newer question."""
    return answer.channel not in (DEADLINE, SUPERSEDED)


def why_too_late(first: Decision) -> str:
    """Return what whoever answers after ``first`` is told."""
    at = format_utc(first.decided_at)
    if first.channel == DEADLINE:
        return f"too late: decided by silence at {at}"
    if first.channel == SUPERSEDED:
        return (
            f"too late: the case was judged anew at {at}, and this question is not asked any more; "
            "look at it again and answer by the newest message"
        )
    return f"{first.decided_by} has just answered; the report shows what came of it"


def is_one_of_two(answer: Decision, asked: Asked | None) -> bool:
    """Return whether an answer that is not refused still needs somebody to confirm it."""
    if asked is None or not _takes_two(answer, asked):
        return False
    first = asked.first_answer
    return first is None or _choice(first) != _choice(answer)


def _takes_two(answer: Decision, asked: Asked) -> bool:
    """Return whether it takes two: by when it was asked, or by when it was answered."""
    return (asked.two_persons or answer.two_persons) and not leaves_it(answer)


def decision_of(answer: Decision, asked: Asked | None) -> Decision:
    """Return the decision that an answer completes: the answer, or the first one, confirmed."""
    first = asked.first_answer if asked is not None else None
    if first is None or leaves_it(answer):
        return answer
    comments = [one.comment for one in (first, answer) if one.comment]
    return answer.model_copy(
        update={
            "comment": " / ".join(comments),
            "decided_by": first.decided_by,
            "identity": first.identity,
            "confirmed_by": answer.decided_by,
        }
    )


def _why_not_one_of_two(answer: Decision, first: Decision | None) -> str | None:
    system = answer.identity.partition(":")[0]
    if not system:
        return (
            "two different people have to choose this for such an account, and this answer does "
            "not say who you are: sign in, or answer in Slack"
        )
    if first is None:
        return None
    if answer.identity == first.identity:
        return "you have chosen already; a second person has to confirm it or choose otherwise"
    before = first.identity.partition(":")[0]
    if system != before:
        where = "in Slack" if before == SLACK else "signed in on the page"
        return (
            f"{first.decided_by} has chosen {where}; the second person has to answer there, too, "
            "or nobody could tell that you are two"
        )
    return None


def leaves_it(answer: Decision) -> bool:
    """Return whether an answer leaves the account as it is."""
    return bool(set(answer.actions) & set(NOTHING_TO_DO))


def _choice(answer: Decision) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(answer.actions), frozenset(answer.targets)
