"""What the analyst does next, made specific from the record, and when to escalate.

Source: seed 004 sections 8 (analyst responsibilities) and 9 (escalation paths). What failed comes
first, because it is what an attacker can still use.
"""

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import AlertType, CaseRecord, CaseStatus, OperatingMode
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition
from shared.playbook.acting.containment import PERSISTENCE_ACTIONS
from shared.playbook.acting.devices import DEVICE_ACTIONS, left_to_people
from shared.playbook.acting.persistence import what_is_open
from shared.playbook.intake.fields import one_line
from shared.playbook.reporting.campaign_text import WIDESPREAD, campaign_steps, others_hit
from shared.playbook.reporting.case_view import LINE_LIMIT, CaseView
from shared.playbook.reporting.undo_lines import undo_steps

MOST_FINDINGS = 5

_BY_HAND = {
    ActionName.FORCE_PASSWORD_RESET: "reset the password in the identity provider's console",
    ActionName.REVOKE_SESSIONS: "revoke the sessions in the identity provider's console",
    ActionName.DISABLE_ACCOUNT: "disable the account in the identity provider's console",
    ActionName.BLOCK_IP: "block the address on the firewall by hand",
    ActionName.CONFIRM_COMPROMISED: "confirm the user as compromised in Identity Protection",
    ActionName.REMOVE_AUTHENTICATION_METHODS: "remove the attacker's authentication methods",
    ActionName.DISABLE_INBOX_RULES: "disable the suspicious inbox rules",
    ActionName.REVOKE_OAUTH_GRANTS: "revoke the suspicious application consents",
    ActionName.SCAN_DEVICE: "start the scan from the EDR console",
    ActionName.ISOLATE_DEVICE: "isolate the device from the EDR console",
}
_ROOT_CAUSES = {
    AlertType.BRUTE_FORCE_SUCCESS: "weak or reused password, no MFA, or legacy authentication",
    AlertType.PASSWORD_SPRAY: "common password, no MFA, or legacy authentication",
    AlertType.IMPOSSIBLE_TRAVEL: "stolen password or token, or an undeclared VPN",
    AlertType.MFA_FATIGUE: "password already stolen, push approvals without number matching",
    AlertType.TOKEN_THEFT: "adversary-in-the-middle page, or malware on the device",
    AlertType.PHISHING: "phishing mail that got through, MFA that can be phished",
    AlertType.COMPROMISED_ACCOUNT: "stolen password, stolen token, phishing or malware",
}
_SERIOUS = (
    ("lateral movement", ("T1021", "T1534", "T1550.002", "T1550.003", "T1563", "T1570")),
    ("persistence", ("T1098", "T1136", "T1137", "T1528", "T1556", "T1564", "T1114.003")),
    ("exfiltration", ("T1020", "T1030", "T1041", "T1048", "T1213", "T1530", "T1537", "T1567")),
    ("destruction", ("T1485", "T1486", "T1490")),
)
"""ATT&CK techniques of the hunts that mean an incident for the response team."""


def next_steps(record: CaseRecord | Json) -> list[str]:
    """Return the next steps of a case, most urgent first; the same record gives the same list."""
    view = CaseView(record)
    steps = [
        *undo_steps(view),
        *_what_failed(view),
        *campaign_steps(view),
        *_what_is_left_to_people(view),
        *(line for line in escalations(record) if line.startswith("Escalate")),
        *(line for _name, line in view.troubled_blocks()),
        *_forwarding(view),
        *_investigate(view),
        _close(view),
    ]
    return [one_line(step, LINE_LIMIT) for step in dict.fromkeys(steps)]


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


def _what_failed(view: CaseView) -> list[str]:
    steps = []
    for one in view.outcomes(ActionStatus.FAILED):
        task = _BY_HAND.get(one.action, "do it by hand")
        whys = (
            what_is_open(one.detail)
            if one.action in PERSISTENCE_ACTIONS
            else [one.detail or "no reason given"]
        )
        steps += [
            f"{one.action} on {one.target} FAILED ({view.text(why)}): {task} now." for why in whys
        ]
    for one in view.outcomes(ActionStatus.SUCCEEDED):
        if one.verified is False:
            steps.append(
                f"{one.action} on {one.target} was accepted but is NOT in force: check and repeat "
                "it by hand now."
            )
        elif one.verified is None:
            why = f" ({view.text(one.detail)})" if one.detail else ""
            steps.append(f"Verify by hand that {one.action} on {one.target} is in force{why}.")
    steps += [
        f"{one.action} was not done to every device, decide and do it by hand where it is needed: "
        f"{view.text(left)}."
        for one in view.record.actions
        if one.action in DEVICE_ACTIONS and (left := left_to_people(one))
    ]
    for one in view.outcomes(ActionStatus.SKIPPED):
        if by_hand := _BY_HAND.get(one.action):
            steps.append(f"{one.action} on {one.target} is not automated: {by_hand}.")
    return steps


_ELSEWHERE = {
    "entra": "Microsoft Entra ID: revoke its sessions, reset its password and look for new "
    "sign-in methods and inbox rules in the Entra admin center",
    "okta": "Okta: clear its sessions, reset its password without mail and look for new factors "
    "in the Okta admin console",
}


def _elsewhere(view: CaseView) -> list[str]:
    """Say what is left in directories that the case did not act in."""
    account = view.record.account or {}
    return [
        f"The account also exists as {view.text(twin.get('user_principal_name'))} in "
        f"{_ELSEWHERE.get(str(twin.get('directory')), 'another directory')}. Nothing was done "
        "there."
        for twin in account.get("also_in") or []
        if twin.get("account_enabled") is not False
    ]


def _on_premises(view: CaseView) -> list[str]:
    """Say where else a disabled account is to be disabled, when it is mastered elsewhere.

    Source: Microsoft Learn, "Revoke user access in Microsoft Entra ID" (hybrid environment).
    """
    done = [
        one
        for one in view.outcomes(ActionStatus.SUCCEEDED)
        if one.action is ActionName.DISABLE_ACCOUNT and one.undone is None
    ]
    if not done or (view.record.account or {}).get("synced") is not True:
        return []
    return [
        f"Disable {view.who} in Active Directory too: the account is mastered on-premises, the "
        "next synchronisation may enable it in Entra ID again."
    ]


def _what_is_left_to_people(view: CaseView) -> list[str]:
    steps = _on_premises(view) + (_elsewhere(view) if view.confidence != "Low" else [])
    asked = view.planned(Disposition.ASK)
    if view.record.status is CaseStatus.AWAITING_DECISION and asked:
        names = ", ".join(f"{line.action} on {line.target}" for line in asked)
        steps.append(f"Decide now whether to do: {names}.")
    decision = view.record.decision
    if decision is not None and decision.channel == "deadline" and asked:
        steps.append(
            "Nobody answered before the deadline and nothing was done: decide and act by hand."
        )
    never = view.planned(Disposition.NEVER)
    idle = (ActionName.MONITOR_ONLY, ActionName.NO_ACTION)
    if view.record.mode is OperatingMode.OBSERVE:
        held = [line for line in never if "observe mode" in line.why and line.action not in idle]
        never = [line for line in never if "observe mode" not in line.why]
        if held:
            names = ", ".join(f"{line.action} on {line.target}" for line in held)
            steps.append(
                f"Observe mode changed nothing. If you agree with the verdict, do by hand: {names}."
            )
    whys: dict[str, list[str]] = {}
    for line in never:
        if line.action not in idle:
            whys.setdefault(line.why, []).append(f"{line.action} on {line.target}")
    steps += [f"Not done: {', '.join(names)}: {why}." for why, names in whys.items()]
    if view.record.account is None:
        steps.append(
            "The incident names no account: find out whose it is, then start the runbook for it "
            "(POST /api/cases)."
        )
    return steps


def _forwarding(view: CaseView) -> list[str]:
    """Name what no inbox rule is: forwarding of the whole mailbox, which the app does not touch.

    Source: learn.microsoft.com/powershell/module/exchange/set-mailbox (parameters).
    """
    if all(one.action is not ActionName.DISABLE_INBOX_RULES for one in view.record.actions):
        return []
    return [
        "Forwarding of the whole mailbox is no inbox rule and was NOT looked at or changed: in the "
        f'Exchange admin center open Mailboxes, {view.who}, "Manage email forwarding", or run '
        f"Get-Mailbox {view.who} | Format-List ForwardingAddress, ForwardingSmtpAddress, "
        "DeliverToMailboxAndForward. If it is not the user's: Set-Mailbox -ForwardingAddress $null "
        "-ForwardingSmtpAddress $null -DeliverToMailboxAndForward $false."
    ]


def _investigate(view: CaseView) -> list[str]:
    """Seed 004 section 8, points 3 to 7."""
    since = f" since {view.login_time}" if view.login_time else ""
    origin = f" from {view.address}" if view.address else ""
    origin += f" ({view.place})" if origin and view.place else ""
    at = f" at {view.login_time}" if view.login_time else ""
    steps = []
    if view.record.account is not None:
        steps.append(
            f"Call {view.who} on a number from the staff directory, not by mail or chat (the "
            f"attacker may read them): was the login{at}{origin} theirs? Guide them through "
            "setting a new password."
        )
    if view.confidence == "Low":
        return steps
    for finding in view.findings[:MOST_FINDINGS]:
        technique = f" [{finding['technique']}]" if finding.get("technique") else ""
        count = view.text(finding.get("count"))
        rows = "1 row" if count == "1" else f"{count} rows"
        steps.append(
            f"Review what was found: {view.text(finding.get('title'))}{technique}, {rows}."
        )
    who = view.who if view.record.account is not None else "the account, once it is known,"
    steps.append(
        f"Scope: check what {who} did{since}: sensitive data, mailbox rules, application "
        "consents, new authentication methods, role changes, logins to other systems."
    )
    steps += [_malware(view), *_hunt(view), _root_cause(view)]
    if view.techniques:
        steps.append(f"Report the MITRE ATT&CK techniques seen: {', '.join(view.techniques)}.")
    return steps


def _malware(view: CaseView) -> str:
    if ActionName.SCAN_DEVICE in {one.action for one in view.outcomes(ActionStatus.SUCCEEDED)}:
        return f"Malware: read the results of the scans of {view.who}'s devices in the EDR console."
    details = view.output(BlockName.SIGN_INS, "successful_login_details")
    device = details.get("device") if isinstance(details, dict) else None
    if device:
        return f"Malware: the login came from device {view.text(device)}; start an EDR scan on it."
    return f"Malware: start an EDR scan on {view.who}'s devices if anything points to them."


def _hunt(view: CaseView) -> list[str]:
    if not view.address:
        return ["Hunt: search for the same pattern on other accounts."]
    if (view.record.account or {}).get("directory") == "okta":
        return [
            f"Hunt: who else was reached from {view.address}? OktaV2_CL | where TimeGenerated > "
            f'ago(30d) and SrcIpAddr == "{view.address}" | summarize count() by '
            "OriginalActorAlternateId, OriginalOutcomeResult; search SigninLogs and the firewall "
            "logs for it too."
        ]
    return [
        f"Hunt: who else was reached from {view.address}? SigninLogs | where TimeGenerated > "
        f'ago(30d) and IPAddress == "{view.address}" | summarize count() by UserPrincipalName, '
        "ResultType; and search the firewall logs for it."
    ]


def _root_cause(view: CaseView) -> str:
    step = f"Root cause: {_ROOT_CAUSES[view.record.alert_type]}."
    if view.output(BlockName.USER, "mfa_enabled") is False:
        step += (
            " No MFA is registered for this account: have it registered before it is used again."
        )
    return step


def _close(view: CaseView) -> str:
    if view.confidence == "Low":
        return "If the user confirms the login, close the case as benign; otherwise act by hand."
    return "Document the findings in the ticket, acknowledge the case, and close it when done."
