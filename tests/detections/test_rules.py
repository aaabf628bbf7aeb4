"""Every rule is what Sentinel takes, and what the app reads from its alerts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from lab.simulators.kql.store import KqlStore
from shared.models.case import AlertType
from shared.playbook.intake.alert_type import choose_alert_type
from shared.playbook.intake.alerts import (
    address_in_details,
    login_time_in_details,
    open_alerts,
    read_alerts,
)
from shared.playbook.sign_ins import (
    detection,
    impossible_travel,
    mfa_fatigue,
    neighbours,
    password_spray,
    slow_password_spray,
)
from shared.playbook.sign_ins.codes import GUESSING_CODES, PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.travel import IMPOSSIBLE_KM, IMPOSSIBLE_KM_PER_HOUR, SAME_PLACE_KM
from tests.detections.logs import RULES, ask_rule, logs, row
from tools.detection_rules import FOLDER, Rule

ALERT_TYPES = {
    "brute_force_success": AlertType.BRUTE_FORCE_SUCCESS,
    "impossible_travel": AlertType.IMPOSSIBLE_TRAVEL,
    "mfa_fatigue": AlertType.MFA_FATIGUE,
    "password_spray": AlertType.PASSWORD_SPRAY,
    "slow_password_spray": AlertType.PASSWORD_SPRAY,
    "token_theft": AlertType.TOKEN_THEFT,
}
MISTAKES: dict[str, dict[str, Any]] = {
    "a misspelt field": {"querryPeriod": "1h"},
    "an id that is none": {"id": "brute-force"},
    "no such severity": {"severity": "Critical"},
    "a period in words": {"queryPeriod": "one hour"},
    "a schedule that Sentinel refuses": {"queryFrequency": "1m"},
    "a period shorter than the schedule": {"queryFrequency": "1h", "queryPeriod": "30m"},
    "a long period every five minutes": {"queryPeriod": "2d"},
    "an unknown tactic": {"tactics": ["Credentials"]},
    "a technique of another tactic": {"tactics": ["Persistence"]},
    "a sub-technique": {"relevantTechniques": ["T1110.001"]},
    "an unknown entity": {
        "entityMappings": [
            {"entityType": "User", "fieldMappings": [{"identifier": "Name", "columnName": "User"}]}
        ]
    },
    "a detail whose name is too long": {"customDetails": {"TimeOfTheSuccessfulLogin": "At"}},
    "too many columns in a title": {
        "alertDetailsOverride": {
            "alertDisplayNameFormat": "{{A}} {{B}} {{C}} {{D}}",
            "alertDescriptionFormat": "x",
        }
    },
    "a version of two numbers": {"version": "1.0"},
}


def test_there_is_a_rule_for_every_kind_of_sign_in_attack() -> None:
    assert set(RULES) == set(ALERT_TYPES)


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_found(name: str) -> None:
    document = yaml.safe_load((FOLDER / "brute_force_success.yaml").read_text("utf-8"))
    Rule.model_validate(document)
    with pytest.raises(ValueError, match=next(iter(MISTAKES[name]))[:5]):
        Rule.model_validate(document | MISTAKES[name])


@pytest.mark.parametrize("name", RULES)
def test_every_named_column_is_in_the_result(store: KqlStore, name: str) -> None:
    store.load({})
    columns = {column.name for column in store.query(RULES[name].query, None, None).columns}
    assert RULES[name].named_columns() <= columns
    assert "TimeGenerated" in columns


def test_a_column_that_is_not_there_is_named() -> None:
    rule = RULES["brute_force_success"]
    assert "Attacker" not in rule.named_columns()
    details = rule.customDetails | {"Attacker": "AttackerAddress"}
    assert "AttackerAddress" in rule.model_copy(update={"customDetails": details}).named_columns()


@pytest.mark.parametrize("name", RULES)
def test_each_rule_runs_as_often_as_it_may_and_names_account_and_address(name: str) -> None:
    rule = RULES[name]
    slow = rule.queryPeriod >= timedelta(days=2)
    assert rule.queryFrequency == timedelta(hours=1) if slow else timedelta(minutes=5)
    assert slow == (name == "slow_password_spray")
    kinds = {
        (mapping.entityType, field.identifier)
        for mapping in rule.entityMappings
        for field in mapping.fieldMappings
    }
    assert kinds == {("Account", "FullName"), ("Account", "AadUserId"), ("IP", "Address")}


@pytest.mark.parametrize("name", RULES)
def test_the_app_knows_what_kind_of_alert_it_is(name: str) -> None:
    rule = RULES[name]
    title = rule.alertDetailsOverride.alertDisplayNameFormat
    assert choose_alert_type([title], []) == ALERT_TYPES[name]
    assert choose_alert_type([rule.name], []) == ALERT_TYPES[name]


def test_the_app_reads_address_and_time_from_the_custom_details(store: KqlStore) -> None:
    guesses = [row(900 - i * 10, "50126") for i in range(25)]
    (result,) = ask_rule(store, "brute_force_success", logs(*guesses, row(400)))
    details = RULES["brute_force_success"].customDetails
    given = {name: [str(result[column])] for name, column in details.items()}
    given_alert = {"properties": {"additionalData": {"Custom Details": json.dumps(given)}}}
    alerts = read_alerts(open_alerts([given_alert]))
    assert address_in_details(alerts) == "203.0.113.7"
    assert login_time_in_details(alerts) == result["SuccessfulLoginTime"]


@pytest.mark.parametrize("name", RULES)
def test_address_and_time_have_the_names_that_the_app_reads(name: str) -> None:
    details = RULES[name].customDetails
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    values = {"Address": "203.0.113.7", "SuccessfulLoginTime": at.isoformat()}
    given = {key: [values.get(column, "198.51.100.1")] for key, column in details.items()}
    given_alert = {"properties": {"additionalData": {"Custom Details": json.dumps(given)}}}
    alerts = read_alerts(open_alerts([given_alert]))
    assert address_in_details(alerts) == "203.0.113.7"
    assert login_time_in_details(alerts) == at


def let_of(rule: str, name: str) -> str:
    """Return the text of a ``let`` in a rule's query."""
    text = RULES[rule].query.partition(f"let {name} = ")[2].partition(";")[0]
    assert text, f"{rule} has no {name}"
    return text


def codes_of(rule: str, name: str) -> set[str]:
    text = let_of(rule, name).removeprefix("dynamic(").removesuffix(")")
    return set(json.loads(text))


@pytest.mark.parametrize("rule", ["brute_force_success", "password_spray", "slow_password_spray"])
def test_guessing_codes_are_the_playbooks(rule: str) -> None:
    assert codes_of(rule, "guessing") == set(GUESSING_CODES)


@pytest.mark.parametrize("rule", ["password_spray", "slow_password_spray"])
def test_right_password_codes_are_the_playbooks(rule: str) -> None:
    assert codes_of(rule, "right") == PASSWORD_RIGHT_CODES | {"0"}


def test_thresholds_are_the_playbooks() -> None:
    numbers = {
        ("brute_force_success", "threshold"): detection.FAILURE_THRESHOLD,
        ("brute_force_success", "window"): f"{detection.WINDOW_MINUTES}m",
        ("password_spray", "guessedUsers"): password_spray.GUESSED_USERS,
        ("password_spray", "before"): f"{password_spray.BEFORE.total_seconds() / 3600:.0f}h",
        ("password_spray", "after"): f"{password_spray.AFTER.total_seconds() / 60:.0f}m",
        ("slow_password_spray", "guessedUsers"): slow_password_spray.SLOW_GUESSED_USERS,
        ("slow_password_spray", "before"): f"{slow_password_spray.BEFORE.days}d",
        ("slow_password_spray", "after"): f"{slow_password_spray.AFTER.days}d",
        ("slow_password_spray", "workingDays"): slow_password_spray.WORKING_DAYS,
        ("slow_password_spray", "workingUsers"): slow_password_spray.WORKING_USERS,
        ("mfa_fatigue", "refusedPrompts"): mfa_fatigue.REFUSED_PROMPTS,
        ("mfa_fatigue", "window"): f"{mfa_fatigue.WINDOW.total_seconds() / 3600:.0f}h",
        ("mfa_fatigue", "approvedWithin"): f"{mfa_fatigue.APPROVED_WITHIN.seconds / 60:.0f}m",
        (
            "impossible_travel",
            "longest",
        ): f"{impossible_travel.LONGEST.total_seconds() / 3600:.0f}h",
        ("impossible_travel", "samePlaceKm"): SAME_PLACE_KM,
        ("impossible_travel", "impossibleKm"): IMPOSSIBLE_KM,
        ("impossible_travel", "impossibleKmPerHour"): IMPOSSIBLE_KM_PER_HOUR,
        ("impossible_travel", "sharedByUsers"): impossible_travel.SHARED_BY_USERS,
    }
    assert {key: let_of(*key) for key in numbers} == {key: str(n) for key, n in numbers.items()}


def test_a_slow_spray_and_its_late_rows_fit_what_sentinel_lets_a_rule_see() -> None:
    seen = slow_password_spray.BEFORE + slow_password_spray.AFTER + timedelta(days=1)
    assert seen + timedelta(hours=2) <= RULES["slow_password_spray"].queryPeriod
    assert let_of("slow_password_spray", "recent") == "2h"


def test_a_workplace_is_the_same_to_the_spray_and_to_the_score() -> None:
    assert slow_password_spray.WORKING_DAYS == neighbours.SHARING_DAYS
    assert slow_password_spray.WORKING_USERS == neighbours.SHARING_ACCOUNTS
