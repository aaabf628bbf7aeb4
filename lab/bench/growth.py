"""What many cases cost, and how fast they go: by the number of cases before them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.bench.accounts import make_town
from lab.bench.driver import Driver, Tick
from lab.bench.measure import measure_history
from lab.bench.results import CpuParts, Growth, Hundred
from lab.errors import LabError
from lab.scenarios.models import Common

BATCH = 100
"""Accounts of one tenant: cases are counted by the hundred."""
AT_ONCE = 20
"""Cases under way at the same time while cost and throughput are measured."""


@dataclass
class Grown:
    """What came of all of them; ``stalled``: why they did not all end."""

    growth: dict[str, Growth] = field(default_factory=dict)
    hundreds: list[Hundred] = field(default_factory=list)
    throughput_per_s: float = 0.0
    stalled: str | None = None


async def measure_growth(driver: Driver, common: Common, marks: Sequence[int], tick: Tick) -> Grown:
    """Answer as many cases as the last mark says; return what they used, at each mark and between.

    When cases stop going on after the first mark, what was measured counts; why is returned too.

    No latency is added. The firewall takes no part: an IP group takes one update at a time, so
    that it alone would decide. Loading a tenant is not counted.

    Raises:
        LabError: a worker was lost, or a case before the first mark did not end.
    """
    grown = Grown()
    driver.forget_peak_memory()
    batches = _Batches(driver.memory_mb())
    while batches.cases < marks[-1]:
        mark = min(mark for mark in marks if mark > batches.cases)
        size = min(BATCH, mark - batches.cases)
        town = make_town(common, batches.cases, size, blockable=False)
        await driver.stage(town, latencies={})
        ended = _Ends(tick)
        before, began = driver.cpu_seconds(), time.monotonic()
        try:
            await driver.answer(town.accounts, at_once=AT_ONCE, tick=ended)
        except LabError as error:
            if not grown.growth:
                raise
            grown.stalled = f"after {batches.cases} cases: {error}"
            return grown
        seconds = time.monotonic() - began
        used = _difference(driver.cpu_seconds(), before)
        if used.workers < 0:
            raise LabError("a worker was lost while its CPU time was measured")
        batches.add(size, seconds, used, ended)
        memory = driver.memory_mb()
        grown.hundreds.append(batches.newest(memory))
        grown.throughput_per_s = batches.per_second
        if batches.cases == mark:
            history = await measure_history(driver, town.accounts[-1].case_id)
            growth = batches.growth(memory, driver.peak_memory_mb())
            grown.growth[str(mark)] = growth.model_copy(update={"history": history})
    return grown


class _Ends:
    """When cases ended."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self.at: list[float] = []

    def __call__(self) -> None:
        self.at.append(time.monotonic())
        self._tick()

    def steady(self) -> tuple[int, float]:
        """Return how many ended, and in how many seconds, while as many as may be were under way.

        At first all begin at once, and in the end nothing begins any more.
        """
        at = self.at[AT_ONCE - 1 : len(self.at) - AT_ONCE + 1]
        return (len(at) - 1, at[-1] - at[0]) if len(at) > 1 else (0, 0.0)


class _Batches:
    """What was counted until now."""

    def __init__(self, memory_mb: float) -> None:
        self.cases = 0
        self._memory_before_mb = memory_mb
        self._newest = (0, 0.0, CpuParts(workers=0, host=0, simulators=0, storage=0))
        self._used: list[CpuParts] = []
        self._seconds = self._steady_seconds = 0.0
        self._steady_cases = 0

    def add(self, cases: int, seconds: float, used: CpuParts, ended: _Ends) -> None:
        self.cases += cases
        self._newest = (cases, seconds, used)
        self._used.append(used)
        self._seconds += seconds
        steady_cases, steady_seconds = ended.steady()
        self._steady_cases += steady_cases
        self._steady_seconds += steady_seconds

    @property
    def per_second(self) -> float:
        """Cases a second with as many under way as may be; else of all of them."""
        if self._steady_seconds:
            return round(self._steady_cases / self._steady_seconds, 3)
        return round(self.cases / self._seconds, 3)

    def newest(self, memory_mb: float) -> Hundred:
        cases, seconds, used = self._newest
        return Hundred(
            cases=self.cases,
            seconds=round(seconds, 1),
            cases_per_s=round(cases / seconds, 3),
            per_case=_each(used, cases),
            memory_mb=memory_mb,
        )

    def growth(self, memory_mb: float, peak_memory_mb: float) -> Growth:
        sums = {
            name: sum(float(getattr(one, name)) for one in self._used)
            for name in CpuParts.model_fields
        }
        return Growth(
            cpu_s=round(sums["workers"], 2),
            cpu_per_case_s=round(sums["workers"] / self.cases, 4),
            lab_per_case=_each(CpuParts(**sums), self.cases),
            throughput_per_s=self.per_second,
            memory_mb=memory_mb,
            peak_memory_mb=peak_memory_mb,
            memory_kb_per_case=round((memory_mb - self._memory_before_mb) * 1000 / self.cases, 1),
        )


def _each(used: CpuParts, cases: int) -> CpuParts:
    return CpuParts(**{name: round(spent / cases, 4) for name, spent in used.model_dump().items()})


def _difference(after: CpuParts, before: CpuParts) -> CpuParts:
    return CpuParts(
        **{name: getattr(after, name) - getattr(before, name) for name in CpuParts.model_fields}
    )
