"""Actions that another case of the same account has done already: is doing them again needed?

Only what leaves no state to look at and cannot be taken back is covered: a new password and ended
sessions. Everything else is checked against the account itself before it is done.
"""

from collections.abc import Sequence
from datetime import datetime

from shared.models.base import Json, Model, UtcDatetime, format_utc
from shared.models.directory import AccountState
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName, PlannedAction
from shared.playbook.acting.whole_seconds import changed_at

COVERABLE = frozenset({ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS})
MOST_KEPT = 20
"""Actions remembered of one account, the latest."""


class Deed(Model):
    """One action that was done, as far as is known; no name of the account."""

    action: ActionName
    case_id: str
    at: UtcDatetime


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
    """Return whether the account itself says that it was changed after the attacker's sign-in."""
    changed = changed_at(deed.action, state)
    return changed is not None and changed > attacked_at


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


def deeds_of(case_id: str, outcomes: Sequence[Json]) -> list[Json]:
    """Return what an account is to remember of a case's outcomes: done here, and not disproved.

    What is not read back yet counts: whoever is to be covered looks at the account (``is_shown``).
    """
    return [
        Deed(action=item["action"], case_id=case_id, at=item["at"]).to_json()
        for item in outcomes
        if item["action"] in COVERABLE
        and item["status"] == ActionStatus.SUCCEEDED
        and item["verified"] is not False
    ]


def remember(known: Sequence[Json], more: Sequence[Json]) -> list[Json]:
    """Return the latest deeds, oldest first; the same deed again changes nothing."""
    every = {(item["action"], item["case_id"], item["at"]): item for item in (*known, *more)}
    # By everything: what was done at the same moment is kept in the same order each time.
    return [every[name] for name in sorted(every, key=lambda name: (name[2], name))[-MOST_KEPT:]]
