"""Growth: what each hundred cases took, the steady pace, and what is kept when cases stall."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from lab.bench import growth as growth_module
from lab.bench.accounts import Town
from lab.bench.calls import Latencies
from lab.bench.command import NOBODY_IS_LATE
from lab.bench.growth import AT_ONCE, Grown, measure_growth
from lab.bench.results import CpuParts
from lab.errors import LabError
from lab.scenarios.loader import load_common
from shared.models.policy import Policy

CASE_SECONDS, LATE = 0.5, 3.0
"""The pace of the town, and how much slower its first and last cases are."""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Driver:
    """Cases that end one after the other, each with a second of CPU, more with each hundred."""

    def __init__(self, clock: Clock, *, batches: int) -> None:
        self._clock, self._left = clock, batches
        self._cpu = 0.0
        self.forgot = False

    async def stage(self, town: Town, *, latencies: Latencies) -> None:
        assert latencies == {}

    async def answer(self, accounts: Sequence[Any], *, at_once: int, tick: Any) -> list[Any]:
        if not self._left:
            raise LabError("case-1 is still 'gathering' after 180 s: no worker does anything")
        self._left -= 1
        for number in range(len(accounts)):
            edge = number < at_once or number > len(accounts) - at_once
            self._clock.now += CASE_SECONDS * (LATE if edge else 1)
            self._cpu += 1
            tick()
        self._cpu += len(accounts) * 0.1
        return list(accounts)

    def cpu_seconds(self) -> CpuParts:
        return CpuParts(workers=self._cpu, host=0.0, simulators=self._cpu / 2, storage=0.0)

    def forget_peak_memory(self) -> None:
        self.forgot = True

    def memory_mb(self) -> float:
        return 1.0 + self._cpu / 1000 if self.forgot else 9.0

    def peak_memory_mb(self) -> float:
        return 2.0 if self.forgot else 9.0

    async def histories(self, _case_id: str) -> list[Any]:
        return [{"events": 10, "bytes": 20, "replays": 3}]


async def grow(monkeypatch: pytest.MonkeyPatch, marks: Sequence[int], batches: int) -> Grown:
    clock = Clock()
    monkeypatch.setattr(growth_module, "time", clock)
    driver = Driver(clock, batches=batches)
    return await measure_growth(cast(Any, driver), load_common(), marks, lambda: None)


async def test_each_hundred_is_counted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = await grow(monkeypatch, (10, 100, 200), 3)
    assert [one.cases for one in grown.hundreds] == [10, 100, 200]
    assert [one.per_case.workers for one in grown.hundreds] == [1.1] * 3
    assert list(grown.growth) == ["10", "100", "200"]
    last = grown.growth["200"]
    assert (last.cpu_s, last.cpu_per_case_s) == (220.0, 1.1)
    assert last.lab_per_case is not None and last.lab_per_case.simulators == 0.55
    assert (last.memory_mb, last.peak_memory_mb) == (1.22, 2.0), "the peak of these cases only"
    assert last.memory_kb_per_case == 1.1, "220 kB more after 200 cases"
    assert last.history is not None and last.history.events == 10
    assert grown.stalled is None


async def test_the_pace_is_that_of_a_full_house(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = await grow(monkeypatch, (100,), 1)
    assert grown.throughput_per_s == pytest.approx(1 / CASE_SECONDS)
    assert grown.hundreds[0].cases_per_s < 1 / CASE_SECONDS
    few = await grow(monkeypatch, (AT_ONCE,), 1)
    assert few.throughput_per_s == few.hundreds[0].cases_per_s, "too few for a full house"


async def test_what_was_measured_before_a_stall_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = await grow(monkeypatch, (2, 4), 1)
    assert list(grown.growth) == ["2"] and grown.throughput_per_s > 0
    assert grown.stalled is not None
    assert grown.stalled.startswith("after 2 cases: case-1 is still")
    with pytest.raises(LabError, match="still"):
        await grow(monkeypatch, (2, 4), 0)


def test_no_clock_of_a_bench_case_rings_while_others_are_measured() -> None:
    targets = Policy.model_validate({"sla": NOBODY_IS_LATE}).sla.targets(
        "High", second_line=Policy().asking.escalation
    )
    hours = 3_600
    assert targets.notification_seconds >= 5 * hours
    assert targets.containment_seconds >= 5 * hours
    assert targets.review_seconds >= 5 * hours
    assert targets.remediation_seconds >= 1 * hours
