"""docs/scale.md says what the simulation says, and its limits follow from what a case uses."""

import re

import pytest

from lab.scale.command import HEADINGS, SEED, SITUATIONS, case_load, cells, simulate
from lab.scale.hour import SLACK_SECONDS, TURN_SECONDS
from lab.scale.stations import Queries
from shared.providers.azure_firewall.ip_group import MOST_ADDRESSES
from shared.providers.conditional_access.location import MOST_RANGES
from shared.settings import Settings
from tests.unit.lab.cost_file import measured
from tests.unit.source_files import ROOT

TEXT = (ROOT / "docs" / "scale.md").read_text("utf-8")
BENCH = (ROOT / "docs" / "bench.md").read_text("utf-8")
WORDS = " ".join(TEXT.split())
COST = measured()
LOAD = case_load(ROOT)
HOUR = 3600
QUERIES = LOAD.queries_to_decide + LOAD.queries_after
BLOBS = sum(sum(one.model_dump().values()) for one in COST.blob_operations.values())


def test_the_table_is_the_simulations() -> None:
    rows = [cells(row) for row in simulate(SEED).rows]
    for line in zip(HEADINGS, *rows, strict=True):
        assert f"| {' | '.join(line)} |" in TEXT, "what `python -m lab scale` says has changed"


def test_what_a_case_asks_for_is_what_was_counted() -> None:
    assert COST.log_queries == QUERIES
    said = (
        f"{QUERIES} log queries, {LOAD.queries_to_decide} of them hunts before the verdict;"
        f" {LOAD.turns} turns of orchestrators and entities; {COST.scheduler_actions} scheduler"
        f" actions; {LOAD.messages} Slack messages; {LOAD.cpu_seconds:g} s of CPU"
    )
    assert said in WORDS


def measured_by_the_bench(row: str, pattern: str) -> float:
    """Return a number of docs/bench.md's table of measured values."""
    lines = [line for line in BENCH.splitlines() if line.startswith(f"| {row} |")]
    found = re.search(pattern, lines[0]) if len(lines) == 1 else None
    assert found, f"docs/bench.md, 'Measured': no row '{row}' with '{pattern}': mend this test"
    return float(found[1])


def test_a_cases_cpu_is_the_benchs() -> None:
    cpu = measured_by_the_bench("CPU of 100 cases, worker processes", r"([\d.]+) s a case")
    assert f"{LOAD.cpu_seconds:g}" == f"{cpu:g}", (
        f"the bench measured {cpu:g} s a case (docs/bench.md): set CaseLoad.cpu_seconds in"
        " lab/scale/models.py to it, run `python -m lab scale`, and put its table, that number and"
        " the CPU row's cases an hour into docs/scale.md"
    )


def test_containing_takes_as_long_as_the_benchs_floor() -> None:
    floor = measured_by_the_bench("The same, from the (early) verdict on", r"floor ([\d.]+) s")
    calls = round(floor / LOAD.vendor_seconds)
    assert LOAD.calls_to_contain == calls, (
        f"the floor after the verdict is {floor:g} s (docs/bench.md), {calls} calls of"
        f" {LOAD.vendor_seconds:g} s: set CaseLoad.calls_to_contain in lab/scale/models.py to it,"
        " run `python -m lab scale`, and put its table into docs/scale.md"
    )


@pytest.mark.parametrize(
    ("limit", "cases"),
    [
        ("Log Analytics", HOUR * Queries.AT_ONCE / LOAD.query_seconds / QUERIES),
        ("Slack, one channel", HOUR / SLACK_SECONDS / LOAD.messages),
        ("Identity Protection", HOUR / 4),
        ("Graph's reports", HOUR * 5 / 10),
        ("CPU, one instance", HOUR / LOAD.cpu_seconds),
        ("Task hub, Azure Storage", HOUR * 4 / TURN_SECONDS / LOAD.turns),
        ("Task hub, Durable Task Scheduler", HOUR * 500 / COST.scheduler_actions),
        ("Blob storage", HOUR * 20_000 / BLOBS),
        ("Azure Firewall's IP group", MOST_ADDRESSES / Settings().block_hours),
        ("Conditional Access", MOST_RANGES / Settings().block_hours),
    ],
)
def test_cases_an_hour_follow_from_the_limit(limit: str, cases: float) -> None:
    [line] = [one for one in TEXT.splitlines() if one.startswith(f"| {limit}")]
    assert line.split("|")[3].split()[0] == f"{int(cases):,}"


def test_the_tightest_of_log_analytics_two_limits_is_given() -> None:
    rate = Queries.RATE / Queries.RATE_SECONDS
    assert Queries.AT_ONCE / LOAD.query_seconds < rate


def test_assumptions_are_those_of_the_simulation() -> None:
    small, storm, _, large = (one.cases for one in SITUATIONS[:4])
    assert (small, storm, large) == (2, 20, 2000)
    assert "20 in a storm's hour" in TEXT
    assert "2,000 in a storm's hour" in TEXT
    defaults = Settings()
    for one in SITUATIONS[:4]:
        assert one.risks_per_10_seconds == defaults.identity_protection_per_10_seconds
        assert one.reports_per_10_seconds == defaults.graph_reports_per_10_seconds
