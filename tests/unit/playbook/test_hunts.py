import json
import re

import pytest

from shared.playbook.confidence.signals import CHECKS
from shared.playbook.hunts import (
    PARAMETERS,
    ROW_LIMIT,
    SAMPLE_ROWS,
    evaluate_hunt,
    load_hunts,
    parse_hunt,
)

HUNTS = load_hunts()
FIRST = HUNTS[0]
GOOD = """// id: some_hunt
// title: Something
// technique: T1059.001
// tables: SigninLogs, AuditLogs
// why: Because.
SigninLogs | take 200
"""


def test_every_point_of_the_runbook_has_a_hunt() -> None:
    assert {
        "anomalous_places",  # anomalous login locations and times
        "suspicious_commands",  # suspicious command-line activity
        "sensitive_access",  # access to sensitive resources
        "lateral_movement",  # evidence of lateral movement
        "large_transfers",  # large data transfers
        "mass_download",  # exfiltration patterns
        "failures_then_success",  # failed login attempts followed by success
    } <= {hunt.id for hunt in HUNTS}


def test_every_signal_of_activity_has_its_hunt() -> None:
    fed = {name.removeprefix("activity_") for name in CHECKS if name.startswith("activity_")}
    assert fed <= {hunt.id for hunt in HUNTS}


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: hunt.id)
def test_query_is_bounded_about_the_account_and_without_a_clock(hunt) -> None:  # type: ignore[no-untyped-def]
    assert hunt.query.rstrip().endswith(f"| take {ROW_LIMIT}")
    assert any(re.search(rf"\b{name}\b", hunt.query) for name in PARAMETERS)
    assert not re.search(r"\b(ago|now)\(", hunt.query), "the period is the request's"
    assert not re.search(r"ResultType\s*[=!]=\s*\d", hunt.query), "ResultType is a string"
    assert all(re.search(rf"\b{table}\b", hunt.query) for table in hunt.tables)


def test_header_is_parsed_and_the_query_kept() -> None:
    hunt = parse_hunt(GOOD)
    assert (hunt.id, hunt.technique, hunt.tables) == (
        "some_hunt",
        "T1059.001",
        ["SigninLogs", "AuditLogs"],
    )
    assert hunt.query == "SigninLogs | take 200\n"


def test_a_hunt_may_ask_for_more_of_the_past() -> None:
    assert parse_hunt(GOOD).look_back_hours == 0
    assert parse_hunt("// look-back: 168 hours\n" + GOOD).look_back_hours == 168
    assert {hunt.id for hunt in HUNTS if hunt.look_back_hours} == {"token_new_places"}


@pytest.mark.parametrize(
    "text",
    [
        "// look-back: a week\n" + GOOD,
        "// look-back: 0 hours\n" + GOOD,
        "// look-back: 999 hours\n" + GOOD,
        "// look-back: 24 hours\n// look-back: 48 hours\n" + GOOD,
        GOOD.replace("// why: Because.\n", ""),
        GOOD.replace("T1059.001", "1059"),
        GOOD.replace("// tables: SigninLogs, AuditLogs", "// tables: ,"),
        GOOD.replace("// why", "// because"),
        GOOD.replace("// why: Because.", "// id: again"),
        GOOD.replace("// why: Because.", "// just words"),
        GOOD.replace("some_hunt", "Some Hunt"),
        "",
    ],
)
def test_wrong_header_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hunt(text)


def test_no_rows_is_no_finding() -> None:
    assert evaluate_hunt(FIRST, []) is None


def test_finding_has_the_latest_rows_and_says_when() -> None:
    rows = [
        {"TimeGenerated": f"2026-11-20T12:{minute:02}:00Z", "n": minute} for minute in range(40)
    ]
    found = evaluate_hunt(FIRST, rows)
    assert found is not None
    assert found.count == 40
    assert [row["n"] for row in found.rows] == list(range(39, 39 - SAMPLE_ROWS, -1))
    assert "40 rows of SigninLogs between 2026-11-20T12:00:00.000Z and" in found.summary


def test_finding_is_bounded_and_is_json_whatever_the_rows_hold() -> None:
    row = {"TimeGenerated": "not a time", "Text": "x" * 10_000, "Bag": {"a": [1]}, "None": None}
    found = evaluate_hunt(FIRST, [row] * ROW_LIMIT)
    assert found is not None
    assert f"at least {ROW_LIMIT} rows" in found.summary
    assert len(json.dumps(found.to_json())) < 10_000
