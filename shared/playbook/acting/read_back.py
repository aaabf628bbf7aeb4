"""Reading an account back: is an action in force?

The comparison is always with the state before containment, never with a clock: the provider's
clock and ours need not agree.
"""

from datetime import datetime

from shared.models.directory import AccountState, UserRisk
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.whole_seconds import may_be_hidden

RISK_CONFIRMED = "confirmedCompromised"
"""``riskState`` after confirmCompromised (Graph ``riskyUser`` resource)."""


def is_done(action: ActionName, *, before: AccountState | None, now: AccountState) -> bool:
    """Return whether the action's effect is visible in ``now`` compared with ``before``.

    Without ``before`` only effects that are visible by themselves count (a disabled account).
    """
    if action is ActionName.DISABLE_ACCOUNT:
        return now.account_enabled is False
    if before is None:
        return False
    if action is ActionName.FORCE_PASSWORD_RESET:
        return _moved(before.last_password_change_at, now.last_password_change_at)
    if action is ActionName.REVOKE_SESSIONS and not _unknown(action, before):
        return _moved(before.sign_in_sessions_valid_from, now.sign_in_sessions_valid_from)
    return False


def can_be_proved(action: ActionName, *, before: AccountState | None, now: AccountState) -> bool:
    """Return whether looking again can ever show the action; no look mends an unknown before.

    Args:
        action: what was done.
        before: what was known when it was done, ``None`` when that was not readable.
        now: as the directory shows the account; one with statuses shows some things by itself.
    """
    if action is ActionName.FORCE_PASSWORD_RESET:
        known = before is not None and not _unknown(action, before)
        return known or now.status is not None
    if action is ActionName.REVOKE_SESSIONS:
        return before is not None and not _unknown(action, before)
    return True


def _moved(before: datetime | None, now: datetime | None) -> bool:
    """Return whether a time moved on; an older one comes from a replica that lags."""
    return now is not None and (before is None or now > before)


def read_back(
    outcome: ActionOutcome,
    *,
    before: AccountState | None,
    now: AccountState,
    risk: UserRisk | None,
    no_risk: str = "",
) -> ActionOutcome:
    """Return the outcome with ``verified`` and ``detail`` from what the provider says now.

    Args:
        outcome: what was done.
        before: the account's state before it, ``None`` when that was not readable.
        now: the account's state now.
        risk: what Identity Protection says, ``None`` without an entry.
        no_risk: why the risk could not be read, when it could not.
    """
    if outcome.status is not ActionStatus.SUCCEEDED or outcome.verified is True:
        return outcome
    if outcome.action is ActionName.CONFIRM_COMPROMISED:
        return _risk_read_back(outcome, risk, no_risk)
    if why := _unknown(outcome.action, now) or (before and _unknown(outcome.action, before)):
        return outcome.model_copy(update={"verified": None, "detail": why})
    if _reset_is_pending(outcome.action, now):
        return outcome.model_copy(update={"verified": True, "detail": _detail(outcome.action, now)})
    if before is None and outcome.action is not ActionName.DISABLE_ACCOUNT:
        detail = "the state before was not readable, so the change cannot be proved"
        return outcome.model_copy(update={"verified": None, "detail": detail})
    verified = is_done(outcome.action, before=before, now=now)
    if not verified and before is not None and may_be_hidden(outcome.action, before, outcome.at):
        detail = "accepted; another change in the same second hides it, as times have no fractions"
        return outcome.model_copy(update={"verified": None, "detail": detail})
    detail = _detail(outcome.action, now) if verified else "the directory does not show it yet"
    return outcome.model_copy(update={"verified": verified, "detail": detail})


def read_back_lost(
    outcome: ActionOutcome, *, before: AccountState | None, now: AccountState
) -> ActionOutcome:
    """Return a failed outcome that may have been done, as done when the directory shows it.

    Args:
        outcome: what failed after a try whose answer was lost.
        before: the account's state as that try found it, where that is known.
        now: the account's state now.
    """
    action = outcome.action
    if is_done(action, before=before, now=now) or _reset_is_pending(action, now):
        done = {"status": ActionStatus.SUCCEEDED, "verified": True, "detail": _detail(action, now)}
        return outcome.model_copy(update=done)
    if before is None and action is not ActionName.DISABLE_ACCOUNT:
        return outcome
    if why := _unknown(action, now) or (before and _unknown(action, before)):
        return outcome.model_copy(update={"detail": f"{outcome.detail}; {why}"})
    detail = f"{outcome.detail}; the directory does not show it"
    return outcome.model_copy(update={"verified": False, "detail": detail})


def _unknown(action: ActionName, state: AccountState) -> str | None:
    """Return why the directory cannot tell from this state whether the action is in force."""
    if action is ActionName.REVOKE_SESSIONS:
        return state.unknown.get("sign_in_sessions_valid_from")
    if action is ActionName.FORCE_PASSWORD_RESET:
        return state.unknown.get("last_password_change_at")
    return None


def _reset_is_pending(action: ActionName, now: AccountState) -> bool:
    """Whether the old password is worthless by itself, whatever was before (Okta)."""
    return action is ActionName.FORCE_PASSWORD_RESET and now.password_reset_pending


def _risk_read_back(outcome: ActionOutcome, risk: UserRisk | None, why: str) -> ActionOutcome:
    if risk is None:
        none = "Identity Protection gives no risk for this account"
        detail = f"the risk could not be read: {why}" if why else none
        return outcome.model_copy(update={"verified": None, "detail": detail})
    verified = risk.state == RISK_CONFIRMED
    detail = f"risk state is {risk.state}"
    return outcome.model_copy(update={"verified": verified, "detail": detail})


def _detail(action: ActionName, now: AccountState) -> str:
    shown = now.to_json()
    if now.status is not None:
        return {
            ActionName.DISABLE_ACCOUNT: f"status is {now.status}",
            ActionName.FORCE_PASSWORD_RESET: (
                f"status is {now.status}: nobody signs in until an administrator starts a reset"
                if now.password_reset_pending
                else f"the password was changed at {shown['last_password_change_at']}"
            ),
            ActionName.REVOKE_SESSIONS: (
                f"sessions cleared at {shown['sign_in_sessions_valid_from']} (System Log)"
            ),
        }[action]
    return {
        ActionName.DISABLE_ACCOUNT: "accountEnabled is false",
        ActionName.FORCE_PASSWORD_RESET: (
            f"lastPasswordChangeDateTime is {shown['last_password_change_at']}"
        ),
        ActionName.REVOKE_SESSIONS: (
            f"signInSessionsValidFromDateTime is {shown['sign_in_sessions_valid_from']}"
        ),
    }[action]
