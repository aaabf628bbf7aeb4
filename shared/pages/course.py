"""How the response ran: each step of the playbook with who took part, when and how long.

A sequence diagram as a table: the steps in the order in which they began, the bar on one axis of
time. The words say all that the bars show.
"""

from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseRecord
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
_HEIGHT = 12


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
    start, end = min(one[0] for one in ran), max(one[1] for one in ran)
    whole = max((end - start).total_seconds(), 0.001)
    steps = []
    for began, ended, words, partner, kind in sorted(ran):
        took = (ended - began).total_seconds()
        left = 100 * (began - start).total_seconds() / whole
        width = max(100 * took / whole, 0.8)
        bar = Markup(
            '<svg class="course" height="{0}" aria-hidden="true"><rect class="all" width="100%" '
            'height="{0}"/><rect class="{1}" x="{2:.2f}%" width="{3:.2f}%" height="{0}"/></svg>'
        ).format(_HEIGHT, kind, min(left, 100 - width), width)
        steps.append(Step(words, partner, clock(began), duration(took), bar))
    return Course(steps, whole)
