"""What was done to the mailbox: rules, forwarding, delegates, mail that was sent from it.

Source: Exchange Online PowerShell reference (Remove-InboxRule, Set-Mailbox,
Remove-MailboxPermission, Get-MessageTraceV2); MITRE ATT&CK T1564.008, T1114.003, T1534.
"""

import json

from shared.models.base import Json
from shared.models.next_step import NextStep, Urgency, Who
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.playbook.reporting.case_view import CaseView, when
from shared.playbook.reporting.next_steps.quoting import powershell
from shared.playbook.reporting.next_steps.steps import (
    MOST_NAMED,
    advice,
    at,
    listed,
    more_than,
    origin,
    rows_of,
    task,
)

_EXCHANGE = "Exchange Online PowerShell (Connect-ExchangeOnline)"
_EFFECTS = {
    "ForwardTo": "forwards to",
    "ForwardAsAttachmentTo": "forwards as attachment to",
    "RedirectTo": "redirects to",
    "MoveToFolder": "moves to",
    "ForwardingSmtpAddress": "forwards the whole mailbox to",
    "ForwardingAddress": "forwards the whole mailbox to",
}
_FLAGS = {"DeleteMessage": "deletes", "MarkAsRead": "marks as read"}


def mailbox_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return one step for each rule, forwarding, delegate and transport rule that was set up."""
    rows = rows_of(finding)[:MOST_NAMED]
    steps = [_change(view, finding, row) for row in rows]
    if steps and (more := more_than(finding, len(rows))):
        steps.append(advice(f"Look at the other mailbox changes, too{more}.", who=Who.L1))
    return steps


def mail_burst_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return what to do about mail that was sent from the account in bulk."""
    steps = []
    for row in rows_of(finding)[:MOST_NAMED]:
        subjects = listed(view, row.get("Subjects")) or "unknown"
        first, last = str(row.get("FirstSeen") or ""), str(row.get("TimeGenerated") or "")
        steps.append(
            advice(
                f"{view.text(row.get('Messages'))} mails were sent from {view.who} between "
                f"{when(first)} and {when(last)}, subject {subjects}: find who got them, purge "
                "them from mailboxes inside, warn the recipients outside.",
                who=Who.L2,
                where="Exchange admin center > Mail flow > Message trace; Microsoft Defender "
                "portal > Email & collaboration > Explorer > Purge",
                command=f"Get-MessageTraceV2 -SenderAddress {powershell(view.who)} -StartDate "
                f"{powershell(first)} -EndDate {powershell(last)}",
                urgency=Urgency.NOW,
                techniques=[finding.get("technique")],
            )
        )
    return steps


def forwarding_steps(view: CaseView) -> list[NextStep]:
    """Name what no inbox rule is: forwarding of the whole mailbox, which the app does not touch.

    Source: learn.microsoft.com/powershell/module/exchange/set-mailbox (parameters).
    """
    if all(one.action is not ActionName.DISABLE_INBOX_RULES for one in view.record.actions):
        return []
    who = powershell(view.who)
    return [
        task(
            "Forwarding of the whole mailbox is no inbox rule and was NOT looked at or changed: "
            "if one is set and it is not the user's, take it away.",
            who=Who.L1,
            where=f'Exchange admin center > Mailboxes > {view.who} > "Manage email forwarding"',
            # What changes something stands behind a comment sign: pasting the line only looks.
            command=f"Get-Mailbox {who} | Format-List ForwardingAddress, ForwardingSmtpAddress, "
            f"DeliverToMailboxAndForward # to take it away: Set-Mailbox {who} -ForwardingAddress "
            "$null -ForwardingSmtpAddress $null -DeliverToMailboxAndForward $false",
        )
    ]


def _change(view: CaseView, finding: Json, row: Json) -> NextStep:
    operation = str(row.get("Operation") or "")
    given = _parameters(row.get("Details"))
    made = f"{at(view, row)}{origin(view, row.get('ClientIP'))}"
    techniques = [finding.get("technique")]
    mailbox = powershell(view.who)
    if operation.lower() == "set-mailbox":
        return advice(
            f"Mailbox of {view.who} {_effects(view, given) or 'forwards its mail'} (set{made}): "
            "take the forwarding away unless the user knows it.",
            where=f"Exchange admin center > Mailboxes > {view.who} > Manage email forwarding",
            command=f"Set-Mailbox {mailbox} -ForwardingAddress $null -ForwardingSmtpAddress $null "
            "-DeliverToMailboxAndForward $false",
            urgency=Urgency.NOW,
            techniques=["T1114.003"],
        )
    if operation.lower() in ("add-mailboxpermission", "addfolderpermissions"):
        user = given.get("User") or given.get("MemberUpn") or "somebody"
        rights = given.get("AccessRights") or "access"
        return advice(
            f"{view.text(user)} was given {view.text(rights)} to the mailbox of {view.who}{made}: "
            "take it away unless the user asked for it.",
            where=f"Exchange admin center > Mailboxes > {view.who} > Delegation",
            command=f"Remove-MailboxPermission -Identity {mailbox} -User {powershell(user)} "
            f"-AccessRights {powershell(rights)}",
            urgency=Urgency.NOW,
            techniques=["T1098.002"],
        )
    if operation.lower() == "new-transportrule":
        return advice(
            f"Mail flow rule {_name(view, row, given)} was made{made}; it touches the mail of "
            "everybody: have it reviewed, and disabled if nobody ordered it.",
            who=Who.L2,
            where="Exchange admin center > Mail flow > Rules",
            command=f"Disable-TransportRule -Identity {powershell(given.get('Name') or '')}"
            if given.get("Name")
            else "Get-TransportRule | Format-List Name, State, Description",
            urgency=Urgency.NOW,
            techniques=techniques,
        )
    return _inbox_rule(view, row, given, made, techniques)


def _inbox_rule(
    view: CaseView, row: Json, given: dict[str, str], made: str, techniques: list[object]
) -> NextStep:
    name = given.get("Name") or str(row.get("OfficeObjectId") or "").rpartition("\\")[2]
    effects = _effects(view, given)
    done = [
        one
        for one in view.outcomes(ActionStatus.SUCCEEDED)
        if one.action is ActionName.DISABLE_INBOX_RULES and f'"{name}" (' in one.detail
    ]
    state = (
        "this case has disabled it: delete it once the user says that it is not theirs"
        if done
        else "delete it unless the user knows it"
    )
    return advice(
        f'Inbox rule "{view.text(name)}"{f", which {effects}," if effects else ""} was set up'
        f"{made}; {state}.",
        where=_EXCHANGE,
        command=f"Remove-InboxRule -Mailbox {powershell(view.who)} -Identity {powershell(name)}",
        urgency=Urgency.TODAY if done else Urgency.NOW,
        techniques=techniques,
    )


def _name(view: CaseView, row: Json, given: dict[str, str]) -> str:
    return f'"{view.text(given.get("Name") or row.get("OfficeObjectId"))}"'


def _effects(view: CaseView, given: dict[str, str]) -> str:
    found = [
        f"{words} {view.text(given[name])}" for name, words in _EFFECTS.items() if given.get(name)
    ]
    found += [words for name, words in _FLAGS.items() if given.get(name, "").lower() == "true"]
    return " and ".join(found)


def _parameters(details: object) -> dict[str, str]:
    """Return the cmdlet's parameters; nothing when the row's text was cut or is no list."""
    try:
        given = json.loads(str(details or "[]"))
    except (ValueError, RecursionError):
        return {}
    pairs = given if isinstance(given, list) else []
    return {
        str(one["Name"]): str(one.get("Value") or "")
        for one in pairs
        if isinstance(one, dict) and one.get("Name")
    }
