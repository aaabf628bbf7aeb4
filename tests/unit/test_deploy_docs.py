"""The cost in docs/deploy.md follows from its own figures and from the recorded histories."""

import json
import re

import pytest

from tests.unit.source_files import ROOT

TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
BENCH = (ROOT / "docs" / "bench.md").read_text("utf-8")
HISTORIES = {
    "respond": "respond-high-contained",
    "contain": "contain-account-and-address",
    "keep_service_levels": "keep_service_levels-nobody-looks",
    "block_address": "block_address-slowly-in-force",
}


def row(name: str) -> list[str]:
    [line] = [one for one in TEXT.splitlines() if one.startswith(f"| {name} |")]
    return [cell.strip(" *") for cell in line.strip("|").split("|")]


def amount(cell: str) -> float:
    """The number that a cell ends with; what is before it says how it comes about."""
    return float(cell.split("=")[-1])


def scheduled(name: str, kind: str) -> int:
    file = ROOT / "tests" / "replay" / "histories" / f"{HISTORIES[name]}-v1.0.0.json"
    return sum(kind in event for event in json.loads(file.read_text("utf-8"))["events"])


@pytest.mark.parametrize("name", HISTORIES)
def test_activities_are_those_of_the_recorded_history(name: str) -> None:
    said = re.search(rf"`{name}` (\d+)", TEXT)
    assert said is not None
    assert int(said[1]) == scheduled(name, "taskScheduled")


def executions() -> tuple[int, int, int]:
    """Runs of orchestrators (measured), activities and entity calls (recorded) of one case."""
    runs = re.search(r"(\d+) replays in", BENCH)
    assert runs is not None
    activities = sum(scheduled(name, "taskScheduled") for name in HISTORIES)
    entities = sum(scheduled(name, "entityOperationCalled") for name in HISTORIES)
    return int(runs[1]), activities, entities


def test_executions_are_runs_activities_entity_calls_and_one_request() -> None:
    runs, activities, entities = executions()
    assert f"{runs} runs of orchestrators" in TEXT
    assert f"{activities} activities and {entities} entity calls" in TEXT
    assert f"**{runs + activities + entities + 1} executions**" in TEXT


def test_what_a_thousand_cases_cost() -> None:
    thousand = 1000 * (sum(executions()) + 1)
    seconds = thousand * 2
    rows = re.search(r"wrote (\d+)\s+measurements", TEXT)
    assert rows is not None
    gigabytes = (int(rows[1]) + thousand / 1000) / 1000
    costs = {
        "Compute": (seconds * 0.000026, (seconds - 100_000) * 0.000026),
        "Executions": (thousand * 0.40 / 1e6, 0.0),
        "Relay": (1000 * (0.000163 + 2 * 0.000025), 1000 * 0.000163),
        "Telemetry": (gigabytes * 4.30, gigabytes * 4.30),
        "Evidence, a year": (2 * 12 * 0.02, 2 * 12 * 0.02),
    }
    for name, expected in costs.items():
        cells = row(name)
        assert [amount(cells[2]), amount(cells[3])] == [round(one, 2) for one in expected], name


def test_the_sums_are_sums() -> None:
    lines = ("Compute", "Executions", "Relay", "Telemetry", "Evidence, a year")
    for column in (2, 3):
        total = sum(amount(row(name)[column]) for name in lines)
        assert float(row("**Together**")[column]) == round(total, 2)


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("Alert rules", 5 * 1.50),
        ("Always ready, if `ALWAYS_READY_INSTANCES=1`", 2 * 2 * 2_628_000 * 0.000004),
        ("Private network, if chosen", 5 * 730 * 0.01 + 5 * 0.50),
    ],
)
def test_what_a_month_costs(name: str, cost: float) -> None:
    assert float(row(name)[2]) == round(cost, 2)


def test_as_much_is_counted_as_is_made() -> None:
    portal = (ROOT / "infra/modules/portal.bicep").read_text("utf-8")
    endpoints = (ROOT / "infra/modules/private-endpoints.bicep").read_text("utf-8")
    assert portal.count("loadTextContent('../alerts/") == 5
    assert endpoints.count("'private-endpoint.bicep'") == 5 + 1, "the scheduler's is not counted"
