"""What people do next, computed from what was found: the hand-over of a case.

Source: seed 004 sections 8 (analyst responsibilities) and 9 (escalation paths). What failed comes
first, because it is what an attacker can still use; what nothing was found about has no step.
"""

from collections.abc import Sequence

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.next_step import NextStep, Urgency
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.campaign_text import campaign_steps
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.escalation import escalation_steps, escalations
from shared.playbook.reporting.next_steps.failed import failed_steps
from shared.playbook.reporting.next_steps.findings import finding_steps
from shared.playbook.reporting.next_steps.left import (
    blind_steps,
    closing_steps,
    left_steps,
    taken_back_steps,
)
from shared.playbook.reporting.next_steps.machines import device_steps
from shared.playbook.reporting.next_steps.mailbox import forwarding_steps
from shared.playbook.reporting.next_steps.origin import cause_steps, hunt_steps, owner_steps
from shared.playbook.reporting.next_steps.recovery import recovery_steps
from shared.playbook.reporting.next_steps.steps import advice

__all__ = ["escalations", "hand_over", "in_brief", "in_lines", "next_steps"]

BRIEF_LIMIT = 600
LINE_LIMIT = 2_400
"""Characters of a step in a text: the sentence, the way through the portal and the command fit."""


def hand_over(record: CaseRecord | Json) -> list[NextStep]:
    """Return the next steps of a case, most urgent first; the same record gives the same list."""
    view = CaseView(record)
    steps = [
        *taken_back_steps(view),
        *failed_steps(view),
        *(advice(line, urgency=Urgency.NOW) for line in campaign_steps(view)),
        *left_steps(view),
        *escalation_steps(view),
        *blind_steps(view),
        *forwarding_steps(view),
        *owner_steps(view),
    ]
    if view.confidence != "Low":
        steps += [
            *finding_steps(view),
            *device_steps(view),
            *hunt_steps(view),
            *cause_steps(view),
            *recovery_steps(view),
        ]
    steps += closing_steps(view)
    order = list(Urgency)
    return sorted(_once(steps), key=lambda step: order.index(step.urgency))


def next_steps(record: CaseRecord | Json) -> list[str]:
    """Return the hand-over as lines of text, most urgent first."""
    return in_lines(hand_over(record))


def in_lines(steps: Sequence[NextStep]) -> list[str]:
    """Return steps as lines of text, whole: what, who, where, with which command."""
    return [one_line(step.text, LINE_LIMIT) for step in steps]


def in_brief(steps: Sequence[NextStep]) -> list[str]:
    """Return steps as short lines, for places that are read in passing: what and who."""
    return [f"{one_line(step.what, BRIEF_LIMIT)} [{step.label}]" for step in steps]


def _once(steps: list[NextStep]) -> list[NextStep]:
    return list({step.what: step for step in steps}.values())
