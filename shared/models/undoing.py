"""What of a case can be taken back, what a person does instead, and what is still in force."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.models.undo import TakenBack, UndoResult, UndoRun, UndoStatus


class Beyond(NamedTuple):
    """Why nothing can be restored by us, and what a person does instead."""

    why: str
    instead: str


BEYOND: dict[ActionName, Beyond] = {
    ActionName.FORCE_PASSWORD_RESET: Beyond(
        "the old password is gone and nobody knows the new one",
        "the user sets a new password by self-service reset, or the help desk gives a Temporary "
        "Access Pass after checking who asks",
    ),
    ActionName.REVOKE_SESSIONS: Beyond(
        "sessions that were ended cannot be brought back", "the user signs in again"
    ),
    ActionName.REMOVE_AUTHENTICATION_METHODS: Beyond(
        "a removed sign-in method cannot be put back",
        "the user registers it again, with a Temporary Access Pass from the help desk if no other "
        "method is left",
    ),
    ActionName.SCAN_DEVICE: Beyond("a scan changes nothing that could be restored", ""),
    ActionName.DISABLE_ACCOUNT: Beyond("", "enable the account by hand if it should be enabled"),
    ActionName.BLOCK_IP: Beyond("", "take the address off the firewall by hand if it should be"),
    ActionName.CONFIRM_COMPROMISED: Beyond(
        "the risk before was not recorded", "dismiss the user's risk in Identity Protection"
    ),
    ActionName.DISABLE_INBOX_RULES: Beyond("", "the user enables the rules in Outlook"),
    ActionName.REVOKE_OAUTH_GRANTS: Beyond("", "the user or an administrator consents again"),
    ActionName.ISOLATE_DEVICE: Beyond("", "release the device in the EDR console"),
}
"""What is said about an action that has nothing recorded to restore; ``why`` empty: its detail."""

ACCESS = frozenset(
    {ActionName.DISABLE_ACCOUNT, ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS}
)
"""What keeps people out of the account; asking for one of them back gives the account back."""


class Chosen(NamedTuple):
    """What an undo would do: outcomes to take back, and what cannot be, with the reason."""

    actions: list[ActionOutcome]
    impossible: list[UndoResult]


def choose(
    record: CaseRecord | Json, actions: Sequence[ActionName] = (), targets: Sequence[str] = ()
) -> Chosen:
    """Return what can be taken back of the named actions and targets (none named: all)."""
    case = CaseRecord.model_validate(record) if isinstance(record, dict) else record
    done = [one for one in case.actions if can_restore(one) or one.status is ActionStatus.SUCCEEDED]
    wanted = [
        one
        for one in done
        if (not actions or one.action in actions) and (not targets or one.target in targets)
    ]
    impossible = [_impossible(one) for one in wanted if not can_restore(one)]
    missing = [name for name in actions if name not in {one.action for one in wanted}]
    for name in dict.fromkeys(missing):
        on = ", ".join(targets) if targets else "-"
        why = "was not done in this case"
        impossible.append(_result(name, on, why, ""))
    return Chosen([one for one in wanted if can_restore(one)], impossible)


def can_restore(outcome: ActionOutcome) -> bool:
    """Return whether the state before is recorded and not restored yet.

    That of an action that failed half-way counts: what it did change can be taken back.
    """
    return bool(outcome.undo) and outcome.undone is None


def _impossible(outcome: ActionOutcome) -> UndoResult:
    if outcome.undone is not None:
        why = f"was taken back already by {outcome.undone.by}: {outcome.undone.comment}"
        return _result(outcome.action, outcome.target, why, "")
    beyond = BEYOND.get(outcome.action, Beyond("", ""))
    why = beyond.why or f"nothing to restore ({outcome.detail or 'no state before is recorded'})"
    return _result(outcome.action, outcome.target, why, beyond.instead)


def _result(action: ActionName, target: str, why: str, instead: str) -> UndoResult:
    return UndoResult(
        action=action, target=target, status=UndoStatus.IMPOSSIBLE, detail=why, instead=instead
    )


def let_go(case: CaseRecord) -> set[tuple[ActionName, str]]:
    """Return the actions that people took back, also those that leave nothing to restore."""
    gone = {(one.action, one.target) for one in case.actions if one.undone is not None}
    at = {(one.action, one.target): one.at for one in case.actions}
    for run in case.undos:
        for result in run.results:
            key = (result.action, result.target)
            if result.status is UndoStatus.IMPOSSIBLE and key in at and at[key] <= run.at:
                gone.add(key)
    return gone


def taken_back(case: CaseRecord) -> list[TakenBack]:
    """Return the last undo of each action, also of those that leave nothing to restore."""
    last: dict[tuple[str, str], TakenBack] = {}
    for one in case.actions:
        undone = one.undone
        if undone is not None:
            last[one.action, one.target] = TakenBack(
                action=one.action,
                target=one.target,
                at=undone.at,
                by=undone.by,
                comment=undone.comment,
            )
    done = {(one.action, one.target): one.at for one in case.actions}
    for run in case.undos:
        for result in run.results:
            key = (result.action, result.target)
            if result.status is UndoStatus.IMPOSSIBLE and key in done and done[key] <= run.at:
                named = {"action": result.action, "target": result.target}
                asked = {"at": run.at, "by": run.by, "comment": run.comment}
                last[key] = TakenBack.model_validate(named | asked)
    return list(last.values())


def in_force(case: CaseRecord) -> list[ActionOutcome]:
    """Return the actions that were done and that nobody took back."""
    gone = let_go(case)
    return [
        one
        for one in case.actions
        if one.status is ActionStatus.SUCCEEDED and (one.action, one.target) not in gone
    ]


def given_back(case: CaseRecord) -> UndoRun | None:
    """Return the undo by which the account may be used again, ``None`` when it is contained."""
    runs = [run for run in case.undos if any(_gives_back(one) for one in run.results)]
    if not runs:
        return None
    since = [one for one in in_force(case) if one.action in ACCESS and one.at > runs[-1].at]
    disabled = any(one.action is ActionName.DISABLE_ACCOUNT for one in in_force(case))
    return None if since or disabled else runs[-1]


def _gives_back(result: UndoResult) -> bool:
    return result.action in ACCESS and result.status is not UndoStatus.FAILED


def did_not_hold(case: CaseRecord) -> bool:
    """Return whether the re-check saw the attacker again and nobody has answered it by an undo."""
    if case.recheck is None or case.recheck.held is not False:
        return False
    back = given_back(case)
    return back is None or back.at < case.recheck.at
