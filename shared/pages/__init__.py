"""Pages that people open: the case report, the decision page, the receipt of a decision.

Rendered on the server by Jinja2 with autoescape, without script and without anything loaded from
elsewhere, so that they print, work on a phone and stand under a strict content security policy.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from shared.models.base import Json, parse_utc
from shared.models.plan import ActionName, Decision
from shared.pages.choices import CHOICES

__all__ = ["render_decided", "render_decision", "render_report"]

SHOWN_ITEMS = 200
"""Longest list shown on a page; the record has all of it."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("shared.pages", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = _when
    environment.filters["duration"] = _duration
    environment.filters["words"] = _words
    return environment


def render_report(record: Json) -> str:
    """Return the case report as an HTML page."""
    return _environment().get_template("report.html.j2").render(case=record, shown=SHOWN_ITEMS)


def render_decision(record: Json, *, token: str) -> str:
    """Return the page on which a person decides; the form repeats the link's token."""
    asked = {item["action"] for item in record["plan"] if item["disposition"] == "ask"}
    return (
        _environment()
        .get_template("decision.html.j2")
        .render(case=record, token=token, choices=CHOICES, asked=asked, shown=SHOWN_ITEMS)
    )


def render_decided(record: Json, decision: Decision) -> str:
    """Return the page that confirms what was decided."""
    names = [ActionName(action) for action in decision.actions]
    return (
        _environment()
        .get_template("decided.html.j2")
        .render(case=record, decision=decision.to_json(), names=names)
    )


def _when(value: str | None) -> str:
    return parse_utc(value).strftime("%Y-%m-%d %H:%M:%S UTC") if value else "not known"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    )


def _words(value: object) -> str:
    """Return a value of the record as people read it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value[:SHOWN_ITEMS]) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_words(item)}" for key, item in value.items()) or "none"
    return str(value)
