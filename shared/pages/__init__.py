"""Pages that people open: the case report, the decision page, the receipt, and what went wrong.

Rendered on the server by Jinja2 with autoescape, without script and without anything loaded from
elsewhere, so that they print, work on a phone and stand under a strict content security policy.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord, CaseStatus
from shared.models.choices import ACTION_WORDS, CHOICES, Option, options_for, why_asked
from shared.models.evidence import EvidenceCheck, State
from shared.models.plan import ActionName, Decision
from shared.models.undoing import choose
from shared.pages import text
from shared.pages.answer import answer_lines, attack_address, headline, outcome_words, who
from shared.pages.facts import facts
from shared.pages.sign_in_plot import sign_in_plot
from shared.pages.style import style

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


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("shared.pages", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=text.clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(style())  # noqa: S704 - our own file
    environment.filters |= {
        "when": text.when,
        "duration": text.duration,
        "words": text.words,
        "weight": text.weight,
        "readable": text.readable,
        "web_link": text.web_link,
        "case_link": text.case_link,
        "without_case_links": text.without_case_links,
        "technique_link": text.technique_link,
        "capitalize_first": text.capitalize_first,
        "action_words": lambda action: ACTION_WORDS[ActionName(action)],
        "outcome": outcome_words,
    }
    return environment


def render_report(record: Json, *, undo: str | None = None, access_pass: Json | None = None) -> str:
    """Return the case report as an HTML page; a record of any status can be shown.

    Args:
        record: the case record.
        undo: what the form that takes actions back repeats, to show that our page made it; ``None``
            when whoever looks may not take anything back, and gets no form.
        access_pass: ``{"csrf", "form"}`` of the form for an access pass; ``None``: none is offered.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    activity = case.blocks.get(BlockName.ACTIVITY)
    evidence = case.blocks.get(BlockName.EVIDENCE)
    found = activity.outputs if activity else {}
    return render_case(
        "report.html.j2",
        case,
        lines=answer_lines(case),
        links=_links(case),
        findings=(found.get("findings") or [])[: text.SHOWN_ITEMS],
        hunted=bool(found.get("queries_run")),
        not_hunted=(activity.notes if activity else []) or "not searched",
        hunts_missing=found.get("incomplete_queries") or [],
        evidence=(evidence.details.get("items") or []) if evidence else [],
        undo_mark=undo,
        pass_form=access_pass,
    )


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

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
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
        open_until=_open_until(case, expires_at),
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
) -> str:
    """Return the page that answers an undo: the form again with ``error``, or what was started.

    Args:
        record: the case record.
        csrf: what the form repeats, to show that our page made it.
        error: why nothing was started.
        comment: what was typed, so that it is not lost.
        under_way: ``{"undoing": [names], "not_undoable": [UndoResult]}`` of what was started.
        by: who asked.

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
        report=text.without_query(case.links.get("report", "")),
    )


def render_problem(title: str, detail: str = "", *, sign_in: str = "") -> str:
    """Return a page that says what went wrong and what to do, for people who came by a link.

    ``sign_in`` is the address where signing in may help, on our own site.
    """
    template = _environment().get_template("problem.html.j2")
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
    return _environment().get_template("onward.html.j2").render(to=to)


def render_case(template: str, case: CaseRecord, **values: Any) -> str:
    """Return a page about a case; ``values`` are what its template needs beside the case."""
    return (
        _environment()
        .get_template(template)
        .render(
            case=case,
            who=who(case),
            headline=headline(case),
            facts=facts(case),
            plot=sign_in_plot(case),
            would_change=_would_change(case),
            undo=choose(case),
            **values,
        )
    )


def _would_change(case: CaseRecord) -> list[str]:
    block = case.blocks.get(BlockName.SCORING)
    found = block.details.get("what_would_change") if block else None
    return [str(line) for line in found or []][: text.SHOWN_ITEMS]


def _links(case: CaseRecord) -> list[dict[str, str]]:
    """Return where else the case lives.

    The decision link stays out: it gives more power than the report's own link.
    """
    block = case.blocks.get(BlockName.NOTIFICATION)
    first = block.outputs.get("incident_ticket_id") if block else None
    details = block.details if block else {}
    alone = [{"ticket_id": first, "url": details.get("ticket_url")}] if first else []
    incident = case.incident.get("url")
    found = [
        {"text": f"Ticket {one['ticket_id']}", "url": str(one.get("url") or "")}
        for one in details.get("tickets") or alone
    ]
    if text.web_link(incident):
        found.append({"text": "Incident in the SIEM", "url": str(incident)})
    return found


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
