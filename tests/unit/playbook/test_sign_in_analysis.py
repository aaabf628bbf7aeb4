import random
from datetime import timedelta

import pytest

from shared.models.signin import MfaResult
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    HOME,
    WITH_MFA,
    WITHOUT_MFA,
    analyse,
    failures,
    history,
    sign_in,
)

EIGHT_MINUTES = timedelta(minutes=8)
SUCCESS_AT = ATTACK_AT + timedelta(minutes=8, seconds=30)


def attack() -> list:  # type: ignore[type-arg]
    return [
        *history(),
        *failures(25, over=EIGHT_MINUTES, user_agent="python-requests/2.31", **ABROAD),
        sign_in(SUCCESS_AT, id="success", **ABROAD, **WITHOUT_MFA),
    ]


def test_brute_force_from_abroad_fills_every_output_of_the_seed() -> None:
    result = analyse(attack(), ATTACKER, reported=SUCCESS_AT)
    login = result.successful_login_details
    assert login is not None
    assert (login.id, login.time, login.address, login.country) == (
        "success",
        SUCCESS_AT,
        ATTACKER,
        "NG",
    )
    assert result.mfa_result_successful_login is MfaResult.NOT_REQUIRED
    assert result.mfa_status_at_login == "not_required"
    assert result.login_location_variance == pytest.approx(5200, abs=150)
    assert result.failed_logins_count == 25
    assert result.failed_login_details.by_code[0].model_dump() == {
        "code": "50126",
        "meaning": "wrong user name or password",
        "count": 25,
    }
    assert result.failed_login_details.first_at == ATTACK_AT
    assert result.failed_login_details.user_agents == ["python-requests/2.31"]
    assert result.brute_force is not None
    assert result.suspicious_address == ATTACKER


def test_everything_unusual_is_said_against_the_past() -> None:
    result = analyse(attack(), ATTACKER, reported=SUCCESS_AT)
    assert (result.first_seen_address, result.new_country, result.new_device) == (True, True, True)
    assert result.unusual_hour is False
    assert result.legacy_protocol is False
    assert (result.history_successes, result.history_days, result.thin_history) == (40, 20, False)
    assert result.travel_km == pytest.approx(5200, abs=150)
    assert result.travel_km_per_hour is not None
    assert result.travel_km_per_hour < 200
    assert result.last_known_logon_location == "Berlin, DE"
    assert result.last_known_logon_time == ATTACK_AT - timedelta(days=2) + timedelta(hours=1)


def test_success_at_home_after_typos_is_usual_in_every_way() -> None:
    events = [
        *history(),
        *failures(8, over=timedelta(minutes=3), **AT_HOME),
        sign_in(ATTACK_AT + timedelta(minutes=4), id="success", **AT_HOME, **WITH_MFA),
    ]
    result = analyse(events, HOME)
    assert result.failed_logins_count == 8
    assert result.brute_force is None
    assert result.login_location_variance == 0
    assert (result.first_seen_address, result.new_country, result.new_device) == (
        False,
        False,
        False,
    )
    assert result.mfa_result_successful_login is MfaResult.SATISFIED
    assert result.last_known_logon_location == "Berlin, DE"


def test_sign_in_stopped_by_mfa_is_no_success_but_the_password_is_known() -> None:
    events = [
        *history(),
        *failures(25, over=EIGHT_MINUTES, **ABROAD),
        sign_in(SUCCESS_AT, "50076", id="stopped", **ABROAD, correlation_id="c1"),
        sign_in(
            SUCCESS_AT + timedelta(seconds=20), "500121", id="denied", **ABROAD, correlation_id="c1"
        ),
    ]
    result = analyse(events, ATTACKER)
    assert result.successful_login_details is None
    assert result.mfa_result_successful_login is None
    assert result.mfa_status_at_login == "denied"
    assert result.brute_force is None
    assert result.guessing_run is not None
    assert result.guessing_run.failed_attempts == 25
    assert result.failed_logins_count == 25
    assert (result.stopped_by_mfa, result.password_known) == (1, True)
    assert result.suspicious_address == ATTACKER
    assert any("No successful sign-in" in note for note in result.notes)


def test_prompt_that_was_then_passed_is_not_a_stop() -> None:
    events = [
        *history(),
        sign_in(ATTACK_AT, "50074", id="prompt", correlation_id="c1", **AT_HOME),
        sign_in(
            ATTACK_AT + timedelta(seconds=9), id="ok", correlation_id="c1", **AT_HOME, **WITH_MFA
        ),
    ]
    assert analyse(events, HOME).stopped_by_mfa == 0


def test_nearest_to_the_reported_time_wins_among_equals() -> None:
    events = [sign_in(ATTACK_AT + timedelta(minutes=m), id=f"s{m}", **ABROAD) for m in (1, 5, 9)]
    reported = ATTACK_AT + timedelta(minutes=6)
    found = analyse([*history(), *events], ATTACKER, reported=reported).successful_login_details
    assert found is not None
    assert found.id == "s5"


def test_attackers_address_wins_over_home_when_the_incident_names_both() -> None:
    home = sign_in(ATTACK_AT + timedelta(minutes=9), id="home", **AT_HOME, **WITH_MFA)
    result = analyse([*attack(), home], HOME, ATTACKER, reported=ATTACK_AT + timedelta(minutes=9))
    assert result.suspicious_address == ATTACKER


def test_without_addresses_the_success_that_stands_out_is_found() -> None:
    assert analyse(attack()).suspicious_address == ATTACKER
    quiet = [*history(), sign_in(ATTACK_AT, **AT_HOME, **WITH_MFA)]
    result = analyse(quiet)
    assert result.successful_login_details is None
    assert result.attempts == 41
    assert "No successful sign-in" in result.notes[0]


def test_impossible_travel_between_two_successes() -> None:
    events = [
        *history(),
        sign_in(ATTACK_AT - timedelta(minutes=30), id="home", **AT_HOME, **WITH_MFA),
        sign_in(ATTACK_AT, id="abroad", **ABROAD, **WITHOUT_MFA),
    ]
    result = analyse(events, ATTACKER, HOME)
    assert result.travel_km_per_hour is not None
    assert result.travel_km_per_hour > 9000
    assert result.last_known_logon_time == ATTACK_AT - timedelta(minutes=30)


def test_attackers_first_success_does_not_make_the_address_usual() -> None:
    again = sign_in(SUCCESS_AT + timedelta(minutes=5), id="again", **ABROAD, **WITHOUT_MFA)
    result = analyse([*attack(), again], ATTACKER, reported=again.at)
    assert result.first_seen_address is True
    assert result.new_country is True


def test_thin_history_is_said_and_unknown_is_not_false() -> None:
    result = analyse([sign_in(ATTACK_AT, id="only", address=ATTACKER)], ATTACKER)
    assert result.thin_history
    assert result.login_location_variance is None
    assert result.first_seen_address is None
    assert result.new_country is None
    assert result.new_device is None
    assert result.unusual_hour is None
    assert result.legacy_protocol is None
    assert result.last_known_logon_time is None
    assert any("Thin history" in note for note in result.notes)


def test_empty_log_says_so() -> None:
    result = analyse([], ATTACKER)
    assert result.attempts == 0
    assert "no events" in result.notes[0]


def test_events_after_the_cases_now_are_left_out() -> None:
    late = sign_in(ATTACK_AT + timedelta(hours=2), id="late", **ABROAD)
    assert analyse([late], ATTACKER).attempts == 0


def test_order_of_events_does_not_matter_and_details_are_bounded() -> None:
    events = attack() + [
        sign_in(
            ATTACK_AT + timedelta(seconds=i),
            "50126",
            id=f"x{i}",
            address=ATTACKER,
            user_agent=f"a{i}",
        )
        for i in range(40)
    ]
    shuffled = list(events)
    random.Random(7).shuffle(shuffled)
    one = analyse(events, ATTACKER)
    assert analyse(shuffled, ATTACKER).model_dump_json() == one.model_dump_json()
    assert len(one.failed_login_details.user_agents) == 5


def test_analysis_of_a_busy_account_is_fast_enough_to_run_in_a_loop() -> None:
    busy = [
        sign_in(ATTACK_AT - timedelta(minutes=i), id=f"b{i}", interactive=False, **AT_HOME)
        for i in range(1, 3000)
    ]
    assert analyse([*busy, *attack()], ATTACKER, HOME).suspicious_address == ATTACKER


@pytest.mark.parametrize("named", ["198.51.100.200", HOME])
def test_a_brute_force_is_found_although_the_incident_names_another_address(named: str) -> None:
    result = analyse(attack(), named)
    assert result.suspicious_address == ATTACKER
    assert result.brute_force is not None
