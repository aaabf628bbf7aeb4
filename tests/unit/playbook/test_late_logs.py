"""Late logs: what the alert reports, when it is worth waiting for, what stands in for it."""

from datetime import timedelta
from typing import Any

import pytest

from shared.models.case import CaseRequest
from shared.playbook.sign_ins.late_logs import (
    as_sign_in,
    is_missing,
    may_still_come,
    reported_success,
    waits,
)
from shared.playbook.sign_ins.models import REPORTED_BY_ALERT
from tests.support.scripts import OBJECT_ID, case_payload
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    WITHOUT_MFA,
    analyse,
    failures,
    history,
    sign_in,
    stopped,
)

TEN = timedelta(minutes=10)


def case(title: str = "Brute force then success", **changes: Any) -> CaseRequest:
    incident = {
        "source": "sentinel",
        "incident_id": "1",
        "title": title,
        "last_activity_at": SUCCESS_AT,
    }
    given = {"incident": incident, "addresses": [ATTACKER], "now": SUCCESS_AT + TEN}
    return CaseRequest.model_validate(case_payload(**given | changes))


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (0, []),
        (2, [2]),
        (10, [10]),
        (45, [10, 20, 15]),
        (180, [10, 20, 40, 60, 50]),
        (600, [10, 20, 40, *[60] * 8, 50]),
    ],
)
def test_waits_grow_and_add_up_to_the_budget(budget: float, expected: list[float]) -> None:
    assert waits(budget) == expected
    assert sum(waits(budget)) == budget


@pytest.mark.parametrize(
    ("title", "claims"),
    [
        ("Several failed sign-ins followed by a successful sign-in", True),
        ("Brute force succeeded", True),
        ("Brute force attack against a user account", False),
        ("Unsuccessful sign-ins from one address", False),
        ("Brute force without a success", False),
        ("Brute force, not successful", False),
        ("Password guessing before any success", False),
        ("Attack successfully blocked", False),
        ("Attack was not very successful", False),
    ],
)
def test_a_title_claims_a_success_only_in_so_many_words(title: str, claims: bool) -> None:
    assert (reported_success(case(title)) is not None) is claims


def test_alert_names_claim_too_and_descriptions_do_not() -> None:
    plain = "Suspicious sign-ins"
    named = "Explains.\nAlerts: Brute force with success; Other"
    assert reported_success(case(plain, initial_alert_details=named))
    assert not reported_success(case(plain, initial_alert_details="May be followed by a success."))


@pytest.mark.parametrize("kind", ["impossible_travel", "token_theft"])
def test_some_alerts_are_made_of_successes(kind: str) -> None:
    reported = reported_success(case("Atypical travel", alert_type=kind))
    assert reported
    assert (reported.at, reported.address, reported.named) == (SUCCESS_AT, ATTACKER, False)


def test_a_named_time_is_a_report_even_without_an_address() -> None:
    reported = reported_success(case("x", successful_login_time=ATTACK_AT, addresses=[]))
    assert reported
    assert (reported.at, reported.address, reported.named) == (ATTACK_AT, None, True)


def test_nothing_is_missing_when_the_log_shows_it() -> None:
    reported = reported_success(case())
    assert reported
    shown = analyse([*history(), sign_in(SUCCESS_AT, **ABROAD | WITHOUT_MFA)], ATTACKER)
    assert not is_missing(reported, shown, TEN)
    guesses = analyse([*history(), *failures(25, over=EIGHT_MINUTES, **ABROAD)], ATTACKER)
    assert is_missing(reported, guesses, TEN)


def test_a_stopped_attack_is_not_waited_for_unless_somebody_named_the_success() -> None:
    reported = reported_success(case())
    named = reported_success(case(successful_login_time=SUCCESS_AT))
    assert reported and named
    assert not is_missing(reported, stopped("500121"), TEN)
    assert is_missing(named, stopped("500121"), TEN)


def test_another_success_than_the_named_one_is_not_it() -> None:
    named = reported_success(case(successful_login_time=SUCCESS_AT))
    assert named
    early = analyse([*history(), sign_in(SUCCESS_AT - 3 * TEN, **ABROAD)], ATTACKER)
    assert is_missing(named, early, TEN)


def test_what_is_an_hour_old_is_not_waited_for() -> None:
    reported = reported_success(case())
    assert reported
    assert may_still_come(reported, SUCCESS_AT + timedelta(minutes=59))
    assert not may_still_come(reported, SUCCESS_AT + timedelta(minutes=61))


def test_the_stand_in_completes_the_brute_force_and_says_what_it_is() -> None:
    reported = reported_success(case())
    assert reported
    events = [*history(), *failures(25, over=EIGHT_MINUTES, **ABROAD)]
    stand_in = as_sign_in(reported, case(), events)
    found = analyse([*events, stand_in], ATTACKER)
    login = found.successful_login_details
    assert login is not None
    assert (login.id, login.time, login.country) == (REPORTED_BY_ALERT, SUCCESS_AT, "NG")
    assert found.success_only_reported
    assert found.brute_force is not None
    assert found.new_country
    assert any("does not show the success" in note for note in found.notes)


def test_the_stand_in_of_an_unknown_account_is_the_incidents() -> None:
    reported = reported_success(case())
    assert reported
    assert as_sign_in(reported, case(), []).user_id == OBJECT_ID
