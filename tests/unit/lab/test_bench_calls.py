"""What a ledger says about a case, and the calls that are sent again."""

from datetime import timedelta
from typing import Any

import pytest

from lab.bench.accounts import make_town
from lab.bench.calls import Steps, in_steps, read_calls, seconds_of
from lab.bench.floor import shortest
from lab.bench.measure import LATENCIES, Timed
from lab.bench.plain_calls import steps_of
from lab.errors import LabError
from lab.scenarios.loader import load_common
from tests.unit.lab.bench_lines import ALL, LINES, RULES, START, line


def test_calls_at_the_same_time_are_one_link_of_a_chain() -> None:
    ends = (0.2, 0.25, 0.39, 0.62, 0.41)
    lines = [line(number, end, "entra users.get") for number, end in enumerate(ends)]
    steps = [[one["seq"] for one in step] for step in in_steps(lines, {"entra": 0.2})]
    assert steps == [[0, 1, 2], [4], [3]]
    assert in_steps([], {}) == []


def test_a_vendor_takes_its_own_time_or_that_of_the_others() -> None:
    assert seconds_of({"entra": 0.2, "*": 0.1}, "entra") == 0.2
    assert seconds_of({"entra": 0.2, "*": 0.1}, "slack") == 0.1
    assert seconds_of({}, "slack") == 0
    assert (seconds_of(LATENCIES, "log_analytics"), seconds_of(LATENCIES, "servicenow")) == (
        0.3,
        0.1,
    )


def test_the_calls_of_a_case_end_with_the_verified_containment() -> None:
    calls = read_calls(LINES, ALL)
    assert calls.verified_at == START + timedelta(seconds=1.8)
    assert calls.count == 12
    # Two directory reads one after the other, then state, claim, password, read-back.
    assert (calls.steps.length, len(calls.steps.containing)) == (2 + 4, 4)
    vendors = {chain[0][0]["vendor"]: len(chain) for chain in calls.steps.gathering}
    # Queries are all known beforehand, however they were sent.
    assert vendors == {"entra": 2, "virustotal": 1, "log_analytics": 1}


def test_a_mailbox_counts_until_it_was_read_back() -> None:
    calls = read_calls([*LINES, *RULES], ALL)
    assert calls.verified_at == START + timedelta(seconds=2.6)
    assert len(calls.steps.containing) == 4 + 3
    assert calls.acted_at == START + timedelta(seconds=1.5)
    with pytest.raises(LabError, match="not read back"):
        read_calls([*LINES, *RULES[:-1]], ALL)


@pytest.mark.parametrize(
    "lines",
    [[one | {"effect": False} for one in LINES], [one for one in LINES if one["seq"] < 12], []],
    ids=["no effect", "no read-back", "nothing"],
)
def test_a_case_that_was_not_contained_and_verified_is_an_error(
    lines: list[dict[str, Any]],
) -> None:
    lines = [one for one in lines if one["vendor"] == "entra"]
    with pytest.raises(LabError, match=r"not contained|not read back"):
        read_calls(lines, ALL)


def test_each_account_has_its_own_name_address_and_case() -> None:
    town = make_town(load_common(), 3, 3, blockable=True)
    one, *others = town.accounts
    assert len({account.case_id for account in town.accounts}) == 3
    assert len({account.address for account in town.accounts}) == 3
    about = {"vendor": "slack", "body": {"text": f"{one.name}@contoso.example"}}
    assert one.lines([about]) == [about]
    assert not any(other.lines([about]) for other in others)
    names = [user["displayName"] for user in town.tenant["directory"]["users"]]
    assert len(names) == len(set(names))
    rows = town.tenant["tables"]["SigninLogs"]
    assert sum(row["UserPrincipalName"].startswith(one.name) for row in rows) > 26


def test_the_calls_of_one_account_become_another_ones() -> None:
    one, other = make_town(load_common(), 3, 2, blockable=True).accounts
    asked = {"vendor": "entra", "path": f"/users/{one.object_id}", "body": {"ip": one.address}}
    okta = {"vendor": "okta", "path": f"/users/{one.name}", "body": None}
    found = steps_of(Steps([[[asked]], [[okta]]], [[asked]]), one, other)
    wanted = {"vendor": "entra", "path": f"/users/{other.object_id}", "body": {"ip": other.address}}
    assert found == Steps([[[wanted]]], [[wanted]])


def test_the_case_with_the_fewest_steps_is_the_model() -> None:
    [account] = make_town(load_common(), 1, 1, blockable=True).accounts
    late = [*LINES, *RULES]
    long, short = (
        Timed(account, {}, read_calls(lines, ALL), 1.0, 1.0, 1.0, 1.0) for lines in (late, LINES)
    )
    assert shortest([long, short]) is short
