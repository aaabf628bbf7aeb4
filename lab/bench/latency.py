"""How long a case takes beside the floor and one call after the other, alone and 20 at once."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from lab.bench.calls import Latencies
from lab.bench.driver import Driver, Tick
from lab.bench.extent import FIRST_TIMED, Extent
from lab.bench.floor import Floor, compare, measure_floor, shortest, summarise
from lab.bench.measure import (
    LATENCIES,
    SLOW_SOURCE,
    SLOW_SOURCE_SECONDS,
    Timed,
    measure_history,
    time_cases,
)
from lab.bench.numbers import median
from lab.bench.plain_calls import PlainCalls
from lab.bench.results import History
from lab.stack import Lab

type Stage = Callable[[str, int], AbstractContextManager[Tick]]
"""Shows how far one measurement is, by its name and its number of steps."""

AT_ONCE = 20
_AT_0: Latencies = {}


@dataclass(frozen=True)
class Measured:
    """Fields of ``BenchResult``, and a case for further ones."""

    results: dict[str, Any]
    example: Timed


@dataclass
class _Timing:
    lab: Lab
    driver: Driver
    extent: Extent
    stage: Stage
    first: int = FIRST_TIMED
    singles: list[Timed] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)

    async def single_cases(self) -> list[Timed]:
        """Time one case after the other; count each one's history when it is handed over.

        Counted later, its clocks have gone on, and each turn of theirs adds to it.
        """
        with self.stage("One case at a time", self.extent.single_cases) as tick:
            for _ in range(self.extent.single_cases):
                self.singles += await self._round(1, LATENCIES, tick)
                case_id = self.singles[-1].account.case_id
                self.histories.append(await measure_history(self.driver, case_id))
        return self.singles

    async def cases(
        self, name: str, rounds: int, at_once: int, latencies: Latencies
    ) -> list[Timed]:
        """Time so many rounds, of accounts that were not attacked before."""
        timed = []
        with self.stage(name, rounds * at_once) as tick:
            for _ in range(rounds):
                timed += await self._round(at_once, latencies, tick)
        return timed

    async def _round(self, at_once: int, latencies: Latencies, tick: Tick) -> list[Timed]:
        first, self.first = self.first, self.first + at_once
        return await time_cases(
            self.driver,
            self.lab.common,
            first=first,
            at_once=at_once,
            tick=tick,
            latencies=latencies,
        )

    async def floor(
        self, name: str, plain: PlainCalls, at_once: int, latencies: Latencies
    ) -> Floor:
        """Send the calls of the shortest single case again."""
        runs = self.extent.floor_runs
        with self.stage(name, runs + 2) as tick:
            return await measure_floor(
                self.driver,
                plain,
                self.lab.common,
                shortest(self.singles),
                at_once=at_once,
                runs=runs,
                latencies=latencies,
                tick=tick,
            )


async def measure_latency(lab: Lab, driver: Driver, extent: Extent, stage: Stage) -> Measured:
    """Time cases with the vendors' latencies and without any, and the same calls by themselves.

    Raises:
        LabError: a case was not contained, verified and handed over, or a vendor answered another
            time otherwise.
    """
    timing = _Timing(lab, driver, extent, stage)
    alone, many = extent.single_cases, extent.rounds_of_20
    slow = {**LATENCIES, SLOW_SOURCE: SLOW_SOURCE_SECONDS}
    one = await timing.single_cases()
    slowly = await timing.cases("One at a time, a source slow", extent.slow_cases, 1, slow)
    twenty = await timing.cases("20 cases at once", many, AT_ONCE, LATENCIES)
    one_at_0 = await timing.cases("One at a time, vendors at 0 s", alone, 1, _AT_0)
    twenty_at_0 = await timing.cases("20 at once, vendors at 0 s", many, AT_ONCE, _AT_0)
    async with PlainCalls(lab) as plain:
        floor = await timing.floor("The floor of one", plain, 1, LATENCIES)
        floor_of_20 = await timing.floor("The floor of 20", plain, AT_ONCE, LATENCIES)
        floor_at_0 = await timing.floor("The floor of one at 0 s", plain, 1, _AT_0)
        floor_of_20_at_0 = await timing.floor("The floor of 20 at 0 s", plain, AT_ONCE, _AT_0)
    results = {
        "latency": {"1": compare(one, floor), "20": compare(twenty, floor_of_20)},
        "latency_at_0": {
            "1": compare(one_at_0, floor_at_0),
            "20": compare(twenty_at_0, floor_of_20_at_0),
        },
        "slow_source": summarise(slowly),
        "history": middle(timing.histories),
    }
    return Measured(results, one[-1])


def middle(histories: Sequence[History]) -> History:
    """Return the medians of several cases' histories."""
    counted = ("events", "bytes", "replays", "instances")
    medians = {name: round(median([getattr(one, name) for one in histories])) for name in counted}
    return History(cases=len(histories), **medians)
