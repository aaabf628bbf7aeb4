"""How each action is done by hand: what, where in the portal, with which command.

Source: Microsoft Learn, "Revoke user access in Microsoft Entra ID", "Responding to a compromised
email account", and the reference of the Microsoft Graph and Exchange Online PowerShell modules;
Okta Help Center, "Manage users".
"""

from typing import NamedTuple

from shared.models.base import Json
from shared.models.plan import ActionName
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.quoting import powershell


class ByHand(NamedTuple):
    """How a person does it."""

    task: str
    where: str
    command: str = ""


_ENTRA = {
    ActionName.FORCE_PASSWORD_RESET: ByHand(
        "reset the password", "Entra admin center > Users > {who} > Reset password"
    ),
    ActionName.REVOKE_SESSIONS: ByHand(
        "revoke the sessions",
        "Entra admin center > Users > {who} > Revoke sessions",
        "Revoke-MgUserSignInSession -UserId {id}",
    ),
    ActionName.DISABLE_ACCOUNT: ByHand(
        "disable the account",
        "Entra admin center > Users > {who} > Edit properties > Settings > Account enabled",
        "Update-MgUser -UserId {id} -AccountEnabled:$false",
    ),
    ActionName.CONFIRM_COMPROMISED: ByHand(
        "confirm the user as compromised",
        "Entra admin center > ID Protection > Risky users > {who} > Confirm user compromised",
        "Confirm-MgRiskyUserCompromised -UserIds {id}",
    ),
    ActionName.REMOVE_AUTHENTICATION_METHODS: ByHand(
        "remove the attacker's authentication methods",
        "Entra admin center > Users > {who} > Authentication methods",
        "Get-MgUserAuthenticationMethod -UserId {id} -All",
    ),
    ActionName.REVOKE_OAUTH_GRANTS: ByHand(
        "revoke the suspicious application consents",
        "Entra admin center > Users > {who} > Applications",
        "Get-MgUserOauth2PermissionGrant -UserId {id} -All",
    ),
}
_OKTA = {
    ActionName.FORCE_PASSWORD_RESET: ByHand(
        "reset the password without mail",
        "Okta admin console > Directory > People > {who} > Reset Password",
    ),
    ActionName.REVOKE_SESSIONS: ByHand(
        "clear the sessions",
        "Okta admin console > Directory > People > {who} > More Actions > Clear User Sessions",
    ),
    ActionName.DISABLE_ACCOUNT: ByHand(
        "suspend the account",
        "Okta admin console > Directory > People > {who} > More Actions > Suspend",
    ),
    ActionName.REMOVE_AUTHENTICATION_METHODS: ByHand(
        "remove the attacker's factors",
        "Okta admin console > Directory > People > {who} > More Actions > Reset Authenticators",
    ),
    ActionName.REVOKE_OAUTH_GRANTS: ByHand(
        "revoke the suspicious application consents",
        "Okta admin console > Directory > People > {who} > Applications",
    ),
}
_ANYWHERE = {
    ActionName.BLOCK_IP: ByHand(
        "block the address on the firewall by hand",
        "Azure portal > IP Groups > the group of the block rule, or the console of the firewall "
        "that is named",
    ),
    ActionName.DISABLE_INBOX_RULES: ByHand(
        "disable the suspicious inbox rules",
        "Exchange Online PowerShell",
        "Get-InboxRule -Mailbox {id} -IncludeHidden | Format-List Name, Enabled, ForwardTo, "
        "ForwardAsAttachmentTo, RedirectTo, DeleteMessage, MoveToFolder",
    ),
    ActionName.SCAN_DEVICE: ByHand(
        "start the scan from the EDR console",
        "Microsoft Defender portal > Assets > Devices > the device > Run antivirus scan",
    ),
    ActionName.ISOLATE_DEVICE: ByHand(
        "isolate the device from the EDR console",
        "Microsoft Defender portal > Assets > Devices > the device > Isolate device",
    ),
}


def by_hand(view: CaseView, action: ActionName) -> ByHand:
    """Return how a person does an action to the case's account, in its own directory."""
    account = view.record.account or {}
    own = _OKTA if account.get("directory") == "okta" else _ENTRA
    found = own.get(action) or _ANYWHERE.get(action) or ByHand("do it by hand", "")
    if action is ActionName.FORCE_PASSWORD_RESET and (keeper := _password_keeper(account)):
        found = ByHand("reset the password", keeper)
    command = found.command.replace("{id}", powershell(view.who))
    return ByHand(found.task, found.where.replace("{who}", view.who), command)


def _password_keeper(account: Json) -> str:
    """Return where the password is reset when it is not the directory's own; empty if it is."""
    if account.get("synced"):
        return "Active Directory Users and Computers, on-premises"
    if domain := account.get("federated_domain"):
        return f"the identity provider of {domain} (Entra admin center > Custom domain names)"
    return ""


def is_by_hand(action: ActionName) -> bool:
    """Whether a person could do the action at all: monitoring and nothing need nobody."""
    return action in _ENTRA or action in _ANYWHERE
