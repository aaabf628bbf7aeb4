"""Graph's tight limits: never asked more often, containment first, nobody waits long."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.scale.simulated_time import now, sleep_until
from shared.errors import OutOfTurn
from shared.providers.entra.lanes import (
    PATIENCE_SECONDS,
    URGENT_PATIENCE_SECONDS,
    Lane,
    Lanes,
)
from shared.settings import Settings
from tests.support.graph_lanes import (
    BLOB_SECONDS,
    MARGIN,
    instances,
    lane,
    simulated,
    take,
)


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
