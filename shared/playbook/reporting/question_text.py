"""How an open question reads: who has answered, how long is left, what silence means."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from shared.models.asked import Asked
from shared.models.choices import question_for
from shared.models.message import Question
from shared.models.plan import Decision
from shared.playbook.intake.fields import one_line
from shared.playbook.planning.plan import NOTHING_TO_DO
from shared.playbook.reporting.case_view import CaseView

ASKING = frozenset({"decision_needed", "reminder", "escalated", "second_needed"})
"""Phases whose messages bring the question, to be answered."""


def waiting_words(asked: Asked, now: datetime) -> str:
    """Return what a reminder says beside who it is about and what is asked: the time.

    Args:
        asked: the question.
        now: the moment of the reminder, UTC.
    """
    missing = "nobody has answered" if asked.first_answer is None else "no second person answered"
    waited = _duration((now - asked.at).total_seconds())
    left = _duration((asked.answer_by - now).total_seconds())
    return f"{missing} for {waited}; {left} left, {until_words(asked)}"


def until_words(asked: Asked) -> str:
    """Return the deadline and what happens then."""
    doing = [str(action) for action in asked.on_silence if action not in NOTHING_TO_DO]
    then = f"{', '.join(doing)} by policy" if doing else "nothing is done, only monitored"
    return f"until {asked.answer_by:%Y-%m-%d %H:%M UTC}; then {then}"


def first_answer_words(asked: Asked) -> str:
    """Return what the first of two persons chose and what is missing; empty when nobody has."""
    first = asked.first_answer
    if first is None:
        return ""
    said = f" ({one_line(first.comment, 300)})" if first.comment else ""
    chosen = ", ".join(first.actions)
    return (
        f"{one_line(first.decided_by, 200)} has chosen {chosen}{said}; a second, different person "
        "has to confirm it or choose otherwise"
    )


def asking_lines(view: CaseView) -> list[str]:
    """Return how long the case waits, and for whom."""
    asked = view.record.asked
    if asked is None:
        return []
    lines = [f"Waiting {until_words(asked)}."]
    if asked.first_answer is not None:
        lines.insert(0, f"{first_answer_words(asked)}.")
    elif asked.two_persons:
        lines.insert(0, "Two different people have to choose the same to contain this account.")
    return lines


def who_decided(decision: Decision) -> str:
    """Return who decided; two names where two had to agree."""
    names = one_line(decision.decided_by, 200)
    second = one_line(decision.confirmed_by, 200)
    return f"{names}, confirmed by {second}" if second else names


def question_of(view: CaseView) -> Question | None:
    """Return what is asked, with the signed token of the decision link; none without a link."""
    query = urlsplit(view.record.links.get("decision", "")).query
    tokens = parse_qs(query).get("token")
    return question_for(view.record, view.address, tokens[0]) if tokens else None


def _duration(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 72 else f"{round(hours / 24)} days"
