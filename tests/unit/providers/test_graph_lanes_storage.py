"""Lanes whose storage is slow, away or wrong, and clocks that differ."""

import asyncio
import logging
from collections.abc import Sequence
from itertools import pairwise

import pytest

from lab.scale.simulated_time import now, sleep_until
from lab.scale.stations import Turns
from shared.providers.entra.lanes import (
    ALONE_SECONDS,
    MOST_LOST,
    PATIENCE_SECONDS,
    Lane,
)
from tests.support.graph_lanes import (
    BLOB_SECONDS,
    MARGIN,
    Storage,
    lane,
    simulated,
    take,
)


def test_without_storage_each_goes_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        storage = Storage()
        first, second = lane(shared=storage), lane(shared=storage)
        storage.away = True
        assert await take(first) == pytest.approx(1.0)
        # Storage that did not answer is left alone, and the own turns are kept all the same.
        assert await take(first) == pytest.approx(2.0 + MARGIN)
        assert storage.asked == 1
        assert await take(second, urgent=True) < 3.1
        storage.away = False
        await asyncio.sleep(ALONE_SECONDS)
        one = await take(first)
        assert await take(second) >= one + 1

    with caplog.at_level(logging.WARNING, logger="tourniquet.providers"):
        simulated(work)
    assert "this instance's own" in caplog.text


def test_a_turn_that_cannot_be_written_down_is_taken_alone() -> None:
    async def work() -> None:
        storage = Storage()
        one = lane(shared=storage)
        await take(one)
        storage.cannot_write = True
        assert await take(one) >= 1
        assert await one.turn(urgent=False, patience=0.5) > 0.5

    simulated(work)


def test_who_is_told_that_others_were_faster_all_the_time_goes_alone() -> None:
    class Locked(Storage):
        """A lease on the blob refuses every write as a lost one."""

        async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
            return False

    async def work() -> None:
        storage = Locked()
        one = lane(shared=storage)
        assert await take(one, urgent=True) < 1
        assert storage.asked == MOST_LOST
        assert await one.turn(urgent=False, patience=0.5) > 0.5

    simulated(work)


@pytest.mark.parametrize(("count", "calls", "seconds"), [(1, 5, 10.0), (4, 5, 10.0), (4, 1, 1.0)])
@pytest.mark.parametrize("blob_seconds", [0.4, 0.9])
def test_nobody_waits_long_for_slow_storage(
    count: int, calls: int, seconds: float, blob_seconds: float
) -> None:
    """Whoever was last in the queue gives up when its time is over, and begins nothing more."""

    async def work() -> None:
        shared = Turns(blob_seconds)
        lanes = [lane(calls, seconds, shared) for _ in range(count)]

        async def wait(number: int) -> float:
            began = now()
            await lanes[number % count].turn(urgent=False, patience=PATIENCE_SECONDS)
            return now() - began

        waits = await asyncio.gather(*(wait(number) for number in range(5 * count)))
        # One look may begin in the last moment, and be written down.
        assert max(waits) <= PATIENCE_SECONDS + 2 * blob_seconds + MARGIN

    simulated(work)


def test_turns_that_were_taken_alone_still_count_when_storage_is_back() -> None:
    async def work() -> None:
        storage = Storage()
        one, sent = lane(shared=storage), []

        async def send() -> None:
            sent.append(await take(one, urgent=True))

        storage.away = True
        await send()
        await sleep_until(ALONE_SECONDS + 0.9)
        booked = [asyncio.create_task(send()) for _ in range(5)]
        storage.away = False
        await sleep_until(ALONE_SECONDS + 1.2)
        await asyncio.gather(*booked, *(send() for _ in range(5)))
        sent.sort()
        assert min(later - first for first, later in pairwise(sent)) >= 1.0

    simulated(work)


@pytest.mark.parametrize("apart", [-0.2, 0.2])
def test_clocks_a_little_apart_forget_no_turn(apart: float) -> None:
    async def work() -> None:
        shared = Turns(BLOB_SECONDS)
        right = lane(shared=shared)
        other = Lane("lane", 1, 1.0, shared=shared, clock=lambda: now() + apart)
        booked = [asyncio.create_task(right.turn(urgent=True, patience=8)) for _ in range(8)]
        await asyncio.sleep(0.2)
        assert await other.turn(urgent=False, patience=3) > 3, "all turns are taken for 8 seconds"
        assert not any(await asyncio.gather(*booked))

    simulated(work)


@pytest.mark.parametrize("shares", [True, False])
def test_an_own_clock_that_was_set_back_closes_nothing(shares: bool) -> None:
    async def work() -> None:
        ahead = 3600.0
        shared = Storage() if shares else None
        one = Lane("lane", 1, 1.0, shared=shared, clock=lambda: now() + ahead)
        assert await one.turn(urgent=False, patience=1) == 0.0
        if shared is not None:
            shared.away = True
            assert await one.turn(urgent=False, patience=5) == 0.0
            shared.away = False
        ahead = 0.0
        began = now()
        assert await one.turn(urgent=False, patience=3) == 0.0
        assert now() - began < 0.1

    simulated(work)


def test_a_clock_that_was_wrong_does_not_close_the_lane() -> None:
    async def work() -> None:
        storage = Storage()
        await storage.write("lane", [3600.0], None)
        assert await take(lane(shared=storage)) < 0.1

    simulated(work)
