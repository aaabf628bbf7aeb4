"""When a case goes to the second line or to the incident response team (seed 004, section 9)."""

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.next_step import NextStep, Who
from shared.models.sla import Tier
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.case_view import LINE_LIMIT, CaseView
from shared.playbook.reporting.escalation import reasons_to_escalate
from shared.playbook.reporting.next_steps.steps import task


def escalations(record: CaseRecord | Json) -> list[str]:
    """Return what has to be escalated now (``Escalate ...``), then when else to escalate."""
    reasons = reasons_to_escalate(record)
    second = [one.why for one in reasons if one.tier is Tier.L2]
    team = [one.why for one in reasons if one.tier is Tier.IRT]
    lines = [f"Escalate to L2 now: {'; '.join(second)}."] if second else []
    if team:
        lines.append(f"Escalate to the incident response team: {'; '.join(team)}.")
    lines.append(
        "L1 to L2: when scope or root cause stays unclear, remediation cannot be completed, "
        "containment failed, or the user is hard to deal with."
    )
    lines.append(
        "L2 to the incident response team: widespread compromise, lateral movement, persistence, "
        "exfiltration, or a highly sensitive account."
    )
    return [one_line(line, LINE_LIMIT) for line in lines]


def escalation_steps(view: CaseView) -> list[NextStep]:
    """Return the escalations that are due now."""
    return [
        task(line, who=Who.L1 if line.startswith("Escalate to L2") else Who.L2)
        for line in escalations(view.record)
        if line.startswith("Escalate")
    ]
