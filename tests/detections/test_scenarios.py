"""The lab's tenants: rule and playbook see the same in each, and what the scenario is about."""

from datetime import timedelta

import pytest

from lab.scenarios.expander import expand
from lab.scenarios.loader import list_scenarios, load_common, load_scenario
from lab.simulators.kql.store import KqlStore
from shared.playbook.sign_ins.detection import find_brute_force_successes
from shared.playbook.sign_ins.impossible_travel import find_impossible_travel
from shared.playbook.sign_ins.mfa_fatigue import find_mfa_fatigue
from shared.playbook.sign_ins.password_spray import find_password_sprays
from shared.playbook.sign_ins.slow_password_spray import find_slow_password_sprays
from shared.playbook.sign_ins.token_theft import find_token_theft
from tests.detections.logs import (
    INTERACTIVE,
    NON_INTERACTIVE,
    NOW,
    RULES,
    Rows,
    ask_rules,
    read,
    recent,
    within,
)

EXPECTED: dict[str, set[str]] = {
    "brute-force-success": {"brute_force_success"},
    "forgetful-user": set(),
    "stopped-by-mfa": set(),
}
_COMMON = load_common()

type Answer = set[tuple[str, str]]


def tenant(name: str) -> Rows:
    """Return a scenario's sign-ins, no older than any rule looks back."""
    tables = expand(load_scenario(name), _COMMON, NOW).tenant["tables"]
    sign_ins = {table: tables.get(table, []) for table in (INTERACTIVE, NON_INTERACTIVE)}
    return within(sign_ins, max(rule.queryPeriod for rule in RULES.values()))


def found(rule: str, rows: Rows) -> Answer:
    match rule:
        case "brute_force_success":
            return {(one.user, one.address) for one in find_brute_force_successes(read(rows))}
        case "impossible_travel":
            return {(one.user, one.address) for one in recent(find_impossible_travel, rows)}
        case "mfa_fatigue":
            return {(one.user, one.address) for one in recent(find_mfa_fatigue, rows)}
        case "password_spray":
            return {(one.user, one.address) for one in recent(find_password_sprays, rows)}
        case "slow_password_spray":
            slow = recent(find_slow_password_sprays, rows, timedelta(hours=2))
            return {(one.user, one.address) for one in slow}
        case "token_theft":
            return {(one.user, one.address) for one in recent(find_token_theft, rows)}
    raise AssertionError(f"no detection belongs to {rule}")


@pytest.mark.parametrize("name", list_scenarios())
def test_rule_and_playbook_agree(store: KqlStore, name: str) -> None:
    rows = tenant(name)
    fired = set()
    for rule, results in ask_rules(store, RULES, rows).items():
        told = {(one["UserId"], one["Address"]) for one in results}
        assert told == found(rule, within(rows, RULES[rule].queryPeriod)), rule
        fired |= {rule} if told else set()
    assert fired == EXPECTED.get(name, fired)
