"""The pure parts of the bench: percentiles, the JSON's shape, the table, a stall."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from lab.bench.accounts import make_town
from lab.bench.calls import read_calls
from lab.bench.cold_start import Started, summarise_starts
from lab.bench.floor import Floor, compare, summarise
from lab.bench.latency import middle
from lab.bench.measure import LATENCIES, Timed
from lab.bench.numbers import median, percentile
from lab.bench.results import (
    BenchResult,
    BlobOperations,
    CaseCost,
    CpuParts,
    GbSeconds,
    Growth,
    History,
    HubStorage,
    Imports,
    Rows,
    Scoring,
    SignInRows,
)
from lab.bench.stall import describe_stall
from lab.bench.table import show
from lab.scenarios.loader import load_common
from tests.unit.lab.bench_lines import ALL, LINES


@pytest.mark.parametrize(
    ("share", "expected"), [(0, 1.0), (0.5, 2.5), (0.95, 3.85), (1, 4.0), (1 / 3, 2.0)]
)
def test_percentiles_are_interpolated(share: float, expected: float) -> None:
    assert percentile([4, 1, 3, 2], share) == pytest.approx(expected)


def test_one_value_is_every_percentile() -> None:
    assert percentile([7.5], 0.95) == median([7.5]) == 7.5


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_a_percentile_of_nothing_is_an_error(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


COST = CaseCost(
    executions={"activity": 3},
    busy_s=1.0,
    gb_seconds={"2048": GbSeconds(together=2.0, apart=6.0)},
    hub_storage=HubStorage(queue=3, table=2, blob=1),
    scheduler_actions=5,
    blob_operations={"cases": BlobOperations(write=1)},
    log_queries=1,
    vendor_calls={"log_analytics": 1},
    measurements=9,
)
ROWS = Rows(
    sign_ins={"10": SignInRows(read=10, cpu_s=0.01, runs=5)},
    backtest_rows=10,
    backtest_rows_per_s=1.0,
    evidence_rows=10,
    evidence_rows_per_s=1.0,
    evidence_peak_memory_mb=1.0,
)


def bench_result() -> BenchResult:
    [account] = make_town(load_common(), 1, 1, blockable=True).accounts
    timed = [
        Timed(account, {}, read_calls(LINES, ALL), seconds, 4.0, 1.0, seconds / 2)
        for seconds in (2.0, 3.0)
    ]
    floor = Floor(
        all_s=1.0,
        after_verdict_s=0.6,
        as_sent_s=1.25,
        after_verdict_as_sent_s=0.8,
        one_by_one_s=2.4,
        chain=5,
        chain_as_sent=6,
    )
    latency = compare(timed, floor)
    return BenchResult(
        quick=True,
        measured_at="2026-11-20T12:00:00.000Z",
        cpus=2,
        python="3.13.0",
        workers=2,
        vendor_latency_s=dict(LATENCIES),
        latency={"1": latency, "20": latency},
        latency_at_0={"1": latency, "20": latency},
        slow_source=summarise(timed),
        growth={
            "100": Growth(
                cpu_s=30.0,
                cpu_per_case_s=0.3,
                lab_per_case=CpuParts(workers=0.3, host=0.02, simulators=0.03, storage=0.04),
                peak_memory_mb=512.0,
            )
        },
        history=History(events=1, bytes=2, replays=3, instances=4),
        cost=COST,
        throughput_per_s=1.5,
        cold_start=summarise_starts([Started(1.0, 4.0)], [Started(0.5, 1.6)]),
        imports={"app": Imports(total_ms=2.0, modules=2, packages_ms={"shared": 1.0})},
        rows=ROWS,
        scoring=Scoring(p50_ms=0.1, p95_ms=0.2, runs=10),
        load_before=0.0,
        seconds=60.0,
    )


def test_the_json_has_the_promised_fields() -> None:
    document = bench_result().model_dump(mode="json")
    one = document["latency"]["1"]
    assert (one["p50_s"], one["floor_p50_s"], one["ratio"]) == (2.5, 1.0, 2.5)
    assert (one["floor_as_sent_p50_s"], one["ratio_as_sent"]) == (1.25, 2.0)
    assert (one["sequential_p50_s"], one["ratio_sequential"]) == (2.4, 1.04)
    assert (one["chain"], one["chain_as_sent"]) == (5, 6)
    assert one["p95_s"] == 2.95
    assert (one["after_verdict_p50_s"], one["after_verdict_floor_s"]) == (1.25, 0.6)
    assert one["after_verdict_floor_as_sent_s"] == 0.8
    assert set(document["latency_at_0"]["20"]) == set(one)
    # Nothing was sent again while a source was slow.
    assert document["slow_source"]["p50_s"] == 2.5
    unmeasured = {name for name in one if "floor" in name or "ratio" in name}
    assert not unmeasured & set(document["slow_source"]) and "chain" not in document["slow_source"]
    assert document["growth"]["100"]["cpu_s"] == 30.0
    assert set(document["history"]) >= {"events", "bytes", "replays"}
    assert document["throughput_per_s"] == 1.5
    assert document["cold_start"] == {
        "app_s": 1.0,
        "empty_app_s": 0.5,
        "ratio": 2.0,
        "app_first_case_s": 4.0,
        "empty_first_case_s": 1.6,
        "first_case_ratio": 2.5,
        "starts": 1,
    }
    assert set(document["scoring"]) >= {"p50_ms", "p95_ms"}


def test_the_table_shows_every_measurement(tmp_path: Path) -> None:
    text = io.StringIO()
    show(Console(file=text, width=200), bench_result(), tmp_path / "bench.json")
    for words in (
        "20, vendors at 0 s",
        "1.00 s  2.50 x         1.25 s  2.00 x      2.40 s  1.04 x",
        "median of 1 when handed over",
        "0.2 s: entra, okta, azure_firewall; 0.1 s: others",
        "100 cases",
        "the lab beside them: host 20 ms, simulators 30 ms, storage 40 ms per case",
        "workers' peak 512 MB",
        "imports of app  2 ms, 2 modules: shared 1",
        "10 sign-ins",
        "backtest",
        "evidence",
        "cold start      1.00 s; an empty durable app 0.50 s, 2.00 times",
        "to first case   4.00 s; an empty durable app 1.60 s, 2.50 times",
    ):
        assert words in text.getvalue()


def test_a_history_is_the_middle_of_all_that_were_counted() -> None:
    few, usual, many = (
        History(events=events, bytes=events * 10, replays=events + 1, instances=7)
        for events in (200, 240, 900)
    )
    found = middle([many, few, usual])
    assert found == usual.model_copy(update={"cases": 3})


async def test_a_stall_is_described_by_what_does_not_answer() -> None:
    nothing = "http://127.0.0.1:1"
    lab = SimpleNamespace(
        host=SimpleNamespace(url=nothing, master_key="k"),
        ports=SimpleNamespace(blob=1),
        urls={"lab": nothing},
    )
    said = await describe_stall(cast(Any, lab))
    assert "the host did not say what its workers do" in said
    assert "Blob storage did not answer" in said and "the simulators did not answer" in said
