from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.models.case import CaseRecord
from shared.models.signin import SignIn
from shared.playbook.acting.holding import judge_hold
from tests.unit.playbook.records import action, record

ATTACKER = "203.0.113.7"
HOME = "198.51.100.1"
CONTAINED_AT = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
UNDONE_AT = CONTAINED_AT + timedelta(minutes=5)
RUN = {"number": 1, "at": UNDONE_AT.isoformat(), "by": "kim", "comment": "it was her"}


def sign_in(address: str, minutes: float, code: str = "0") -> SignIn:
    at = CONTAINED_AT + timedelta(minutes=minutes)
    return SignIn(id=f"{minutes}", at=at, address=address, result_code=code)


def result(name: str, status: str) -> dict[str, Any]:
    return {"action": name, "target": "ann@contoso.com", "status": status}


def case(*actions: dict[str, Any], results: list[dict[str, Any]] | None = None) -> CaseRecord:
    done = [one | {"at": CONTAINED_AT.isoformat()} for one in actions]
    undos = [RUN | {"results": results}] if results else []
    return CaseRecord.model_validate(record(actions=done, undos=undos))


RESET = action("ForcePasswordReset")
DISABLED = action("DisableAccount", verified=True, undo={"account_enabled": True})
GIVEN_BACK = case(
    RESET,
    DISABLED
    | {"undo": None, "undone": {"at": RUN["at"], "by": "kim", "comment": "c", "verified": True}},
    results=[result("DisableAccount", "succeeded"), result("ForcePasswordReset", "impossible")],
)


@pytest.mark.parametrize(
    ("known", "event", "held"),
    [
        (case(RESET), sign_in(ATTACKER, 3), False),
        (case(RESET), sign_in(ATTACKER, 3, "50126"), True),
        (case(RESET), sign_in(HOME, 3), None),
        (case(RESET), sign_in(HOME, 3, "50126"), True),
        (case(action("ScanDevice")), sign_in(HOME, 3), True),
        (None, sign_in(ATTACKER, 3), False),
        (None, sign_in(HOME, 3), True),
        (case(RESET, DISABLED), sign_in(HOME, 3), False),
        (GIVEN_BACK, sign_in(ATTACKER, 3), False),
        (GIVEN_BACK, sign_in(HOME, 3), None),
        (GIVEN_BACK, sign_in(ATTACKER, 6), None),
        (GIVEN_BACK, sign_in(HOME, 6), None),
    ],
)
def test_did_it_hold(known: CaseRecord | None, event: SignIn, held: bool | None) -> None:
    judged = judge_hold([event], addresses=[ATTACKER], record=known)
    assert judged["held"] is held
    assert judged["detail"]


def test_a_sign_in_of_a_disabled_account_is_said_to_be_odd() -> None:
    judged = judge_hold([sign_in(HOME, 3)], addresses=[ATTACKER], record=case(DISABLED))
    assert "although the account is disabled" in judged["detail"]


def test_after_an_undo_sign_ins_are_counted_and_no_alarm() -> None:
    events = [sign_in(ATTACKER, 6), sign_in(ATTACKER, 7)]
    detail = judge_hold(events, addresses=[ATTACKER], record=GIVEN_BACK)["detail"]
    assert "taken back by kim" in detail and "2 sign-ins" in detail
    assert "make sure it is the user" in detail


def test_an_undo_that_failed_changes_nothing() -> None:
    known = case(RESET, DISABLED, results=[result("DisableAccount", "failed")])
    assert judge_hold([sign_in(HOME, 9)], addresses=[ATTACKER], record=known)["held"] is False


def test_a_log_that_is_not_complete_proves_nothing() -> None:
    judged = judge_hold([], addresses=[ATTACKER], incomplete=["SigninLogs"], record=case(RESET))
    assert judged == {"held": None, "detail": "not known: SigninLogs"}


def again(*actions: dict[str, Any], minutes: float) -> CaseRecord:
    """A case with a second round of actions, some minutes after the first."""
    known = case(*actions)
    later = CONTAINED_AT + timedelta(minutes=minutes)
    known.actions[-1] = known.actions[-1].model_copy(update={"at": later})
    return known


@pytest.mark.parametrize(
    ("first", "last", "address", "held"),
    [
        (RESET, action("RevokeSessions"), ATTACKER, None),
        (RESET, action("RevokeSessions"), HOME, None),
        (DISABLED, RESET, ATTACKER, False),
        (DISABLED, RESET, HOME, False),
    ],
)
def test_who_came_between_two_rounds_is_not_overlooked(
    first: dict[str, Any], last: dict[str, Any], address: str, held: bool | None
) -> None:
    known = again(first, last, minutes=10)
    judged = judge_hold([sign_in(address, 3)], addresses=[ATTACKER], record=known)
    assert judged["held"] is held
    assert f"1 sign-in from {address}" in judged["detail"]
    after = judge_hold([sign_in(ATTACKER, 12)], addresses=[ATTACKER], record=known)
    assert after["held"] is False


def test_sign_ins_from_elsewhere_are_counted_for_a_person() -> None:
    events = [sign_in("192.0.2.44", 3), sign_in("192.0.2.44", 4)]
    detail = judge_hold(events, addresses=[ATTACKER], record=case(RESET))["detail"]
    assert "2 sign-ins from 192.0.2.44" in detail and "make sure it is the user" in detail
