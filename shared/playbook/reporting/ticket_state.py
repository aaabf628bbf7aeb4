"""What a ticket is to show besides its texts: labels, owner, open work, and how the case closed."""

from shared.models.base import Json, parse_utc
from shared.models.case import CaseRecord
from shared.models.message import Closing, TicketTask
from shared.models.next_step import StepKind
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.models.undoing import ACCESS
from shared.models.verdict import Confidence
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.question_text import who_decided

WITH_TASKS = frozenset({"completed", "containment_failed", "not_held", "undone", "block_later"})
"""Phases in which it is known what is left to do."""
MOST_TASKS = 20
NOTHING = frozenset({ActionName.MONITOR_ONLY, ActionName.NO_ACTION})
SILENCE = "deadline"
"""The channel of a decision that nobody made."""


def ticket_state(record: CaseRecord | Json, phase: str) -> Json:
    """Return the fields of a ticket that follow the case's state."""
    view = CaseView(record)
    closed = _is_closed(view.record)
    return {
        "labels": _labels(view),
        "owner": _owner(view),
        "tasks": _tasks(view.record) if phase in WITH_TASKS else None,
        "closing": closing_of(view.record) if phase == "closed" and closed is not False else None,
        "open_again": phase == "not_held" and closed is not True,
    }


def _is_closed(record: CaseRecord) -> bool | None:
    """Return whether the case was closed after it was last opened again; ``None``: not both.

    A note that is written late must not undo what happened since.
    """
    closed, reopenings = record.sla.get("closed_at"), record.sla.get("reopenings")
    if not closed or not reopenings:
        return None
    return parse_utc(closed) > max(map(parse_utc, reopenings))


def closing_of(record: CaseRecord) -> Closing:
    """Return how a closed case is classified, by what people decided and what became of it.

    The account was given back, or a person chose to do nothing: the activity was suspicious and
    expected. Something was done to the account or a person chose to, or the verdict is High: a
    true positive. Otherwise nobody said, and neither do we.
    """
    done = [one for one in record.actions if one.status is ActionStatus.SUCCEEDED]
    kept = [one for one in done if one.undone is None]
    given_back = any(one.action in ACCESS and one.undone is not None for one in done) and not any(
        one.action in ACCESS for one in kept
    )
    decision = record.decision
    by_person = decision is not None and decision.channel != SILENCE
    chosen = set(decision.actions) if decision is not None and by_person else set()
    verdict = record.verdict
    confidence = verdict.compromise_confidence_score if verdict else None
    if ActionName.NO_ACTION in chosen or given_back:
        kind, reason = "BenignPositive", "SuspiciousButExpected"
    elif kept or chosen - NOTHING or (confidence is Confidence.HIGH and not chosen):
        kind, reason = "TruePositive", "SuspiciousActivity"
    else:
        kind, reason = "Undetermined", ""
    return Closing.model_validate(
        {"classification": kind, "reason": reason, "comment": _comment(record)}
    )


def _comment(record: CaseRecord) -> str:
    verdict = record.verdict
    parts = [f"Tourniquet case {record.case_id}."]
    if verdict is not None:
        parts.append(f"{verdict.compromise_confidence_score} confidence ({verdict.score} of 100).")
    if record.decision is not None:
        chosen = ", ".join(record.decision.actions)
        parts.append(f"Decided by {who_decided(record.decision)}: {chosen}.")
    if by := record.sla.get("closed_by"):
        parts.append(f"Closed by {one_line(str(by), 200)}.")
    return " ".join(parts)


def _labels(view: CaseView) -> list[str]:
    labels = ["tourniquet", view.record.case_id]
    if view.confidence:
        labels.append(f"compromise-{view.confidence.lower()}")
    return labels


def _owner(view: CaseView) -> str:
    """Return who has the case: who took it, else the person who decided."""
    taken = str(view.record.sla.get("reviewed_by") or "")
    decision = view.record.decision
    if taken or decision is None or decision.channel == SILENCE:
        return taken
    return decision.decided_by


def _tasks(record: CaseRecord) -> list[TicketTask]:
    steps = [one for one in record.hand_over if one.kind is StepKind.TASK][:MOST_TASKS]
    return [TicketTask(title=one.what, detail=one.text) for one in steps]
