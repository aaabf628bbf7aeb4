"""Actions that another case of the same account has done already: is doing them again needed?

Only what leaves no state to look at and cannot be taken back is covered: a new password and ended
sessions. Everything else is checked against the account itself before it is done.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.models.base import Json, Model, UtcDatetime, format_utc
from shared.models.directory import AccountState
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.read_back import can_be_proved
from shared.playbook.acting.whole_seconds import changed_at

COVERABLE = frozenset({ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS})
MOST_KEPT = 20
"""Actions remembered of one account, the latest."""


class Deed(Model):
    """One action that was accepted, and read back or to be read back; no name of the account."""

    action: ActionName
    case_id: str
    at: UtcDatetime
    found: UtcDatetime | None = None
    """When the account had been changed so before, as the action found it."""
    is_open: bool = False
    """Whether who did it is still reading it back."""


def covering(
    planned: PlannedAction, deeds: Sequence[Deed], *, case_id: str, attacked_at: datetime | None
) -> Deed | None:
    """Return the other case's deed that makes this action unnecessary, or ``None``.

    It has to be later than the sign-in that this case is about, and than every success of the
    attacker since. A case that knows of no sign-in is not covered: nothing says what it is about.
    A case never covers itself: a person may choose an action a second time. Whether the account
    still shows the deed is asked apart (``is_shown``).
    """
    if planned.action not in COVERABLE or attacked_at is None:
        return None
    later = [
        deed
        for deed in deeds
        if deed.action is planned.action and deed.case_id != case_id and deed.at > attacked_at
    ]
    return max(later, key=lambda deed: deed.at, default=None)


def is_shown(deed: Deed, state: AccountState, *, attacked_at: datetime) -> bool:
    """Return whether the account itself says that it was changed, after the attacker's sign-in.

    Changed since the deed, too: by that its own read-back goes, which may not be over yet. A
    password whose reset is pending (Okta) is worthless, whatever was found before.
    """
    changed, found = changed_at(deed.action, state), deed.found
    if deed.action is ActionName.FORCE_PASSWORD_RESET and state.password_reset_pending:
        found = None
    return changed is not None and changed > max(attacked_at, found or attacked_at)


def may_show_later(deed: Deed, state: AccountState) -> bool:
    """Return whether the account looks as an open deed found it: the directory may lag."""
    if not deed.is_open:
        return False
    changed = changed_at(deed.action, state)
    return changed is None or (deed.found is not None and changed <= deed.found)


def covered_outcome(planned: PlannedAction, deed: Deed, at: datetime) -> Json:
    """Return the outcome of an action that is not done again; the other case owns its undo."""
    return ActionOutcome(
        action=planned.action,
        target=planned.target,
        status=ActionStatus.SUCCEEDED,
        verified=True,
        detail=f"done by case {deed.case_id} at {format_utc(deed.at)}",
        at=at,
    ).to_json()


def deeds_of(
    case_id: str, outcomes: Sequence[Json], before: Mapping[str, Json | None]
) -> list[Json]:
    """Return what an account is to remember of a case's outcomes.

    That is what was done here and verified, or is still to be read back and can be proved.

    Args:
        case_id: the case that did it.
        outcomes: what was done.
        before: the state that each action found.
    """
    deeds = []
    for one in outcomes:
        action, state = ActionName(one["action"]), before.get(one["action"])
        if action not in COVERABLE or one["status"] != ActionStatus.SUCCEEDED:
            continue
        was = AccountState.model_validate(state) if state else None
        is_open = one["verified"] is None
        is_provable = was is not None and can_be_proved(action, before=was, now=was)
        if one["verified"] is True or (is_open and is_provable):
            found = changed_at(action, was) if was else None
            deed = Deed(action=action, case_id=case_id, at=one["at"], found=found, is_open=is_open)
            deeds.append(deed.to_json())
    return deeds


def proved(deeds: Sequence[Json], outcomes: Sequence[Json]) -> list[Json]:
    """Return those of the open deeds that the read-back, which is over, has proved: as such."""
    done = _verified(outcomes)
    return [
        deed | {"is_open": False} for deed in deeds if deed["is_open"] and deed["action"] in done
    ]


def unproved(deeds: Sequence[Json], outcomes: Sequence[Json]) -> list[Json]:
    """Return the deeds that the read-back, which is over, did not prove."""
    done = _verified(outcomes)
    return [deed for deed in deeds if deed["action"] not in done]


def _verified(outcomes: Sequence[Json]) -> set[str]:
    return {one["action"] for one in outcomes if one["verified"] is True}


def remember(known: Sequence[Json], more: Sequence[Json]) -> list[Json]:
    """Return the latest deeds, oldest first; the same deed again changes nothing."""
    every = {(item["action"], item["case_id"], item["at"]): item for item in (*known, *more)}
    # By everything: what was done at the same moment is kept in the same order each time.
    return [every[name] for name in sorted(every, key=lambda name: (name[2], name))[-MOST_KEPT:]]


def forget(known: Sequence[Json], these: Sequence[Json]) -> list[Json]:
    """Return the deeds without these."""
    return [item for item in known if item not in these]
