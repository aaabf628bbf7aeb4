"""The moments of an account at which an alert would start a case."""

from datetime import timedelta

from lab.backtest.moments import CaseStart, Moment, find_alerts, find_detections, start_cases
from shared.models.signin import SignIn
from tests.unit.playbook.builders import (
    ABROAD,
    AT_HOME,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    failures,
    history,
    sign_in,
)


def kinds(events: list[SignIn]) -> list[str]:
    return [moment.kind for moment in find_alerts(sorted(events, key=lambda event: event.at))]


def test_alerts() -> None:
    stranger = sign_in(SUCCESS_AT, **ABROAD)

    assert kinds(history()) == []
    assert kinds([*history(), stranger]) == ["new_country"]
    assert kinds([stranger]) == []
    assert kinds([*failures(5, over=EIGHT_MINUTES), stranger]) == ["failures_then_success"]
    assert kinds([*failures(4, over=EIGHT_MINUTES), stranger]) == []
    assert kinds(failures(21, over=EIGHT_MINUTES)) == ["guessing"]
    assert kinds([sign_in(ATTACK_AT, "50074")]) == ["password_known"]
    assert kinds([*history(), sign_in(ATTACK_AT, "50074", **AT_HOME)]) == []
    assert kinds([sign_in(SUCCESS_AT, risk_level="High")]) == ["high_risk"]
    assert kinds([sign_in(SUCCESS_AT, address="10.0.0.1", risk_level="High")]) == []
    systems = ("Windows 10", "Linux", "MacOs", "Android 6")
    sweep = [
        sign_in(SUCCESS_AT + timedelta(seconds=number), operating_system=system)
        for number, system in enumerate(systems)
    ]
    assert kinds(sweep) == ["platform_sweep"]
    assert kinds(sweep[:3]) == []


def test_detections() -> None:
    guessed = [*failures(25, over=EIGHT_MINUTES), sign_in(SUCCESS_AT)]
    travelled = [*history(), sign_in(SUCCESS_AT - timedelta(days=1, hours=4), **ABROAD)]

    assert [one.kind for one in find_detections(guessed, lambda *_: 0)] == ["brute_force_success"]
    found = find_detections(travelled, lambda *_: 0)
    assert {one.kind for one in found} <= {"impossible_travel"}
    assert find_detections(travelled, lambda *_: 3) == []


def test_moments_of_an_address_within_a_day_are_one_case() -> None:
    hour = timedelta(hours=1)
    moments = [
        Moment(ATTACK_AT, ATTACK_AT, ATTACKER, "guessing"),
        Moment(ATTACK_AT + hour, ATTACK_AT + 2 * hour, ATTACKER, "password_spray"),
        Moment(ATTACK_AT + hour, ATTACK_AT + hour, "198.51.100.9", "new_country"),
        Moment(ATTACK_AT + 30 * hour, ATTACK_AT + 30 * hour, ATTACKER, "new_country"),
    ]
    both = ("guessing", "password_spray")
    assert start_cases(reversed(moments)) == [
        CaseStart(ATTACK_AT + hour, ATTACK_AT + 2 * hour, ATTACKER, both),
        CaseStart(ATTACK_AT + hour, ATTACK_AT + hour, "198.51.100.9", ("new_country",)),
        CaseStart(ATTACK_AT + 30 * hour, ATTACK_AT + 30 * hour, ATTACKER, ("new_country",)),
    ]
