"""Graph's tight limits: never asked more often, containment first, nobody waits long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.scale.simulated_time import now, run_simulated, sleep_until
from lab.scale.stations import Turns
from shared.errors import OutOfTurn, RetryableError
from shared.providers.entra.lanes import (
    ALONE_SECONDS,
    MOST_LOST,
    PATIENCE_SECONDS,
    URGENT_PATIENCE_SECONDS,
    Lane,
    Lanes,
    SharedTurns,
)
from shared.settings import Settings

MARGIN = 0.05
BLOB_SECONDS = 0.01
LONG = 60.0


def lane(calls: int = 1, seconds: float = 1.0, shared: SharedTurns | None = None) -> Lane:
    return Lane("lane", calls, seconds, shared=shared, clock=now)


def instances(count: int, calls: int = 1, seconds: float = 1.0) -> list[Lane]:
    """The lanes of so many instances that share their turns."""
    shared = Turns(BLOB_SECONDS)
    return [lane(calls, seconds, shared) for _ in range(count)]


async def take(one: Lane, *, urgent: bool = False, patience: float = LONG) -> float:
    """Take a turn; return when it was."""
    assert await one.turn(urgent=urgent, patience=patience) == 0.0
    return now()


def simulated[T](work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work()

    return run_simulated(run())


class Storage(Turns):
    """Shared turns whose storage can be away."""

    def __init__(self) -> None:
        super().__init__(BLOB_SECONDS)
        self.away = self.cannot_write = False
        self.asked = 0

    async def read(self, lane: str) -> tuple[list[float], str | None]:
        self.asked += 1
        if self.away:
            await asyncio.sleep(1.0)
            raise RetryableError("no answer within 1.0 s")
        return await super().read(lane)

    async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
        if self.cannot_write:
            raise RetryableError("HTTP 503")
        return await super().write(lane, turns, version)


@pytest.mark.parametrize("count", [1, 2])
def test_at_once_while_there_is_room(count: int) -> None:
    async def work() -> None:
        lanes = instances(count, 5, 10)
        turns = await asyncio.gather(*(take(lanes[i % count]) for i in range(5)))
        assert max(turns) - min(turns) < 0.3

    simulated(work)


@pytest.mark.parametrize(("calls", "seconds"), [(1, 1.0), (5, 10.0)])
@pytest.mark.parametrize("count", [1, 4])
def test_never_more_often_by_all_instances_together(count: int, calls: int, seconds: float) -> None:
    async def work() -> None:
        lanes = instances(count, calls, seconds)
        asking = [take(lanes[i % count]) for i in range(calls * 5)]
        turns = sorted(await asyncio.gather(*asking))
        spans = [later - first for first, later in zip(turns, turns[calls:], strict=False)]
        assert min(spans) >= seconds
        assert max(spans) < seconds + 0.5, "nobody waits without need"

    simulated(work)


@given(
    asked=st.lists(
        st.tuples(st.floats(0, 20), st.integers(0, 3), st.booleans()), min_size=1, max_size=30
    ),
    limit=st.sampled_from([(1, 1.0), (2, 3.0), (5, 10.0)]),
)
def test_whoever_asks_whenever_the_limit_holds_and_patience_too(
    asked: list[tuple[float, int, bool]], limit: tuple[int, float]
) -> None:
    calls, seconds = limit

    async def one(lanes: list[Lane], at: float, instance: int, urgent: bool) -> float | None:
        await sleep_until(at)
        patience = URGENT_PATIENCE_SECONDS if urgent else PATIENCE_SECONDS
        late = await lanes[instance].turn(urgent=urgent, patience=patience)
        # Storage is asked once more after the last second of patience.
        assert now() - at <= patience + 3 * BLOB_SECONDS * len(asked)
        return None if late else now()

    async def work() -> None:
        lanes = instances(4, calls, seconds)
        found = await asyncio.gather(*(one(lanes, *each) for each in asked))
        turns = sorted(turn for turn in found if turn is not None)
        assert turns, "the first is never refused"
        for first, later in zip(turns, turns[calls:], strict=False):
            assert later - first >= seconds

    simulated(work)


@pytest.mark.parametrize("count", [1, 3])
def test_who_contains_goes_first(count: int) -> None:
    async def work() -> None:
        lanes = instances(count)
        await take(lanes[0])
        asking = [asyncio.create_task(take(lanes[i % count])) for i in range(3)]
        await asyncio.sleep(0.1)
        # Not even the same instance's.
        containing = await take(lanes[-1], urgent=True)
        assert containing < min(await asyncio.gather(*asking))

    simulated(work)


@pytest.mark.parametrize("urgent", [False, True])
def test_a_turn_that_would_come_too_late_is_refused_at_once(urgent: bool) -> None:
    async def work() -> None:
        one = lane(1, 10)
        await take(one)
        began = now()
        assert await one.turn(urgent=urgent, patience=3) == pytest.approx(10 + MARGIN)
        assert now() == began
        await asyncio.sleep(10 + MARGIN)
        assert await one.turn(urgent=urgent, patience=0) == 0.0

    simulated(work)


def test_a_long_queue_refuses_at_once() -> None:
    async def work() -> None:
        one = lane()
        await take(one)
        queued = [asyncio.create_task(one.turn(urgent=False, patience=3)) for _ in range(9)]
        await asyncio.sleep(0.01)
        began = now()
        assert await one.turn(urgent=False, patience=3) > 3
        assert now() == began
        assert [late == 0.0 for late in await asyncio.gather(*queued)] == [True] * 2 + [False] * 7

    simulated(work)


def test_who_gives_up_holds_nobody_up() -> None:
    async def work() -> None:
        one = lane()
        await take(one)
        gone = asyncio.create_task(take(one))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert await take(one) <= 1 + MARGIN + 0.01

    simulated(work)


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


async def test_what_has_no_lane_never_waits() -> None:
    own = Lanes(Settings(identity_protection_per_10_seconds=10, graph_reports_per_10_seconds=0))
    for _ in range(50):
        await own.wait_for_turn("users.patch")
        await own.wait_for_turn("userRegistrationDetails.get")


def test_identity_protection_is_asked_once_a_second_by_all_of_them() -> None:
    async def work() -> None:
        own = Lanes(Settings(identity_protection_per_10_seconds=10), None, now)
        await own.wait_for_turn("riskyUsers.get")
        asking = [own.wait_for_turn("riskyUsers.get") for _ in range(6)]
        found = await asyncio.gather(*asking, return_exceptions=True)
        refused = [one for one in found if isinstance(one, OutOfTurn)]
        assert len(refused) == 4
        await own.wait_for_turn("riskyUsers.get", urgent=True)
        assert (refused[0].vendor, refused[0].operation) == ("entra", "riskyUsers.get")
        assert refused[0].retry_after
        assert refused[0].retry_after > PATIENCE_SECONDS

    simulated(work)
