"""When a case goes to the second line or to the incident response team (seed 004, section 9)."""

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.next_step import NextStep, Who
from shared.models.outcome import ActionStatus
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.campaign_text import WIDESPREAD, others_hit
from shared.playbook.reporting.case_view import LINE_LIMIT, CaseView
from shared.playbook.reporting.next_steps.steps import task

_SERIOUS = (
    ("lateral movement", ("T1021", "T1534", "T1550.002", "T1550.003", "T1563", "T1570")),
    ("persistence", ("T1098", "T1136", "T1137", "T1528", "T1556", "T1564", "T1114.003")),
    ("exfiltration", ("T1020", "T1030", "T1041", "T1048", "T1213", "T1530", "T1537", "T1567")),
    ("destruction", ("T1485", "T1486", "T1490")),
)
"""ATT&CK techniques of the hunts that mean an incident for the response team."""


def escalations(record: CaseRecord | Json) -> list[str]:
    """Return what has to be escalated now (``Escalate ...``), then when else to escalate."""
    view = CaseView(record)
    lines = []
    failed = [str(one.action) for one in view.outcomes(ActionStatus.FAILED)]
    if failed:
        lines.append(f"Escalate to L2 now: containment failed ({', '.join(failed)}).")
    grave = []
    if sensitive := sorted(view.kinds & {"privileged", "vip", "break_glass"}):
        grave.append(f"highly sensitive account ({', '.join(sensitive)})".replace("_", "-"))
    for words, techniques in _SERIOUS:
        titles = [
            view.text(finding.get("title"))
            for finding in view.findings
            if str(finding.get("technique") or "").startswith(techniques)
        ]
        if titles:
            grave.append(f"signs of {words}: {', '.join(titles[:3])}")
    if (hit := others_hit(view) + 1) >= WIDESPREAD:
        grave.append(f"widespread compromise: {hit} accounts were hit from one address")
    if grave and view.confidence != "Low":
        lines.append(f"Escalate to the incident response team: {'; '.join(grave)}.")
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
