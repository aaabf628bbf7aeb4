from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.directory import AccountState, UserRisk
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.read_back import is_done, read_back

OLD = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEW = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
BEFORE = AccountState(
    account_enabled=True, sign_in_sessions_valid_from=OLD, last_password_change_at=OLD
)
EFFECTS: dict[ActionName, dict[str, Any]] = {
    ActionName.DISABLE_ACCOUNT: {"account_enabled": False},
    ActionName.FORCE_PASSWORD_RESET: {"last_password_change_at": NEW},
    ActionName.REVOKE_SESSIONS: {"sign_in_sessions_valid_from": NEW},
}


def outcome(action: ActionName, **changes: object) -> ActionOutcome:
    given = {"action": action, "target": "x", "status": "succeeded", "at": NEW} | changes
    return ActionOutcome.model_validate(given)


def checked(
    action: ActionName,
    now: AccountState,
    *,
    before: AccountState | None = BEFORE,
    risk: UserRisk | None = None,
) -> ActionOutcome:
    return read_back(outcome(action), before=before, now=now, risk=risk)


@pytest.mark.parametrize("action", EFFECTS)
def test_an_effect_that_shows_is_verified(action: ActionName) -> None:
    now = BEFORE.model_copy(update=EFFECTS[action])
    assert is_done(action, before=BEFORE, now=now)
    found = checked(action, now)
    assert found.verified is True


@pytest.mark.parametrize("action", EFFECTS)
def test_an_effect_that_does_not_show_is_denied(action: ActionName) -> None:
    assert not is_done(action, before=BEFORE, now=BEFORE)
    assert checked(action, BEFORE).verified is False


@pytest.mark.parametrize("action", EFFECTS)
@pytest.mark.parametrize("other", EFFECTS)
def test_one_effect_does_not_prove_another(action: ActionName, other: ActionName) -> None:
    now = BEFORE.model_copy(update=EFFECTS[other])
    assert is_done(action, before=BEFORE, now=now) is (action is other)


@pytest.mark.parametrize("action", [ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS])
def test_without_a_state_before_a_change_cannot_be_proved(action: ActionName) -> None:
    now = BEFORE.model_copy(update=EFFECTS[action])
    found = checked(action, now, before=None)
    assert found.verified is None and "cannot be proved" in found.detail


def test_a_disabled_account_proves_itself() -> None:
    now = AccountState(account_enabled=False)
    assert checked(ActionName.DISABLE_ACCOUNT, now, before=None).verified is True


@pytest.mark.parametrize("action", EFFECTS)
def test_a_field_that_cannot_be_read_proves_nothing(action: ActionName) -> None:
    assert not is_done(action, before=BEFORE, now=AccountState())


@pytest.mark.parametrize(
    ("risk", "verified"),
    [
        (None, None),
        (UserRisk(level="high", state="confirmedCompromised"), True),
        (UserRisk(level="high", state="atRisk"), False),
        (UserRisk(level="none", state="dismissed"), False),
    ],
)
def test_confirmed_compromised_is_read_from_the_risk(
    risk: UserRisk | None, verified: bool | None
) -> None:
    found = checked(ActionName.CONFIRM_COMPROMISED, BEFORE, risk=risk)
    assert found.verified is verified
    assert found.detail


@pytest.mark.parametrize("status", [ActionStatus.FAILED, ActionStatus.SKIPPED])
def test_what_was_not_done_is_left_alone(status: ActionStatus) -> None:
    given = outcome(ActionName.DISABLE_ACCOUNT, status=status, detail="HTTP 403")
    now = AccountState(account_enabled=False)
    assert read_back(given, before=BEFORE, now=now, risk=None) == given


def test_what_was_verified_stays_verified() -> None:
    given = outcome(ActionName.REVOKE_SESSIONS, verified=True, detail="seen")
    assert read_back(given, before=BEFORE, now=BEFORE, risk=None) == given


def test_actions_that_leave_no_trace_in_the_state_are_never_taken_for_done() -> None:
    disabled = AccountState(account_enabled=False)
    others = set(ActionName) - set(EFFECTS)
    assert not any(is_done(action, before=BEFORE, now=disabled) for action in others)


OKTA = AccountState(
    account_enabled=True,
    status="ACTIVE",
    sign_in_sessions_valid_from=OLD,
    last_password_change_at=OLD,
)
IN_OKTA: dict[ActionName, tuple[dict[str, Any], str]] = {
    ActionName.DISABLE_ACCOUNT: (
        {"account_enabled": False, "status": "SUSPENDED"},
        "status is SUSPENDED",
    ),
    ActionName.FORCE_PASSWORD_RESET: (
        {
            "status": "RECOVERY",
            "password_reset_pending": True,
            "last_password_change_at": NEW,
        },
        "status is RECOVERY: nobody signs in until an administrator starts a reset",
    ),
    ActionName.REVOKE_SESSIONS: (
        {"sign_in_sessions_valid_from": NEW},
        "sessions cleared at 2026-11-20T12:05:00.000Z (System Log)",
    ),
}


@pytest.mark.parametrize("action", IN_OKTA)
def test_okta_s_proof_is_told_in_its_own_words(action: ActionName) -> None:
    change, words = IN_OKTA[action]
    found = checked(action, OKTA.model_copy(update=change), before=OKTA)
    assert (found.verified, found.detail) == (True, words)
    assert checked(action, OKTA, before=OKTA).verified is not True


def test_a_reset_that_was_pending_before_is_in_force_all_the_same() -> None:
    change, words = IN_OKTA[ActionName.FORCE_PASSWORD_RESET]
    pending = OKTA.model_copy(update=change)
    for before in (pending, None):
        found = checked(ActionName.FORCE_PASSWORD_RESET, pending, before=before)
        assert (found.verified, found.detail) == (True, words)


def test_what_the_directory_cannot_tell_is_neither_true_nor_false() -> None:
    blind = OKTA.model_copy(
        update={
            "sign_in_sessions_valid_from": None,
            "unknown": {"sign_in_sessions_valid_from": "the System Log could not be asked: 403"},
        }
    )
    found = checked(ActionName.REVOKE_SESSIONS, blind, before=OKTA)
    assert (found.verified, found.detail) == (None, "the System Log could not be asked: 403")
    reset = checked(ActionName.FORCE_PASSWORD_RESET, blind, before=OKTA)
    assert reset.verified is not True


@pytest.mark.parametrize("action", [ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS])
def test_an_older_time_comes_from_a_replica_and_proves_nothing(action: ActionName) -> None:
    before = BEFORE.model_copy(update=EFFECTS[action])
    assert not is_done(action, before=before, now=BEFORE)
    assert checked(action, BEFORE, before=before).verified is not True


def test_what_could_not_be_read_before_cannot_be_proved_afterwards() -> None:
    blind = BEFORE.model_copy(
        update={
            "sign_in_sessions_valid_from": None,
            "unknown": {"sign_in_sessions_valid_from": "the System Log could not be asked"},
        }
    )
    assert not is_done(ActionName.REVOKE_SESSIONS, before=blind, now=BEFORE)
    found = checked(ActionName.REVOKE_SESSIONS, BEFORE, before=blind)
    assert found.verified is None
    assert "System Log" in found.detail
