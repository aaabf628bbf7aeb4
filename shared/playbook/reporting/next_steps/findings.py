"""One step, or more, for everything that a hunt found; the names come from its rows."""

from shared.models.base import Json
from shared.models.next_step import NextStep
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.access import consent_steps, method_steps, role_steps
from shared.playbook.reporting.next_steps.files import (
    deletion_steps,
    download_steps,
    sensitive_steps,
    sharing_steps,
)
from shared.playbook.reporting.next_steps.machines import (
    command_steps,
    movement_steps,
    token_steps,
    transfer_steps,
)
from shared.playbook.reporting.next_steps.mailbox import mail_burst_steps, mailbox_steps
from shared.playbook.reporting.next_steps.origin import place_steps
from shared.playbook.reporting.next_steps.steps import Reader, advice

READERS: dict[str, Reader] = {
    "anomalous_places": place_steps,
    "inbox_rules": mailbox_steps,
    "large_transfers": transfer_steps,
    "lateral_movement": movement_steps,
    "mail_bursts": mail_burst_steps,
    "mass_deletion": deletion_steps,
    "mass_download": download_steps,
    "mfa_method_changes": method_steps,
    "oauth_consent": consent_steps,
    "role_assignments": role_steps,
    "sensitive_access": sensitive_steps,
    "sharing_bursts": sharing_steps,
    "suspicious_commands": command_steps,
    "token_new_places": token_steps,
}
"""Which reader knows a hunt's rows, by the hunt's id."""
ITSELF = frozenset({"failures_then_success"})
"""Hunts that find the attack itself, about which the owner is asked anyway."""


def finding_steps(view: CaseView) -> list[NextStep]:
    """Return the steps of all findings; what no reader can name is at least told."""
    steps: list[NextStep] = []
    for finding in view.findings:
        name = str(finding.get("id"))
        if name in ITSELF:
            continue
        reader = READERS.get(name)
        made = reader(view, finding) if reader and finding.get("rows") else []
        known = reader is place_steps
        steps += made or ([] if known else [_told(view, finding)])
    return steps


def _told(view: CaseView, finding: Json) -> NextStep:
    technique = f" [{finding['technique']}]" if finding.get("technique") else ""
    count = view.text(finding.get("count"))
    rows = "1 row" if count == "1" else f"{count} rows"
    return advice(
        f"Review what was found: {view.text(finding.get('title'))}{technique}, {rows}.",
        techniques=[finding.get("technique")],
    )
