"""What is measured, and that it names nobody."""

import ast
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from shared.call_measurements import measured_call
from shared.case_measurements import case_measurements, sla_escalation, sla_measurement
from shared.errors import NotFound, PermanentError, Throttled
from shared.models.base import Json
from shared.models.measurement import (
    CALLED_ABOUT,
    DIMENSIONS,
    INSTRUMENTS,
    OTHER,
    VENDORS,
    Measurement,
    Metric,
    closed,
)
from shared.playbook.reporting.escalation import CRITERIA
from shared.telemetry import measure
from tests.unit.playbook.records import action, record
from tests.unit.source_files import ROOT, product_files

ENDED: Json = {
    "name": "notification_to_review",
    "title": "notification to review",
    "target_seconds": 900,
    "seconds": 61.5,
    "due_at": "2026-11-20T12:15:00.000Z",
    "met": True,
}
PLACE = {"case_kind": "brute_force_success", "mode": "automatic"}
ABOUT = PLACE | {"severity": "High", "verdict": "High"}
PERSONAL = ("ann@contoso.com", "203.0.113.7")


def test_a_service_level_is_a_duration_with_few_dimensions() -> None:
    found = sla_measurement(record(), ENDED)
    assert (found.name, found.value) == ("tourniquet.sla.duration", 61.5)
    assert found.attributes == ABOUT | {"measure": "notification_to_review", "met": True}


def test_an_escalation_is_a_count() -> None:
    called = {"tier": "IRT", "kind": "criterion", "about": "persistence+widespread", "why": "ann"}
    found = sla_escalation(record(), called)
    about = {"tier": "IRT", "call": "criterion", "about": "persistence+widespread"}
    assert (found.value, closed(found)) == (1.0, ABOUT | about)


def test_a_case_without_a_verdict_is_measured_too() -> None:
    bare = record(verdict=None, incident={"title": "x"})
    found = sla_measurement(bare, ENDED).attributes
    assert (found["verdict"], found["severity"]) == ("none", "unknown")


def test_a_case_that_comes_to_rest_is_counted_with_its_blocks_and_actions() -> None:
    before = record(status="containing", actions=[], blocks={})
    block = {
        "status": "partial",
        "started_at": "2026-11-20T12:00:00.000Z",
        "finished_at": "2026-11-20T12:00:02.500Z",
    }
    done = [action("RevokeSessions"), action("BlockIP", "failed")]
    blocks = {"AD_User_Enrichment": block}
    after = record(status="failed", actions=done, blocks=blocks)
    found = [(one.name, one.value, closed(one)) for one in case_measurements(before, after)]
    assert found == [
        (Metric.CASE_FINISHED, 1.0, ABOUT | {"status": "failed"}),
        (Metric.CONTAINMENT_FAILED, 1.0, ABOUT),
        (
            Metric.BLOCK_DURATION,
            2.5,
            PLACE | {"block": "AD_User_Enrichment", "status": "partial"},
        ),
        (Metric.ACTION_FINISHED, 1.0, PLACE | {"action": "RevokeSessions", "status": "succeeded"}),
        (Metric.ACTION_FINISHED, 1.0, PLACE | {"action": "BlockIP", "status": "failed"}),
    ]
    assert list(case_measurements(after, after)) == []


def test_a_containment_that_did_not_hold_has_failed_but_is_no_new_case() -> None:
    found = list(case_measurements(record(status="contained"), record(status="failed")))
    assert [one.name for one in found] == [Metric.CONTAINMENT_FAILED]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (Throttled("ann@contoso.com"), "throttled"),
        (NotFound("ann@contoso.com"), "not_found"),
        (PermanentError("ann@contoso.com"), "permanent"),
        (ValueError("ann@contoso.com"), "unexpected"),
    ],
)
def test_a_call_to_a_vendor_is_measured_by_its_outcome(
    caplog: pytest.LogCaptureFixture, error: Exception | None, outcome: str
) -> None:
    caplog.set_level(logging.INFO, logger="tourniquet.measurements")
    try:
        with measured_call("entra", "always"):
            if error:
                raise error
    except Exception as raised:
        assert raised is error
    [line] = [entry.getMessage() for entry in caplog.records]
    said = json.loads(line)
    assert 0 <= said.pop("value") < 5
    named = {"name": "tourniquet.provider.duration", "unit": "s", "vendor": "entra"}
    assert said == named | {"outcome": outcome, "repeat": "always"}


@pytest.mark.parametrize("metric", Metric)
def test_only_listed_values_of_listed_dimensions_leave_the_app(
    caplog: pytest.LogCaptureFixture, metric: Metric
) -> None:
    """A person's name in any dimension, and in one that nobody knows, is not sent."""
    given: dict[str, str | bool] = dict.fromkeys(DIMENSIONS, "ann@contoso.com")
    one = Measurement(metric, 1.0, given | {"user": "ann@contoso.com"})
    assert closed(one) == dict.fromkeys(INSTRUMENTS[metric].dimensions, OTHER)
    with caplog.at_level(logging.INFO, logger="tourniquet.measurements"):
        measure(one)
    assert "ann" not in caplog.text


def test_dimensions_and_their_values_are_names_not_data() -> None:
    used = {name for made in INSTRUMENTS.values() for name in made.dimensions}
    assert used == set(DIMENSIONS), "each dimension belongs to a metric, each metric's is listed"
    assert set(INSTRUMENTS) == set(Metric)
    assert {made.unit for made in INSTRUMENTS.values()} == {"s", "1"}
    for name, values in DIMENSIONS.items():
        assert 1 < len(values) <= 30, name
        assert all(one.replace("_", "").isalnum() for one in values), name


def test_every_vendor_and_criterion_is_listed() -> None:
    assert set(_vendors()) == VENDORS
    assert {one.id for one in CRITERIA} <= CALLED_ABOUT


def _vendors() -> Iterator[str]:
    """Names that providers give themselves: a constant, vendor=..., or a client's argument."""
    for file in product_files():
        if not file.startswith("shared/providers/"):
            continue
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            match node:
                case (
                    ast.Assign(
                        targets=[ast.Name("VENDOR" | "NAME" | "name")],
                        value=ast.Constant(str(name)),
                    )
                    | ast.keyword(arg="vendor", value=ast.Constant(str(name)))
                    | ast.Call(ast.Name("VendorClient"), [ast.Constant(str(name)), *_])
                ):
                    yield name
                case _:
                    pass


class Collector(BaseHTTPRequestHandler):
    """Takes what is sent, as an OpenTelemetry collector would."""

    taken: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken[self.path] = self.taken.get(self.path, b"") + body
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


SENDS = """
from shared.telemetry_export import configure_export
from shared.call_measurements import measured_call
assert configure_export()
from opentelemetry import trace
with trace.get_tracer("graph").start_as_current_span("GET /users/ann@contoso.com"):
    with measured_call("entra", "always"):
        pass
"""
SAYS = """
import sys
from shared.telemetry_export import configure_export
import shared.telemetry
assert not configure_export()
assert not [one for one in sys.modules if one.startswith("opentelemetry.exporter")]
"""


def test_a_collector_gets_metrics_and_traces() -> None:
    Collector.taken = {}
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": address}
        subprocess.run([sys.executable, "-c", SENDS], cwd=ROOT, env=environment, check=True)
        server.shutdown()
    assert b"tourniquet.provider.duration" in Collector.taken["/v1/metrics"]
    assert b"provider call" in Collector.taken["/v1/traces"]
    assert b"ann@contoso.com" not in Collector.taken["/v1/traces"], "another library's span"


def test_without_a_collector_no_exporter_is_loaded() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", SAYS], cwd=ROOT, env=environment, check=True)
