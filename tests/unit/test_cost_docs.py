"""docs/cost.md follows from the committed measurement, its own prices and recorded histories."""

import json
import re

import pytest

from lab.bench.results import BlobOperations
from tests.unit.lab.cost_file import measured
from tests.unit.source_files import ROOT

TEXT = (ROOT / "docs" / "cost.md").read_text("utf-8").replace("\N{MULTIPLICATION SIGN}", "x")
COST = measured()
EXECUTIONS = sum(COST.executions.values())
CALLS = sum(count for name, count in COST.vendor_calls.items() if not name.endswith("_token"))
HUB = COST.hub_storage.queue + COST.hub_storage.table + COST.hub_storage.blob
GB_SECONDS = COST.gb_seconds["2048"]
KEPT = COST.blob_operations["evidence"].write
MONTH = 2_628_000
HISTORIES = (
    "respond-high-contained",
    "contain-account-and-address",
    "keep_service_levels-nobody-looks",
    "block_address-slowly-in-force",
)


def blobs(kind: str) -> int:
    return sum(getattr(one, kind) for one in COST.blob_operations.values())


def row(name: str) -> list[str]:
    [line] = [one for one in TEXT.splitlines() if one.startswith(f"| {name} |")]
    return [cell.strip(" *") for cell in line.strip("|").split("|")]


def price(name: str) -> float:
    [line] = [one for one in TEXT.splitlines() if one.startswith(f"| {name}")]
    return float(line.split("|")[2])


GB_S = price("Flex Consumption, a GB-second")
EXECUTION = price("Flex Consumption, a million") / 1e6
QUEUE = price("Queue,") / 1e4
WRITE, READ = price("Hot blobs, 10,000 written") / 1e4, price("Hot blobs, 10,000 read") / 1e4
CONNECTOR, BUILT_IN = (
    price("Logic App (Consumption), a conn"),
    price("Logic App (Consumption), a b"),
)
LOG_GB = price("Log Analytics with Sentinel")
ROWS = COST.measurements + EXECUTIONS
WRITTEN, READS = blobs("write") + blobs("list"), blobs("read") + blobs("other")


def kinds() -> str:
    ordered = sorted(COST.executions.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {kind}" for kind, count in ordered)


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("Function executions", f"{EXECUTIONS}: {kinds()}"),
        (
            "GB-seconds, 2,048 MB",
            f"{GB_SECONDS.together:g} on one instance, {GB_SECONDS.apart:g} at most",
        ),
        (
            "Task hub, Azure Storage",
            f"{HUB}: {COST.hub_storage.queue} queue, {COST.hub_storage.table} table,"
            f" {COST.hub_storage.blob} blob",
        ),
        ("Task hub, Durable Task Scheduler", f"{COST.scheduler_actions} actions"),
        (
            "Blobs",
            f"{blobs('write')} written, {blobs('read')} read, {blobs('list')} lists,"
            f" {blobs('other')} other, {blobs('delete')} deleted",
        ),
        ("Log queries", str(COST.log_queries)),
        ("Calls of vendors, log queries among them", str(CALLS)),
        ("Measurements", str(COST.measurements)),
    ],
)
def test_what_a_case_uses_is_what_was_counted(name: str, counted: str) -> None:
    cells = [line for line in TEXT.splitlines() if line.startswith(f"| {name} | {counted} |")]
    assert len(cells) == 1, counted


THOUSAND = {
    "Compute": (
        f"x {GB_SECONDS.together:g} (at most {GB_SECONDS.apart:g})",
        GB_SECONDS.together * GB_S,
        GB_SECONDS.apart * GB_S,
    ),
    "Executions": (f"x {EXECUTIONS} x", EXECUTIONS * EXECUTION, EXECUTIONS * EXECUTION),
    "Task hub": (f"x {HUB} x", HUB * QUEUE, HUB * QUEUE),
    "Blobs": (
        f"({WRITTEN} x 0.055 + {READS} x 0.0044)",
        WRITTEN * WRITE + READS * READ,
        WRITTEN * WRITE + READS * READ,
    ),
    "Relay": ("x (", CONNECTOR + 2 * BUILT_IN, CONNECTOR + 2 * BUILT_IN),
    "Telemetry": (f"x {ROWS} kB x", ROWS * LOG_GB / 1e6, ROWS * LOG_GB / 1e6),
    "Evidence, a year": ("x 2 MB x 12 x", 2 * 12 * 0.0208 / 1000, 2 * 12 * 0.0208 / 1000),
}


def thousand_rows() -> dict[str, list[str]]:
    part = TEXT[TEXT.index("## A thousand cases") : TEXT.index("## The same playbook")]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    return {one[0]: one[1:] for one in cells}


def test_a_thousand_cases() -> None:
    rows = thousand_rows()
    assert list(rows) == [*THOUSAND, "Together"]
    for name, (arithmetic, together, apart) in THOUSAND.items():
        assert arithmetic in rows[name][0], name
        assert rows[name][1:] == [f"{1000 * together:.2f}", f"{1000 * apart:.2f}"], name
    for column in (1, 2):
        total = sum(float(rows[name][column]) for name in THOUSAND)
        assert rows["Together"][column] == f"{total:.2f}"


def test_a_logic_app_for_the_same_calls() -> None:
    calls = CALLS + KEPT
    assert f"{CALLS} calls of vendors and {KEPT} items of evidence" in TEXT
    assert f"{calls} in all" in TEXT
    connectors, plain = (
        row("Logic App, calls by connectors"),
        row("Logic App, calls by the HTTP action"),
    )
    assert f"({calls + 1} x 0.000163 + {2 * calls} x 0.000025)" in connectors[1]
    assert connectors[2] == f"{1000 * ((calls + 1) * CONNECTOR + 2 * calls * BUILT_IN):.2f}"
    assert f"(0.000163 + {3 * calls} x 0.000025)" in plain[1]
    assert plain[2] == f"{1000 * (CONNECTOR + 3 * calls * BUILT_IN):.2f}"
    total = thousand_rows()["Together"]
    assert row("Tourniquet")[2] == f"{total[1]} to {total[2]}"


def test_the_scheduler() -> None:
    said = re.search(r"1,000 x (\d+) x 0\.003 = ([\d.]+), or ([\d.]+) if", TEXT)
    assert said is not None
    actions = COST.scheduler_actions
    assert said[1] == str(actions)
    assert said[2] == f"{1000 * actions * price('Durable Task Scheduler'):.2f}"
    assert said[3] == f"{1000 * actions * price('Durable Task Scheduler') / 1e6:.4f}"


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("Alert rules", 5 * price("Log alert")),
        (
            "Always ready, if `ALWAYS_READY_INSTANCES=1`",
            2 * 2 * MONTH * price("Flex Consumption, always ready"),
        ),
        ("Polling the task hub, by each instance that stays", 5 * MONTH / 10 * QUEUE),
        (
            "Private network, if chosen",
            5 * 730 * price("Private endpoint") + 5 * price("Private DNS zone"),
        ),
    ],
)
def test_what_a_month_costs(name: str, cost: float) -> None:
    assert row(name)[2] == f"{cost:.2f}"


def test_as_much_is_counted_as_is_made() -> None:
    portal = (ROOT / "infra/modules/portal.bicep").read_text("utf-8")
    endpoints = (ROOT / "infra/modules/private-endpoints.bicep").read_text("utf-8")
    durable = json.loads((ROOT / "host.json").read_text("utf-8"))["extensions"]["durableTask"]
    assert portal.count("loadTextContent('../alerts/") == 5
    assert endpoints.count("'private-endpoint.bicep'") == 5 + 1, "the scheduler's is not counted"
    assert durable["storageProvider"]["maxQueuePollingInterval"] == "00:00:10"
    assert "partitionCount" not in durable["storageProvider"], (
        "4 by default, and one for activities"
    )


def test_the_measurement_is_of_this_app() -> None:
    """Orchestrators that do much more or less now: measure again (`make bench COST=1`)."""
    recorded = 0
    for name in HISTORIES:
        file = ROOT / "tests" / "replay" / "histories" / f"{name}-v1.0.0.json"
        events = json.loads(file.read_text("utf-8"))["events"]
        recorded += sum("taskScheduled" in event for event in events)
    assert abs(COST.executions["activity"] - recorded) <= 0.25 * recorded
    assert set(COST.blob_operations) == {"cases", "evidence"}
    assert BlobOperations() not in COST.blob_operations.values()
