import ipaddress
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.scenarios.expander import Play, column_types, expand
from lab.scenarios.loader import ScenarioError, list_scenarios, load_common, load_scenario
from lab.scenarios.merge import apply_like, deep_merge
from lab.scenarios.models import Scenario, Tenant
from shared.models.base import parse_utc

NOW = datetime(2026, 11, 20, 12, 9, tzinfo=UTC)
COMMON = load_common()
ENTITY = {"kind": "Ip", "properties": {"address": "203.0.113.66"}}
DOCUMENTATION = [
    ipaddress.ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def play(name: str, now: datetime = NOW) -> Play:
    return expand(load_scenario(name), COMMON, now)


def small(row: dict[str, Any], table: str = "SigninLogs") -> Scenario:
    return Scenario.model_validate(
        {
            "name": "small",
            "title": "Small",
            "story": "One row.",
            "truth": "benign",
            "tenant": {"tables": {table: [row]}},
            "incident": {
                "title": "Something",
                "lastActivityTimeUtc": "-9m",
                "relatedEntities": [ENTITY],
            },
            "expect": {},
        }
    )


def rows(row: dict[str, Any], table: str = "SigninLogs") -> list[dict[str, Any]]:
    expanded: list[dict[str, Any]] = expand(small(row, table), COMMON, NOW).tenant["tables"][table]
    return expanded


def test_a_burst_is_count_rows_one_every() -> None:
    made = rows({"TimeGenerated": "-9m", "repeat": {"count": 25, "every": "19s"}})
    times = [parse_utc(row["TimeGenerated"]) for row in made]
    assert len(times) == 25
    assert times[0] == NOW - timedelta(minutes=9)
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {
        timedelta(seconds=19)
    }
    assert len({row["Id"] for row in made}) == 25


@pytest.mark.parametrize("day", range(7))
def test_a_habit_looks_the_same_on_every_day_of_the_week(day: int) -> None:
    repeat = {"days": 30, "at": ["-20m", "-4h"], "jitter": "25m"}
    scenario = small({"TimeGenerated": "now", "repeat": repeat})
    now = NOW + timedelta(days=day)
    made = expand(scenario, COMMON, now).tenant["tables"]["SigninLogs"]
    ages = [(now - parse_utc(row["TimeGenerated"])) for row in made]
    first = [
        NOW - parse_utc(row["TimeGenerated"])
        for row in expand(scenario, COMMON, NOW).tenant["tables"]["SigninLogs"]
    ]
    assert ages == first
    assert 40 <= len(ages) <= 48
    assert min(ages) > timedelta(hours=23)


def test_structures_in_string_columns_are_json_text() -> None:
    row = rows({"TimeGenerated": "-1m", "like": ["dana", "password-only"]})[0]
    steps = json.loads(row["AuthenticationDetails"])
    assert steps[0]["authenticationStepDateTime"] == row["TimeGenerated"]
    assert row["Status"] == {"errorCode": 0}
    other = rows(
        {"TimeGenerated": "-1m", "like": "password-only"}, "AADNonInteractiveUserSignInLogs"
    )
    assert json.loads(other[0]["Status"]) == {"errorCode": 0}


@pytest.mark.parametrize(
    ("row", "table", "message"),
    [
        ({"TimeGenerated": "-1m", "like": "nobody"}, "SigninLogs", "no template 'nobody'"),
        ({"TimeGenerated": "-1m", "ResultTyp": "0"}, "SigninLogs", "no column ResultTyp"),
        ({"TimeGenerated": "-1m"}, "SignInLog", "no table 'SignInLog'"),
        ({}, "SigninLogs", "TimeGenerated is None"),
        ({"TimeGenerated": "soon"}, "SigninLogs", "TimeGenerated is 'soon'"),
    ],
)
def test_mistakes_are_named(row: dict[str, Any], table: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as caught:
        rows(row, table)
    assert str(caught.value).startswith(f"small.yaml: tenant.tables.{table}.0: ")


def test_templates_build_on_templates_and_objects_merge() -> None:
    templates: dict[str, dict[str, Any]] = {
        "a": {"x": {"one": 1}, "y": [1]},
        "b": {"like": "a", "x": {"two": 2}},
    }
    made = apply_like({"like": ["b"], "y": [2]}, templates, "here")
    assert made == {"x": {"one": 1, "two": 2}, "y": [2]}
    assert deep_merge({"x": 1}, {"x": {"y": 2}}) == {"x": {"y": 2}}


def test_a_tenant_is_built_on_those_it_names() -> None:
    common = COMMON.model_copy(
        update={
            "tenants": {
                "land": Tenant.model_validate({"addresses": {"192.0.2.1": {"like": "unplaced"}}}),
                "house": Tenant.model_validate(
                    {"like": "land", "tables": {"SigninLogs": [{"TimeGenerated": "-1h"}]}}
                ),
            }
        }
    )
    scenario = small({"TimeGenerated": "-2h"})
    tenant = scenario.tenant.model_copy(update={"like": ["house"]})
    made = expand(scenario.model_copy(update={"tenant": tenant}), common, NOW).tenant
    assert [row["TimeGenerated"][11:13] for row in made["tables"]["SigninLogs"]] == ["10", "11"]
    assert set(made["addresses"]) == {"192.0.2.1"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenant": Tenant(like=["nowhere"])}, "tenant.like: there is no tenant 'nowhere'"),
        (
            {"incident": {"title": "Something", "relatedEntities": [{"like": "nobody"}]}},
            "incident.relatedEntities.0: there is no template 'nobody'",
        ),
    ],
)
def test_an_unknown_part_is_named(change: dict[str, Any], message: str) -> None:
    scenario = small({"TimeGenerated": "-1h"}).model_copy(update=change)
    with pytest.raises(ScenarioError, match=message):
        expand(scenario, COMMON, NOW)


@pytest.mark.parametrize("name", list_scenarios())
def test_every_scenario_expands_into_known_columns_in_order(name: str) -> None:
    tenant = play(name).tenant
    for table, made in tenant["tables"].items():
        times = [row["TimeGenerated"] for row in made]
        assert times == sorted(times)
        assert all(set(row) <= set(column_types()[table]) for row in made)
        assert parse_utc(times[-1]) <= NOW
    assert tenant["now"] == "2026-11-20T12:09:00.000Z"
    assert tenant["directory"]["users"]


@pytest.mark.parametrize("name", list_scenarios())
def test_every_address_is_for_documentation_and_has_facts(name: str) -> None:
    tenant = play(name).tenant
    logged = {row["IPAddress"] for row in tenant["tables"].get("SigninLogs", [])}
    assert logged <= set(tenant["addresses"])
    for address in tenant["addresses"]:
        assert any(ipaddress.ip_address(address) in block for block in DOCUMENTATION)


@pytest.mark.parametrize("name", list_scenarios())
def test_the_same_moment_gives_the_same_play_and_another_a_new_incident(name: str) -> None:
    assert play(name) == play(name)
    later = play(name, NOW + timedelta(seconds=1))
    assert later.incident["object"]["id"] != play(name).incident["object"]["id"]


@pytest.mark.parametrize("name", list_scenarios())
def test_no_relative_time_or_reference_is_left(name: str) -> None:
    text = json.dumps([play(name).tenant, play(name).incident])
    assert '"$' not in text
    assert '"like"' not in text
    assert '": "-' not in text
