"""What a case's calls take without the app, and a case's times beside that."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lab.bench.accounts import make_town
from lab.bench.calls import Latencies
from lab.bench.driver import Driver, Tick
from lab.bench.measure import Timed
from lab.bench.numbers import median, percentile
from lab.bench.plain_calls import PlainCalls, Taken, needs_as, steps_of
from lab.bench.results import Latency, Times
from lab.scenarios.models import Common


@dataclass(frozen=True)
class Floor:
    """What the calls of one case take without the app, in seconds (``plain_calls``)."""

    all_s: float
    after_verdict_s: float
    as_sent_s: float
    after_verdict_as_sent_s: float
    one_by_one_s: float
    chain: int
    chain_as_sent: int


def shortest(timed: Sequence[Timed]) -> Timed:
    """Return the case with the fewest steps.

    Calls that merely happened one after the other can look dependent, never the other way round.
    """
    return min(timed, key=lambda one: one.calls.steps.length)


async def measure_floor(
    driver: Driver,
    plain: PlainCalls,
    common: Common,
    model: Timed,
    *,
    at_once: int,
    runs: int,
    latencies: Latencies,
    tick: Tick,
) -> Floor:
    """Send the calls of a case again, as those of ``at_once`` other accounts at the same time.

    Raises:
        LabError: a vendor answers differently from the first time, or a change was made of which
            no need is declared.
    """
    town = make_town(common, 0, at_once, blockable=True)
    await driver.stage(town, latencies=latencies)
    cases = [steps_of(model.calls.steps, model.account, account) for account in town.accounts]
    needs = [needs_as(model.calls, model.account, account) for account in town.accounts]
    needed: list[Taken] = []
    sent: list[Taken] = []
    # The first run opens the connections, which the app has.
    for number in range(runs + 1):
        one = await asyncio.gather(*map(plain.as_needed, needs))
        other = await asyncio.gather(*map(plain.as_sent, cases))
        if number:
            needed += one
            sent += other
        tick()
    one_by_one = await asyncio.gather(*map(plain.one_by_one, cases))
    tick()
    return Floor(
        all_s=median([one.all for one in needed]),
        after_verdict_s=median([one.after_verdict for one in needed]),
        as_sent_s=median([one.all for one in sent]),
        after_verdict_as_sent_s=median([one.after_verdict for one in sent]),
        one_by_one_s=median(one_by_one),
        chain=needs[0].length,
        chain_as_sent=model.calls.steps.length,
    )


def summarise(timed: Sequence[Timed]) -> Times:
    """Return the percentiles of cases."""
    contained = [one.contained_s for one in timed]
    handed_over = [one.handed_over_s for one in timed]
    return Times(
        cases=len(timed),
        p50_s=round(median(contained), 3),
        p95_s=round(percentile(contained, 0.95), 3),
        hand_over_p50_s=round(median(handed_over), 3),
        hand_over_p95_s=round(percentile(handed_over, 0.95), 3),
        acted_p50_s=round(median([one.acted_s for one in timed]), 3),
        after_verdict_p50_s=round(median([one.after_verdict_s for one in timed]), 3),
        calls_p50=median([one.calls.count for one in timed]),
    )


def compare(timed: Sequence[Timed], floor: Floor) -> Latency:
    """Return the percentiles of cases, beside what the same calls take without the app."""
    p50 = median([one.contained_s for one in timed])
    return Latency(
        **summarise(timed).model_dump(),
        floor_p50_s=round(floor.all_s, 3),
        ratio=round(p50 / floor.all_s, 2),
        floor_as_sent_p50_s=round(floor.as_sent_s, 3),
        ratio_as_sent=round(p50 / floor.as_sent_s, 2),
        sequential_p50_s=round(floor.one_by_one_s, 3),
        ratio_sequential=round(p50 / floor.one_by_one_s, 2),
        after_verdict_floor_s=round(floor.after_verdict_s, 3),
        after_verdict_floor_as_sent_s=round(floor.after_verdict_as_sent_s, 3),
        chain=floor.chain,
        chain_as_sent=floor.chain_as_sent,
    )
