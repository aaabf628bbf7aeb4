"""What is left to people by the plan, the policy, silence, other directories and undos."""

from shared.models.case import CaseStatus, OperatingMode
from shared.models.next_step import NextStep, Urgency, Who
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.next_steps.by_hand import by_hand
from shared.playbook.reporting.next_steps.quoting import powershell
from shared.playbook.reporting.next_steps.steps import advice, task
from shared.playbook.reporting.undo_lines import undo_steps

_IDLE = (ActionName.MONITOR_ONLY, ActionName.NO_ACTION)
_ELSEWHERE = {
    "entra": "Microsoft Entra ID: revoke its sessions, reset its password and look for new "
    "sign-in methods and inbox rules in the Entra admin center",
    "okta": "Okta: clear its sessions, reset its password without mail and look for new factors "
    "in the Okta admin console",
}


def taken_back_steps(view: CaseView) -> list[NextStep]:
    """Return what people have to do because of an undo or of a containment that did not hold."""
    return [task(line) for line in undo_steps(view)]


def left_steps(view: CaseView) -> list[NextStep]:
    """Return what was not done because it could not, must not, or nobody said so."""
    steps = _on_premises(view) + (_elsewhere(view) if view.confidence != "Low" else [])
    asked = view.planned(Disposition.ASK)
    if view.record.status is CaseStatus.AWAITING_DECISION and asked:
        names = ", ".join(f"{line.action} on {line.target}" for line in asked)
        page = "the decision page, by the link of the message"
        steps.append(task(f"Decide now whether to do: {names}.", who=Who.L1, where=page))
    decision = view.record.decision
    if decision is not None and decision.channel == "deadline" and asked:
        steps.append(
            task(
                "Nobody answered before the deadline and nothing was done: decide and act by hand."
            )
        )
    steps += _never(view)
    if view.record.account is None:
        steps.append(
            task(
                "The incident names no account: find out whose it is, then start the runbook for "
                "it (POST /api/cases).",
                who=Who.L1,
            )
        )
    return steps


def blind_steps(view: CaseView) -> list[NextStep]:
    """Return what could not be asked or written, and is a person's to make good."""
    return [task(line, urgency=Urgency.TODAY) for _name, line in view.troubled_blocks()]


def closing_steps(view: CaseView) -> list[NextStep]:
    """Return what ends the case: seed 004, section 8, point 8; nothing once it is closed."""
    if view.record.status is CaseStatus.CLOSED:
        return []
    if view.confidence == "Low":
        what = "If the user confirms the login, close the case as benign; otherwise act by hand."
    else:
        what = "Document the findings in the ticket, acknowledge the case, and close it when done."
    return [advice(what, urgency=Urgency.BEFORE_CLOSING)]


def _never(view: CaseView) -> list[NextStep]:
    never = [line for line in view.planned(Disposition.NEVER) if line.action not in _IDLE]
    steps = []
    if view.record.mode is OperatingMode.OBSERVE:
        held = [line for line in never if "observe mode" in line.why]
        never = [line for line in never if "observe mode" not in line.why]
        if held:
            names = ", ".join(f"{line.action} on {line.target}" for line in held)
            what = (
                f"Observe mode changed nothing. If you agree with the verdict, do by hand: {names}."
            )
            steps.append(task(what, where=_ways(view, held)))
    whys: dict[str, list[PlannedAction]] = {}
    for line in never:
        whys.setdefault(line.why, []).append(line)
    for why, lines in whys.items():
        names = ", ".join(f"{line.action} on {line.target}" for line in lines)
        steps.append(task(f"Not done: {names}: {why}.", where=_ways(view, lines)))
    return steps


def _ways(view: CaseView, lines: list[PlannedAction]) -> str:
    return "; ".join(dict.fromkeys(by_hand(view, line.action).where for line in lines))


def _elsewhere(view: CaseView) -> list[NextStep]:
    """Say what is left in directories that the case did not act in."""
    account = view.record.account or {}
    return [
        task(
            f"The account also exists as {view.text(twin.get('user_principal_name'))} in "
            f"{_ELSEWHERE.get(str(twin.get('directory')), 'another directory')}. Nothing was done "
            "there."
        )
        for twin in account.get("also_in") or []
        if twin.get("account_enabled") is not False
    ]


def _on_premises(view: CaseView) -> list[NextStep]:
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
    name = f"UserPrincipalName -eq {powershell(view.who)}"
    return [
        task(
            f"Disable {view.who} in Active Directory too: the account is mastered on-premises, the "
            "next synchronisation may enable it in Entra ID again.",
            where="Active Directory Users and Computers, on-premises",
            command=f"Get-ADUser -Filter {{{name}}} | Disable-ADAccount",
        )
    ]
