"""How the service levels of a case read in ticket and messages."""

from shared.models.base import Json, parse_utc
from shared.playbook.reporting.case_view import CaseView, when

MOST_CALLS = 10
"""Warnings and escalations that a text names, the latest; the record has all."""


def sla_lines(view: CaseView) -> list[str]:
    """Return a line for each measure that has begun, and one for each who was called."""
    sla = view.record.sla
    begun = [one for one in sla.get("measures") or [] if one["due_at"] is not None]
    calls = (sla.get("escalations") or [])[-MOST_CALLS:]
    return [_measure_line(one) for one in begun] + [_call_line(view, one) for one in calls]


def sla_brief(view: CaseView) -> str:
    """Return in a few words whether the service levels are kept; empty before any is known."""
    measures = view.record.sla.get("measures") or []
    missed = [one["title"] for one in measures if one["met"] is False]
    if missed:
        return f"MISSED: {', '.join(missed)}"
    return "kept so far" if any(one["met"] for one in measures) else ""


def _measure_line(measure: Json) -> str:
    target = f"target under {_duration(measure['target_seconds'])}"
    if measure["seconds"] is not None:
        word = "met" if measure["met"] else "MISSED"
        return f"{measure['title']}: {_duration(measure['seconds'])}, {target}: {word}"
    due = f"{parse_utc(measure['due_at']):%Y-%m-%d %H:%M:%SZ}"
    state = f"MISSED, was due {due}" if measure["met"] is False else f"open until {due}"
    return f"{measure['title']}: {state} ({target})"


def _call_line(view: CaseView, call: Json) -> str:
    sent = call.get("channels") or {}
    reached = ", ".join(sorted(name for name, state in sent.items() if state == "sent"))
    by = f" (told by {reached})" if reached else ""
    return f"{when(call['at'])} {call['tier']}: {view.text(call['why'])}{by}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
