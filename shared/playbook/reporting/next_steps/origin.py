"""Where the attack came from: the owner's word, who else it reached, and what let it in."""

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import AlertType
from shared.models.next_step import NextStep, Urgency, Who
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.quoting import kql, powershell
from shared.playbook.reporting.next_steps.steps import MOST_NAMED, advice, rows_of


def owner_steps(view: CaseView) -> list[NextStep]:
    """Return the call to the owner: seed 004, section 8, point 3."""
    if view.record.account is None:
        return []
    origin = f" from {view.address}" if view.address else ""
    origin += f" ({view.place})" if origin and view.place else ""
    at = f" at {view.login_time}" if view.login_time else ""
    return [
        advice(
            f"Call {view.who} on a number from the staff directory, not by mail or chat (the "
            f"attacker may read them): was the login{at}{origin} theirs? Guide them through "
            "setting a new password.",
            urgency=Urgency.NOW,
        )
    ]


def place_steps(view: CaseView, finding: Json) -> list[NextStep]:
    """Return the other foreign logins to ask the owner about; the main one is asked already."""
    others = [row for row in rows_of(finding) if view.text(row.get("IPAddress")) != view.address]
    if not others:
        return []
    places = ", ".join(
        f"{view.text(row.get('IPAddress'))} ({view.text(row.get('City'))}, "
        f"{view.text(row.get('Country'))})"
        for row in others[:MOST_NAMED]
    )
    return [
        advice(
            f"Ask {view.who} about the logins from {places}, too: they are from other countries "
            "than the usual one.",
            techniques=[finding.get("technique")],
        )
    ]


def hunt_steps(view: CaseView) -> list[NextStep]:
    """Return the search for others whom the address reached: seed 004, section 8, point 6."""
    if not view.address:
        return []
    address = kql(view.address)
    if (view.record.account or {}).get("directory") == "okta":
        query = (
            f"OktaV2_CL | where TimeGenerated > ago(30d) and SrcIpAddr == {address} | summarize "
            "count() by OriginalActorAlternateId, OriginalOutcomeResult"
        )
        also = "Search SigninLogs and the firewall logs for it, too."
    else:
        query = (
            f"SigninLogs | where TimeGenerated > ago(30d) and IPAddress == {address} | summarize "
            "count() by UserPrincipalName, ResultType"
        )
        also = "Search the firewall logs for it, too."
    return [
        advice(
            f"Hunt: who else was reached from {view.address}?{_neighbours(view)} {also}",
            who=Who.L2,
            where="Microsoft Sentinel > Logs",
            command=query,
            urgency=Urgency.NOW if _use(view).get("right_accounts") else Urgency.BEFORE_CLOSING,
        )
    ]


def cause_steps(view: CaseView) -> list[NextStep]:
    """Return what let the attacker in, as far as it was seen: seed 004, section 8, point 7."""
    login = view.output(BlockName.SIGN_INS, "successful_login_details")
    login = login if isinstance(login, dict) else {}
    mfa = view.output(BlockName.SIGN_INS, "mfa_result_successful_login")
    steps = []
    if view.output(BlockName.USER, "mfa_enabled") is False:
        steps.append(
            advice(
                f"Root cause: no MFA is registered for {view.who}: have it registered before the "
                "account is used again.",
                where=f"Entra admin center > Users > {view.who} > Authentication methods",
                command=f"Get-MgUserAuthenticationMethod -UserId {powershell(view.who)} -All",
                urgency=Urgency.BEFORE_CLOSING,
            )
        )
    if mfa == "not_required" and login:
        app = view.text(login.get("app"))
        client = view.text(login.get("client_app"))
        policy = view.text(login.get("conditional_access_status"))
        steps.append(
            advice(
                f"Root cause: {app} let the password alone in (client {client}, Conditional "
                f"Access: {policy}): close the gap in the policies.",
                who=Who.L2,
                where="Entra admin center > Conditional Access > Policies > What If",
                urgency=Urgency.BEFORE_CLOSING,
            )
        )
    if view.record.alert_type is AlertType.MFA_FATIGUE:
        steps.append(
            advice(
                "Root cause: the password was known already, and a prompt was approved: ask for "
                "number matching and for a method that cannot be phished.",
                who=Who.L2,
                where="Entra admin center > Authentication methods > Policies > Microsoft "
                "Authenticator",
                urgency=Urgency.BEFORE_CLOSING,
            )
        )
    return steps


def _use(view: CaseView) -> Json:
    """Return what the address did to other accounts, as the sign-in log counts them."""
    block = view.record.blocks.get(BlockName.SIGN_INS)
    analysis = (block.details.get("analysis") if block else None) or {}
    found = analysis.get("address_use") if isinstance(analysis, dict) else None
    return found if isinstance(found, dict) else {}


def _neighbours(view: CaseView) -> str:
    guessed, right = _use(view).get("guessed_accounts"), _use(view).get("right_accounts")
    if not guessed and not right:
        return ""
    return (
        f" The sign-in log counts {guessed or 0} other accounts with a wrong password from it, "
        f"{right or 0} with the right one: find out which."
    )
