"""Two changes within the same second, of which the directory keeps only the second.

Entra gives ``signInSessionsValidFromDateTime`` and ``lastPasswordChangeDateTime`` in whole seconds
(learn.microsoft.com/graph/api/resources/user), so a change in the second of the one before leaves
no trace. An action waits that second out. A clock that is off by more only costs the certainty.
"""

from datetime import datetime, timedelta

from shared.models.directory import AccountState
from shared.models.plan import ActionName

SECOND = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=2)
CLOCKS_APART = timedelta(seconds=3)
"""How far the directory's clock and ours may be apart for a change to count as one of now."""


def changed_at(action: ActionName, state: AccountState) -> datetime | None:
    """Return when that was last changed which an action changes."""
    if action is ActionName.FORCE_PASSWORD_RESET:
        return state.last_password_change_at
    if action is ActionName.REVOKE_SESSIONS:
        return state.sign_in_sessions_valid_from
    return None


def seconds_to_wait(action: ActionName, state: AccountState, now: datetime) -> float:
    """Return how long to wait so that the action shows against the state that was found."""
    last = changed_at(action, state)
    if last is None:
        return 0.0
    left = last.replace(microsecond=0) + SECOND - now
    return left.total_seconds() if timedelta(0) < left <= LONGEST_WAIT else 0.0


def may_be_hidden(action: ActionName, before: AccountState, done_at: datetime) -> bool:
    """Return whether the change before the action was so near that it hides the action's own."""
    last = changed_at(action, before)
    return last is not None and abs(done_at - last) <= CLOCKS_APART
