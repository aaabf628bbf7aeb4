"""Pages that people open: the case report, the decision page, the receipt, and what went wrong.

Rendered on the server by Jinja2 with autoescape, without script and without anything loaded from
elsewhere, so that they print, work on a phone and stand under a strict content security policy.
"""

from datetime import UTC, datetime

from shared.models.base import Json
from shared.models.case import CaseRecord, CaseStatus
from shared.models.choices import CHOICES, Option, options_for, why_asked
from shared.models.evidence import EvidenceCheck, State
from shared.models.plan import ActionName, Decision
from shared.pages import text
from shared.pages.answer import attack_address
from shared.pages.rendering import environment, render_case
from shared.pages.report import render_report

__all__ = [
    "render_case",
    "render_decided",
    "render_decision",
    "render_evidence",
    "render_onward",
    "render_problem",
    "render_report",
    "render_undo",
]

_MAIN_REASONS = 3


def render_decision(
    record: Json,
    *,
    csrf: str = "",
    link_question: int | None = None,
    is_signed_in: bool = False,
    expires_at: int | None = None,
    undo: str | None = None,
    error: str = "",
    comment: str = "",
    now: datetime | None = None,
) -> str:
    """Return the page on which a person decides, or which says that there is nothing to decide.

    Args:
        record: the case record.
        csrf: what the form repeats, to show that our page made it.
        link_question: the question that the link was made for; a later one is not offered.
        is_signed_in: whether it is proved who looks; only then an answer can be one of two.
        expires_at: until when the page's session is good, Unix time.
        undo: as for the report.
        error: why the decision that was just sent could not be taken.
        comment: what was typed with it, so that it is not lost.
        now: when the page is opened, UTC, to say how long there is time; ``None``: it does not.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    open_until = _open_until(case, expires_at)
    waits = case.status is CaseStatus.AWAITING_DECISION
    is_stale = link_question not in (None, case.question)
    options = options_for(case, attack_address(case))
    reasons = case.verdict.reasons if case.verdict else []
    heavy = sorted((one for one in reasons if one.weight), key=lambda one: -abs(one.weight))
    return render_case(
        "decision.html.j2",
        case,
        csrf=csrf,
        is_open=waits and not is_stale,
        is_stale=waits and is_stale,
        is_signed_in=is_signed_in,
        ticked=_ticked(case, options),
        undo_mark=undo,
        error=error,
        comment=comment,
        options=options,
        asked_because=why_asked(case),
        alone=[choice for choice in CHOICES if choice.alone],
        main_reasons=heavy[:_MAIN_REASONS],
        open_until=open_until,
        left=text.time_left(open_until, now) if open_until and now else "",
        report=text.without_query(case.links.get("report", "")),
    )


def render_decided(record: Json, decision: Decision, *, is_one_of_two: bool = False) -> str:
    """Return the page that confirms what was decided, or that a second person has to confirm it.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    return render_case(
        "decided.html.j2",
        case,
        decision=decision,
        names=decision.actions,
        is_one_of_two=is_one_of_two,
        report=text.without_query(case.links.get("report", "")),
    )


def render_undo(
    record: Json,
    *,
    csrf: str = "",
    error: str = "",
    comment: str = "",
    under_way: Json | None = None,
    by: str = "",
    waiting: str = "",
) -> str:
    """Return the page that answers an undo: the form again with ``error``, or what was started.

    Args:
        record: the case record.
        csrf: what the form repeats, to show that our page made it.
        error: why nothing was started.
        comment: what was typed, so that it is not lost.
        under_way: ``{"undoing": [names], "not_undoable": [UndoResult]}`` of what was started.
        by: who asked.
        waiting: what is recorded and waits for a second person.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    return render_case(
        "undo.html.j2",
        case,
        undo_mark=csrf,
        error=error,
        comment=comment,
        under_way=under_way,
        by=by,
        waiting=waiting,
        report=text.without_query(case.links.get("report", "")),
    )


def render_problem(title: str, detail: str = "", *, sign_in: str = "") -> str:
    """Return a page that says what went wrong and what to do, for people who came by a link.

    ``sign_in`` is the address where signing in may help, on our own site.
    """
    template = environment().get_template("problem.html.j2")
    return template.render(title=title, detail=detail, sign_in=sign_in)


def render_evidence(record: Json, found: EvidenceCheck) -> str:
    """Return the page that says whether the evidence is what it was when it was kept.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    return render_case(
        "evidence.html.j2",
        CaseRecord.model_validate(record),
        found=found,
        wrong=[one for one in found.findings if one.state not in (State.OK, State.UNSEALED)],
        sound=[one for one in found.findings if one.state in (State.OK, State.UNSEALED)],
    )


def render_onward(to: str) -> str:
    """Return a page that opens another page of ours by itself, and by a link."""
    return environment().get_template("onward.html.j2").render(to=to)


def _ticked(case: CaseRecord, options: list[Option]) -> list[ActionName]:
    """Return what is ticked at first: what the first of two chose, else what is recommended."""
    first = case.asked.first_answer if case.asked is not None else None
    if first is not None:
        return first.actions
    return [one.choice.action for one in options if one.recommended]


def _open_until(case: CaseRecord, expires_at: int | None) -> datetime | None:
    """Return until when the question can be answered; for older records, the link."""
    if case.asked is not None:
        return case.asked.answer_by
    return None if expires_at is None else datetime.fromtimestamp(expires_at, UTC)
