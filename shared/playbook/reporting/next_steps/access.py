"""Ways back in that were found: applications with consent, authentication methods, roles.

Source: Microsoft Learn, "Review permissions granted to enterprise applications" and the reference
of the Microsoft Graph PowerShell modules; MITRE ATT&CK T1528, T1556.006, T1098.003.
"""

import json

from shared.models.base import Json
from shared.models.next_step import NextStep, Urgency, Who
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.quoting import powershell
from shared.playbook.reporting.next_steps.steps import MOST_NAMED, advice, at, origin, rows_of

_APPS = "Entra admin center > Enterprise apps"


def consent_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return one step for each application: those revoked by name and scopes, then the others."""
    techniques = [finding.get("technique")]
    rows = rows_of(finding)
    revoked = _revoked(view)
    steps = [_reviewed(view, grant, rows, techniques) for grant in revoked[:MOST_NAMED]]
    known = {str(grant.get("client_name")) for grant in revoked}
    others = {
        str(row["Application"]): row
        for row in reversed(rows)
        if row.get("Application") and row["Application"] not in known
    }
    # The interface that an application may call is logged beside the consent to the application.
    names = [name for name in others if not (revoked and name.startswith("Microsoft Graph"))]
    steps += [_open(view, others[name], techniques) for name in names[:MOST_NAMED]]
    return steps


def method_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return one step for each change of the account's authentication methods."""
    removed = _detail(view, ActionName.REMOVE_AUTHENTICATION_METHODS).partition("removed: ")[2]
    steps = []
    for row in rows_of(finding)[:MOST_NAMED]:
        words = row.get("ResultReason") or row.get("OperationName")
        state = (
            f"this case has removed {view.text(removed.partition('; ')[0])}; the user registers "
            "their own again"
            if removed
            else "ask the user whether it is theirs, else remove it"
        )
        made = f"{at(view, row)}{origin(view, row.get('InitiatorAddress'))}"
        steps.append(
            advice(
                f'Authentication method of {view.who}: "{view.text(words)}"{made}; {state}.',
                where=f"Entra admin center > Users > {view.who} > Authentication methods",
                command=f"Get-MgUserAuthenticationMethod -UserId {powershell(view.who)} -All",
                urgency=Urgency.TODAY if removed else Urgency.NOW,
                techniques=[finding.get("technique")],
            )
        )
    return steps


def role_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return one step for each role or ownership that was given by or to the account."""
    steps = []
    for row in rows_of(finding)[:MOST_NAMED]:
        role = _changed(row.get("Changes"), "Role.DisplayName") or "A role"
        target = view.text(row.get("TargetName"))
        made = f"{at(view, row)}{origin(view, row.get('InitiatorAddress'))}"
        steps.append(
            advice(
                f"{view.text(role)} was given to {target} by "
                f"{view.text(row.get('InitiatorName'))}{made} "
                f'("{view.text(row.get("OperationName"))}"): remove the assignment unless a change '
                f"request covers it, and treat {target} as compromised, too.",
                who=Who.IRT,
                where="Entra admin center > Roles & admins > the role > Assignments (and ID "
                "Governance > Privileged Identity Management)",
                command='Get-MgRoleManagementDirectoryRoleAssignment -Filter "principalId eq '
                f"'$((Get-MgUser -UserId {powershell(target)}).Id)'\" -ExpandProperty "
                "RoleDefinition",
                urgency=Urgency.NOW,
                techniques=[finding.get("technique")],
            )
        )
    return steps


def _revoked(view: CaseView) -> list[Json]:
    """Return the consents that this case revoked and that were not given back."""
    return [
        grant
        for one in _done(view, ActionName.REVOKE_OAUTH_GRANTS)
        for grant in (one.undo or {}).get("grants") or []
    ]


def _reviewed(view: CaseView, grant: Json, rows: list[Json], techniques: list[object]) -> NextStep:
    name = view.text(grant.get("client_name") or grant.get("client_id"))
    given = next((row for row in rows if row.get("Application") == grant.get("client_name")), {})
    return advice(
        f"Application {name} (id {view.text(grant.get('client_id'))}, scopes "
        f"{view.text(str(grant.get('scope') or '').strip())}): the consent of {view.who}"
        f"{at(view, given)}{origin(view, given.get('InitiatorAddress'))} is revoked; find out what "
        "it read and who else consented, disable it for everybody unless somebody answers for it.",
        who=Who.L2,
        where=f"{_APPS} > {name} > Permissions, then Properties > Enabled for users to sign-in",
        command="Update-MgServicePrincipal -ServicePrincipalId "
        f"{powershell(grant.get('client_id'))} -AccountEnabled:$false",
        techniques=techniques,
    )


def _open(view: CaseView, row: Json, techniques: list[object]) -> NextStep:
    name = view.text(row["Application"])
    identity = f" (id {view.text(row['ApplicationId'])})" if row.get("ApplicationId") else ""
    scopes = f", scopes {view.text(row['Scopes'])}" if row.get("Scopes") else ""
    return advice(
        f'Application {name}{identity}{scopes}: "{view.text(row.get("OperationName"))}" by '
        f"{view.text(row.get('InitiatorName'))}{at(view, row)}"
        f"{origin(view, row.get('InitiatorAddress'))}; revoke it unless the user knows it.",
        who=Who.L2,
        where=f"{_APPS} > {name} > Permissions > User consent",
        command=f"Get-MgUserOauth2PermissionGrant -UserId {powershell(view.who)} -All | "
        "Format-List Id, ClientId, Scope",
        urgency=Urgency.NOW,
        techniques=techniques,
    )


def _done(view: CaseView, action: ActionName) -> list[ActionOutcome]:
    return [one for one in view.outcomes(ActionStatus.SUCCEEDED) if one.action is action]


def _detail(view: CaseView, action: ActionName) -> str:
    return next((one.detail for one in _done(view, action)), "")


def _changed(changes: object, name: str) -> str:
    """Return the new value of one property of an audit row; nothing when its text was cut."""
    try:
        found = json.loads(str(changes or "[]"))
    except (ValueError, RecursionError):
        return ""
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and one.get("displayName") == name:
            return str(one.get("newValue") or "").strip('"')
    return ""
