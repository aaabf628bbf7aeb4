"""What is measured of service levels, and that it names nobody."""

import json
import logging

import pytest

from shared.models.base import Json
from shared.telemetry import measure, sla_escalation, sla_measurement
from tests.unit.playbook.records import record

ENDED: Json = {
    "name": "notification_to_review",
    "title": "notification to review",
    "target_seconds": 900,
    "seconds": 61.5,
    "due_at": "2026-11-20T12:15:00.000Z",
    "met": True,
}
ABOUT = {
    "case_kind": "brute_force_success",
    "mode": "automatic",
    "severity": "High",
    "verdict": "High",
}


def test_a_service_level_is_a_duration_with_few_dimensions() -> None:
    found = sla_measurement(record(), ENDED)
    assert (found.name, found.value, found.unit) == ("tourniquet.sla.duration", 61.5, "s")
    assert found.attributes == ABOUT | {"measure": "notification_to_review", "met": True}


def test_an_escalation_is_a_count() -> None:
    called = {"tier": "IRT", "kind": "criterion", "about": "persistence", "why": "ann@contoso.com"}
    found = sla_escalation(record(), called)
    assert (found.value, found.unit) == (1.0, "1")
    about = {"tier": "IRT", "kind": "criterion", "about": "persistence"}
    assert found.attributes == ABOUT | about


def test_a_case_without_a_verdict_is_measured_too() -> None:
    bare = record(verdict=None, incident={"title": "x"})
    found = sla_measurement(bare, ENDED).attributes
    assert (found["verdict"], found["severity"]) == ("none", "unknown")


def test_what_is_logged_is_json_and_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    case = record()
    with caplog.at_level(logging.INFO, logger="tourniquet.measurements"):
        measure(sla_measurement(case, ENDED))
    [line] = [entry.getMessage() for entry in caplog.records]
    said = json.loads(line)
    assert (said["name"], said["value"], said["met"]) == ("tourniquet.sla.duration", 61.5, True)
    for personal in (case["case_id"], "ann@contoso.com", "203.0.113.7", case["incident"]["title"]):
        assert personal not in line
