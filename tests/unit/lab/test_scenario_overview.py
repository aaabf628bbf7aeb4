"""The scenarios as a whole: enough of them, of every kind, and all of them in the docs."""

import re
from collections import Counter
from pathlib import Path

import pytest

from lab.scenarios.expander import expand
from lab.scenarios.expectation import CaseExpectation
from lab.scenarios.loader import list_scenarios, load_common, load_scenario
from lab.scenarios.models import Scenario, Truth
from lab.scenarios.overview import markdown_tables
from shared.models.base import parse_utc
from shared.models.case import AlertType, OperatingMode
from shared.models.verdict import Confidence

DOCS = Path(__file__).parents[3] / "docs" / "scenarios.md"
SCENARIOS = [load_scenario(name) for name in list_scenarios()]
NOT_CERTAIN = {
    "needs-approval",
    "no-account",
    "nobody-answers",
    "sign-in-log-empty",
    "sign-in-log-late",
}
"""Compromises that nobody could be certain of from what is known at that moment."""


def cases(scenario: Scenario) -> list[CaseExpectation]:
    return list(scenario.expect.accounts.values()) or [scenario.expect]


def test_the_docs_have_every_scenario() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert markdown_tables() in text, "paste the output of: python -m lab.scenarios"


def test_there_are_enough_and_half_of_32_only_look_like_it() -> None:
    truths = Counter(scenario.truth for scenario in SCENARIOS)
    assert truths.total() >= 32
    assert truths[Truth.STOPPED] + truths[Truth.BENIGN] >= 16


def test_every_alert_type_and_mode_occurs() -> None:
    kinds = {case.alert_type for scenario in SCENARIOS for case in cases(scenario)}
    assert set(AlertType) <= kinds
    modes = {scenario.mode or OperatingMode.AUTOMATIC for scenario in SCENARIOS}
    assert modes == set(OperatingMode)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_expectation_fits_the_truth(scenario: Scenario) -> None:
    expected = {case.confidence for case in cases(scenario)}
    if scenario.truth is not Truth.COMPROMISED:
        assert Confidence.HIGH not in expected
    elif scenario.name not in NOT_CERTAIN:
        assert Confidence.HIGH in expected
    assert len(scenario.expect.why.split()) >= 10


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_is_said_about_times_is_what_the_incident_says(scenario: Scenario) -> None:
    now = parse_utc("2026-11-20T12:09:00Z")
    incident = expand(scenario, load_common(), now).incident["object"]["properties"]
    first, last = (
        parse_utc(incident[name]) for name in ("firstActivityTimeUtc", "lastActivityTimeUtc")
    )
    assert first <= last <= now
    addresses = {
        item["properties"]["address"]
        for item in incident["relatedEntities"]
        if item["kind"] == "Ip"
    }
    assert addresses
    named = set(re.findall(r"\d+\.\d+\.\d+\.\d+", incident.get("description", "")))
    assert named <= addresses
