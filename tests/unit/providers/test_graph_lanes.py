"""Graph's tight limits: never asked more often, containment first, nobody waits long."""

import asyncio
import itertools
import time
from collections.abc import Iterator

import pytest

from shared.errors import Throttled
from shared.providers.entra.lanes import Lane, Lanes
from shared.settings import Settings


class Clock:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """Time passes at once: sleepers wake in the order of their times."""
    found = Clock()
    yield_once = asyncio.sleep

    async def sleep(seconds: float) -> None:
        until = found.now + seconds
        sleepers.append(until)
        while found.now < until:
            await yield_once(0)
            if min(sleepers) == until and idle():
                found.now = until
        sleepers.remove(until)

    sleepers: list[float] = []
    turns = itertools.count()

    def idle() -> bool:
        # Everybody else has had a look since: nobody moves at this time any more.
        return next(turns) % 20 == 19

    monkeypatch.setattr(time, "monotonic", found.monotonic)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    yield found


async def take(lane: Lane, clock: Clock, *, urgent: bool = False, patience: float = 60) -> float:
    """Take a turn; return when it was."""
    await lane.turn(urgent=urgent, patience=patience)
    return clock.now


async def test_at_once_while_there_is_room(clock: Clock) -> None:
    lane = Lane(5, 10)
    turns = await asyncio.gather(*(take(lane, clock) for _ in range(5)))
    assert max(turns) - min(turns) < 0.2


@pytest.mark.parametrize(("calls", "seconds"), [(1, 1.0), (5, 10.0)])
async def test_never_more_often(clock: Clock, calls: int, seconds: float) -> None:
    lane = Lane(calls, seconds)
    turns = sorted(await asyncio.gather(*(take(lane, clock) for _ in range(calls * 4))))
    spans = [later - first for first, later in zip(turns, turns[calls:], strict=False)]
    assert min(spans) >= seconds - 1e-6
    assert max(spans) < seconds + 1


async def test_who_contains_goes_first(clock: Clock) -> None:
    lane = Lane(1, 1)
    await lane.turn(urgent=False, patience=1)
    asking = [asyncio.create_task(take(lane, clock)) for _ in range(3)]
    await asyncio.sleep(0.01)
    containing = await take(lane, clock, urgent=True)
    asked = await asyncio.gather(*asking)
    assert containing < min(asked)


async def test_a_turn_that_would_come_too_late_is_refused_at_once(clock: Clock) -> None:
    lane = Lane(1, 10)
    await lane.turn(urgent=False, patience=0)
    began = clock.now
    with pytest.raises(Throttled) as caught:
        await lane.turn(urgent=False, patience=3)
    assert clock.now == began
    assert caught.value.retry_after == pytest.approx(10)
    clock.now += 10
    await lane.turn(urgent=False, patience=0)


async def test_who_gives_up_holds_nobody_up(clock: Clock) -> None:
    lane = Lane(1, 1)
    await lane.turn(urgent=False, patience=0)
    gone = asyncio.create_task(take(lane, clock))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    began = clock.now
    assert await take(lane, clock) - began <= 1.01


async def test_what_has_no_lane_never_waits() -> None:
    own = Lanes(Settings(identity_protection_per_10_seconds=10, graph_reports_per_10_seconds=0))
    for _ in range(50):
        await own.wait_for_turn("users.patch")
        await own.wait_for_turn("userRegistrationDetails.get")


async def test_identity_protection_is_asked_once_a_second_by_all_of_them() -> None:
    own = Lanes(Settings(identity_protection_per_10_seconds=10))
    await own.wait_for_turn("riskyUsers.get")
    asking = [own.wait_for_turn("riskyUsers.get") for _ in range(6)]
    refused = [
        one
        for one in await asyncio.gather(*asking, return_exceptions=True)
        if isinstance(one, Throttled)
    ]
    assert 3 <= len(refused) <= 5
    assert (refused[0].vendor, refused[0].operation) == ("entra", "riskyUsers.get")
