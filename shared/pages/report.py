"""The report page: one page for the analyst, and for whoever they hand the case to."""

from collections.abc import Iterable

from shared.models.base import Json
from shared.models.block import Block, BlockName
from shared.models.case import CaseRecord
from shared.models.next_step import NextStep, StepKind, Urgency
from shared.pages import text
from shared.pages.answer import answer_lines
from shared.pages.course import course
from shared.pages.places_plot import places_plot
from shared.pages.recovery import recovery
from shared.pages.rendering import render_case
from shared.pages.summary import summary


def render_report(
    record: Json,
    *,
    undo: str | None = None,
    access_pass: Json | None = None,
    handling: Json | None = None,
) -> str:
    """Return the case report as an HTML page; a record of any status can be shown.

    Args:
        record: the case record.
        undo: what the form that takes actions back repeats, to show that our page made it; ``None``
            when whoever looks may not take anything back, and gets no form.
        access_pass: ``{"csrf", "form"}`` of the form for an access pass; ``None``: none is offered.
        handling: ``{"csrf", "can_close", "sign_in"}`` of the buttons that take and close the case;
            ``None``: none are offered.

    Raises:
        pydantic.ValidationError: ``record`` is not a case record.
    """
    case = CaseRecord.model_validate(record)
    activity = case.blocks.get(BlockName.ACTIVITY)
    evidence = case.blocks.get(BlockName.EVIDENCE)
    found = activity.outputs if activity else {}
    kept: list[Json] = (evidence.details.get("items") or []) if evidence else []
    return render_case(
        "report.html.j2",
        case,
        summary=summary(case),
        lines=answer_lines(case),
        steps=_by_urgency(case.hand_over),
        open_tasks=sum(step.kind is StepKind.TASK for step in case.hand_over),
        places=places_plot(case),
        course=course(case),
        recovery=recovery(case),
        techniques=_techniques(case),
        **_timeline(case),
        links=_links(case),
        findings=(found.get("findings") or [])[: text.SHOWN_ITEMS],
        not_hunted=(activity.notes if activity else []) or "not searched",
        searched=_searched(activity),
        hunts_missing=found.get("incomplete_queries") or [],
        evidence=kept,
        manifest=(evidence.details.get("manifest") or {}) if evidence else {},
        collector=next((one["collector"] for one in kept if one.get("collector")), ""),
        stored_at=evidence.outputs.get("evidence_storage_location") if evidence else None,
        undo_mark=undo,
        pass_form=access_pass,
        handling_form=handling,
    )


def _searched(activity: Block | None) -> str:
    """Return how much was searched, as a sentence; nothing when no hunt ran."""
    ran = (activity.outputs.get("queries_run") or []) if activity else []
    hours = activity.inputs.get("look_back_hours") if activity else None
    back = f", at least {hours} hours back" if hours else ""
    return f"{len(ran)} searches of the logs{back}." if ran else ""


def _by_urgency(steps: Iterable[NextStep]) -> list[tuple[Urgency, list[NextStep]]]:
    found = [(urgency, [one for one in steps if one.urgency is urgency]) for urgency in Urgency]
    return [(urgency, some) for urgency, some in found if some]


def _timeline(case: CaseRecord) -> Json:
    """Return the entries as time, text, and whether they tell what the list of actions tells, too.

    The day is said once when all are of one.
    """
    days = {entry.at.date() for entry in case.timeline}
    day = days.pop().isoformat() if len(days) == 1 else ""
    shown = text.clock if day else text.when
    done = tuple(f"{one.action} on {one.target}: " for one in case.actions)
    return {
        "day": day,
        "timeline": [
            (shown(one.at), one.event, one.event.startswith(done)) for one in case.timeline
        ],
    }


def _techniques(case: CaseRecord) -> list[str]:
    """Return the ATT&CK ids of reasons, findings and incident, sorted."""
    activity = case.blocks.get(BlockName.ACTIVITY)
    found = {str(one) for one in case.incident.get("techniques") or []}
    found |= {
        one.technique for one in (case.verdict.reasons if case.verdict else []) if one.technique
    }
    rows = (activity.outputs.get("findings") or []) if activity else []
    found |= {str(one["technique"]) for one in rows if one.get("technique")}
    return sorted(found)[: text.SHOWN_ITEMS]


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
