from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.directory import AccountState
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.read_back import is_done, read_back
from shared.playbook.acting.whole_seconds import LONGEST_WAIT, seconds_to_wait

T = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACTIONS = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)


def state(at: datetime) -> AccountState:
    return AccountState(
        account_enabled=True, sign_in_sessions_valid_from=at, last_password_change_at=at
    )


@pytest.mark.parametrize("action", ACTIONS)
@given(
    last=st.integers(-4_000, 4_000),
    now=st.integers(-4_000, 4_000),
)
def test_after_the_wait_a_change_shows(action: ActionName, last: int, now: int) -> None:
    """The directory keeps whole seconds; with one clock the action is in a later one."""
    changed = (T + timedelta(milliseconds=last)).replace(microsecond=0)
    start = T + timedelta(milliseconds=now)
    wait = seconds_to_wait(action, state(changed), start)
    assert 0 <= wait <= LONGEST_WAIT.total_seconds()
    if changed <= start:
        shown = (start + timedelta(seconds=wait)).replace(microsecond=0)
        assert is_done(action, before=state(changed), now=state(shown))


@pytest.mark.parametrize(
    "action", [ActionName.DISABLE_ACCOUNT, ActionName.CONFIRM_COMPROMISED, ActionName.BLOCK_IP]
)
def test_what_shows_by_itself_waits_for_nothing(action: ActionName) -> None:
    assert seconds_to_wait(action, state(T), T) == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_a_change_in_the_same_second_is_not_read_as_failed(action: ActionName) -> None:
    outcome = ActionOutcome(
        action=action, target="x", status=ActionStatus.SUCCEEDED, at=T + timedelta(seconds=0.4)
    )
    read = read_back(outcome, before=state(T), now=state(T), risk=None)
    assert (read.status, read.verified) == (ActionStatus.SUCCEEDED, None)
    assert "same second" in read.detail
    seen = read_back(read, before=state(T), now=state(T + timedelta(seconds=1)), risk=None)
    assert seen.verified is True
    long_ago = state(T - timedelta(minutes=1))
    assert read_back(outcome, before=long_ago, now=long_ago, risk=None).verified is False
