"""What was done to files: taken, shared with outsiders, deleted, opened although sensitive.

Source: Search-UnifiedAuditLog (Exchange Online PowerShell) and the SharePoint activities of the
Office 365 Management Activity API schema; MITRE ATT&CK T1530, T1537, T1485, T1213.002.
"""

from shared.models.base import Json
from shared.models.next_step import NextStep, Urgency, Who
from shared.playbook.reporting.case_view import CaseView, when
from shared.playbook.reporting.next_steps.quoting import powershell
from shared.playbook.reporting.next_steps.steps import (
    MOST_NAMED,
    advice,
    listed,
    more_than,
    origin,
    rows_of,
)

_LINKS = ("AnonymousLinkCreated", "AnonymousLinkUpdated", "SecureLinkCreated",
          "SharingInvitationCreated", "AddedToSecureLink", "SharingSet")  # fmt: skip


def download_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return who has to judge what was taken."""
    return [
        advice(
            f"{view.text(row.get('Files'))} files were downloaded as {view.who}"
            f"{origin(view, row.get('Address'))} {_between(view, row)}{_sites(view, row)}: the "
            "site's owner says what they held, and whether a breach has to be reported.",
            who=Who.OWNER,
            where="Microsoft Purview portal > Audit",
            command=_audit(view, row, ("FileDownloaded", "FileSyncDownloadedFull")),
            techniques=[finding.get("technique")],
        )
        for row in rows_of(finding)[:MOST_NAMED]
    ]


def sharing_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return which links and guests have to go: they outlive the new password."""
    return [
        advice(
            f"{view.text(row.get('Files'))} files were shared with outsiders or by link as "
            f"{view.who} {_between(view, row)}{_sites(view, row)} "
            f"({listed(view, row.get('Operations'))}): remove the links and the guests, they "
            "outlive the new password.",
            who=Who.L2,
            where="SharePoint admin center > Active sites > the site > Sharing; on the site: the "
            "file > Manage access > Stop sharing",
            command=_audit(view, row, _LINKS),
            urgency=Urgency.NOW,
            techniques=[finding.get("technique")],
        )
        for row in rows_of(finding)[:MOST_NAMED]
    ]


def deletion_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return how what was deleted comes back."""
    steps = []
    for row in rows_of(finding)[:MOST_NAMED]:
        mail = "mail" in str(row.get("Kind") or "").lower()
        what = "mails" if mail else "files"
        command = (
            f"Get-RecoverableItems -Identity {powershell(view.who)} -FilterStartTime "
            f"{powershell(row.get('FirstSeen'))}; Restore-RecoverableItems takes the same"
            if mail
            else _audit(view, row, ("FileDeleted", "FileRecycled"))
        )
        steps.append(
            advice(
                f"{view.text(row.get('Deleted'))} {what} were deleted as {view.who} "
                f"{_between(view, row)}: restore them before they expire.",
                who=Who.L2,
                where="Exchange admin center > Mailboxes > the user > Recover deleted items"
                if mail
                else "SharePoint or OneDrive > Recycle bin, or Restore this library",
                command=command,
                techniques=[finding.get("technique")],
            )
        )
    return steps


def sensitive_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return which files were opened, for those who answer for them."""
    rows = rows_of(finding)[:MOST_NAMED]
    if not rows:
        return []
    names = ", ".join(
        f'"{view.text(row.get("SourceFileName") or row.get("OfficeObjectId"))}"'
        f" ({view.text(row.get('Operation'))}{origin(view, row.get('SourceAddress'))})"
        for row in rows
    )
    return [
        advice(
            f"{view.who} reached {names}{more_than(finding, len(rows))}: the owner of the files "
            "says how sensitive they are, and whether a breach has to be reported.",
            who=Who.OWNER,
            where="Microsoft Purview portal > Audit",
            techniques=[finding.get("technique")],
        )
    ]


def _between(view: CaseView, row: Json) -> str:
    first, last = (when(view.text(row.get(name))) for name in ("FirstSeen", "TimeGenerated"))
    return f"between {first} and {last}"


def _sites(view: CaseView, row: Json) -> str:
    found = listed(view, row.get("Sites"))
    return f", from {found}" if found else ""


def _audit(view: CaseView, row: Json, operations: tuple[str, ...]) -> str:
    first, last = (powershell(row.get(name)) for name in ("FirstSeen", "TimeGenerated"))
    return (
        f"Search-UnifiedAuditLog -UserIds {powershell(view.who)} -Operations "
        f"{','.join(operations)} -StartDate {first} -EndDate {last} -ResultSize 5000"
    )
