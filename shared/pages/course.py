"""How the response ran: each step of the playbook with who took part, when and how long.

A sequence diagram as a table: the steps in the order in which they began, the bar on one axis of
time. The words say all that the bars show.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseRecord
from shared.pages.drawing import Room, Span, box, canvas, elapsed_axis, finished
from shared.pages.text import clock, duration

_STEPS = {
    BlockName.USER: ("User looked up", "directory"),
    BlockName.ADDRESS: ("Address looked up", "reputation, geolocation"),
    BlockName.SIGN_INS: ("Sign-ins analysed", "SIEM"),
    BlockName.ACTIVITY: ("Activity hunted", "SIEM"),
    BlockName.SCORING: ("Verdict and plan", "playbook, policy"),
    BlockName.CONTAINMENT: ("Account contained", "directory"),
    BlockName.FIREWALL: ("Address blocked", "firewalls"),
    BlockName.EVIDENCE: ("Evidence kept", "SIEM, storage"),
    BlockName.NOTIFICATION: ("People told", "ticket, channels"),
}
_WIDTH, _HEIGHT, _AXIS = 300, 12, 36
_SHORTEST = 2.5
_TICKS = 4


class Step(NamedTuple):
    """One step as it ran."""

    name: str
    with_whom: str
    at: str
    took: str
    bar: Markup


class Course(NamedTuple):
    """The steps by the time they began, and the seconds from the first to the end of the last."""

    steps: list[Step]
    axis: Markup
    whole: float


def course(case: CaseRecord) -> Course | None:
    """Return the steps that ran; ``None`` before the first has ended."""
    ran: list[tuple[datetime, datetime, str, str, str]] = []
    for name, block in case.blocks.items():
        if block.started_at and block.finished_at and block.status is not BlockStatus.SKIPPED:
            words, partner = _STEPS[BlockName(name)]
            ran.append((block.started_at, block.finished_at, words, partner, block.status))
    if case.asked is not None and case.decision is not None:
        by = case.decision.decided_by
        ran.append((case.asked.at, case.decision.decided_at, "Person decided", by, "asked"))
    ran = [one for one in ran if one[1] >= one[0]]
    if not ran:
        return None
    span = Span(min(one[0] for one in ran), max(one[1] for one in ran))
    if span.end == span.start:
        span = Span(span.start, span.start + timedelta(milliseconds=1))
    steps = [
        Step(words, partner, clock(began), duration((ended - began).total_seconds()), bar)
        for began, ended, words, partner, kind in sorted(ran)
        for bar in [_bar(span, began, ended, kind)]
    ]
    return Course(steps, _axis(span), (span.end - span.start).total_seconds())


def _bar(span: Span, began: datetime, ended: datetime, kind: str) -> Markup:
    drawing = canvas("course", _WIDTH, _HEIGHT, None).attr("preserveAspectRatio", "none")
    across = span.scale(0, _WIDTH)
    width = max(across(ended) - across(began), _SHORTEST)
    box(drawing, "all", (0, 0), _WIDTH, _HEIGHT)
    box(drawing, kind, (min(across(began), _WIDTH - width), 0), width, _HEIGHT)
    return finished(drawing)


def _axis(span: Span) -> Markup:
    drawing = canvas("chart axis", _WIDTH, _AXIS, None)
    elapsed_axis(drawing, span.end - span.start, Room(0, _WIDTH, 0), ticks=_TICKS)
    return finished(drawing)
