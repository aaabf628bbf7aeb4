"""The pure parts of the bench: percentiles, what a ledger says about a case, the JSON's shape."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from lab.bench.accounts import Town, make_town
from lab.bench.calls import longest_chain, read_calls
from lab.bench.measure import Timed, measure_growth, summarise
from lab.bench.numbers import median, percentile
from lab.bench.results import (
    BenchResult,
    BlobOperations,
    CaseCost,
    ColdStart,
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
from lab.errors import LabError
from lab.scenarios.loader import load_common

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STATE = "accountEnabled,signInSessionsValidFromDateTime"


def line(
    seq: int,
    seconds: float,
    call: str,
    *,
    effect: bool = False,
    select: str = "id,displayName,signInSessionsValidFromDateTime",
) -> dict[str, Any]:
    vendor, operation = call.split()
    at = START + timedelta(seconds=seconds)
    return {
        "seq": seq,
        "at": at.isoformat(),
        "vendor": vendor,
        "operation": operation,
        "effect": effect,
        "query": {"$select": select},
    }


LINES = [
    line(1, 0.3, "entra users.get"),
    line(2, 0.3, "virustotal ip_addresses.get"),
    line(3, 0.4, "log_analytics query"),
    line(4, 0.6, "entra transitiveMemberOf"),
    line(5, 0.6, "entra riskyUsers.get"),
    line(6, 0.7, "log_analytics query"),
    line(7, 1.0, "entra users.get", select=STATE),
    line(8, 1.2, "servicenow incident.post", effect=True),
    line(9, 1.3, "entra users.get", select=STATE),
    line(10, 1.5, "entra users.patch", effect=True),
    # Evidence is preserved meanwhile: not on the way to containment.
    line(11, 1.6, "entra users.get"),
    line(12, 1.8, "entra users.get", select=STATE),
    line(13, 2.4, "slack chat.postMessage", effect=True),
]


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


def test_calls_at_the_same_time_are_one_link_of_a_chain() -> None:
    ends = [START + timedelta(seconds=seconds) for seconds in (0.2, 0.25, 0.39, 0.62, 0.41)]
    assert longest_chain(ends, 0.2) == 3
    assert longest_chain([], 0.2) == 0


def test_the_calls_of_a_case_end_with_the_verified_containment() -> None:
    calls = read_calls(LINES, 0.2)
    assert calls.verified_at == START + timedelta(seconds=1.8)
    assert calls.count == 12
    # Two directory reads one after the other, then state, claim, password, read-back.
    assert (calls.chain, calls.containing) == (2 + 4, 4)


RULES = [
    line(14, 2.0, "entra messageRules.list"),
    # Beside it, so not one more in the chain.
    line(15, 2.02, "entra mailFolders.get"),
    line(16, 2.3, "entra messageRules.patch", effect=True),
    line(17, 2.6, "entra messageRules.list"),
]


def test_a_mailbox_counts_until_it_was_read_back() -> None:
    calls = read_calls([*LINES, *RULES], 0.2)
    assert calls.verified_at == START + timedelta(seconds=2.6)
    assert calls.containing == 4 + 3
    assert calls.acted_at == START + timedelta(seconds=1.5)
    with pytest.raises(LabError, match="not read back"):
        read_calls([*LINES, *RULES[:-1]], 0.2)


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
        read_calls(lines, 0.2)


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
    sign_ins={"10": SignInRows(read=10, cpu_s=0.01)},
    backtest_rows=10,
    backtest_rows_per_s=1.0,
    evidence_rows=10,
    evidence_rows_per_s=1.0,
    evidence_peak_memory_mb=1.0,
)


def bench_result() -> BenchResult:
    timed = [
        Timed("case", {}, read_calls(LINES, 0.2), seconds, 4.0, 1.0, seconds / 2)
        for seconds in (2.0, 3.0)
    ]
    latency = summarise(timed, chain=6, containing=4)
    return BenchResult(
        quick=True,
        measured_at="2026-11-20T12:00:00.000Z",
        cpus=2,
        python="3.13.0",
        workers=2,
        vendor_latency_s=0.2,
        latency={"1": latency, "20": latency},
        slow_source=latency,
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
        cold_start=ColdStart(app_s=1.0, empty_app_s=0.5, first_case_s=4.0),
        imports={"app": Imports(total_ms=2.0, modules=2, packages_ms={"shared": 1.0})},
        rows=ROWS,
        scoring=Scoring(p50_ms=0.1, p95_ms=0.2, runs=10),
        load_before=0.0,
        seconds=60.0,
    )


def test_the_json_has_the_promised_fields() -> None:
    document = bench_result().model_dump(mode="json")
    one = document["latency"]["1"]
    assert (one["p50_s"], one["floor_p50_s"], one["sequential_p50_s"]) == (2.5, 1.2, 2.4)
    assert one["p95_s"] == 2.95
    assert (one["after_verdict_p50_s"], one["after_verdict_floor_s"]) == (1.25, 0.8)
    assert document["growth"]["100"]["cpu_s"] == 30.0
    assert set(document["history"]) >= {"events", "bytes", "replays"}
    assert document["throughput_per_s"] == 1.5
    assert set(document["cold_start"]) >= {"app_s", "empty_app_s"}
    assert set(document["scoring"]) >= {"p50_ms", "p95_ms"}


def test_the_table_shows_every_measurement(tmp_path: Path) -> None:
    text = io.StringIO()
    show(Console(file=text, width=200), bench_result(), tmp_path / "bench.json")
    for words in (
        "100 cases",
        "the lab beside them: host 20 ms, simulators 30 ms, storage 40 ms per case",
        "workers' peak 512 MB",
        "imports of app  2 ms, 2 modules: shared 1",
        "10 sign-ins",
        "backtest",
        "evidence",
        "the first case of new workers 4.00 s",
    ):
        assert words in text.getvalue()


class _Stalling:
    """A driver whose cases stop going on after so many batches."""

    def __init__(self, batches: int) -> None:
        self._left = batches

    async def stage(self, town: Town, *, latency: float) -> None:
        assert latency == 0

    async def answer(self, accounts: Sequence[Any], *, at_once: int, tick: Any) -> list[Any]:
        if not self._left:
            raise LabError("case-1 is still 'gathering' after 180 s: no worker does anything")
        self._left -= 1
        return list(accounts)

    def cpu_seconds(self) -> CpuParts:
        return CpuParts(workers=0.0, host=0.0, simulators=0.0, storage=0.0)

    def peak_memory_mb(self) -> float:
        return 1.0


async def test_what_was_measured_before_a_stall_is_kept() -> None:
    common = load_common()
    driver = cast(Any, _Stalling(batches=1))
    growth, throughput, stalled = await measure_growth(driver, common, (2, 4), lambda: None)
    assert list(growth) == ["2"] and throughput > 0
    assert growth["2"].peak_memory_mb == 1.0 and growth["2"].lab_per_case is not None
    assert stalled is not None and stalled.startswith("after 2 cases: case-1 is still")
    driver = cast(Any, _Stalling(batches=0))
    with pytest.raises(LabError, match="still"):
        await measure_growth(driver, common, (2, 4), lambda: None)


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
