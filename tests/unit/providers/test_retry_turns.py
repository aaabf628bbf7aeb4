"""What the vendor limits waits for its turn before each try, and not for one that is too late."""

import asyncio

import pytest

from shared.errors import Throttled
from shared.providers.retry import CallPolicy, OutOfTurn, call_with_retries

POLICY = CallPolicy(attempt_timeout=0.5, budget=30.0, attempts=3)


async def test_each_try_takes_a_turn() -> None:
    seen: list[str] = []

    async def turn() -> None:
        seen.append("turn")

    async def attempt() -> str:
        seen.append("try")
        if len(seen) < 4:
            raise Throttled("slow down", retry_after=0)
        return "done"

    found = await call_with_retries(attempt, POLICY, vendor="v", operation="o", turn=turn)
    assert found == "done"
    assert seen == ["turn", "try", "turn", "try"]


async def test_waiting_for_a_turn_is_no_part_of_a_trys_deadline() -> None:
    async def turn() -> None:
        await asyncio.sleep(2 * POLICY.attempt_timeout)

    async def attempt() -> str:
        return "done"

    assert await call_with_retries(attempt, POLICY, vendor="v", operation="o", turn=turn) == "done"


async def test_what_is_out_of_turn_is_not_sent_and_not_tried_again() -> None:
    asked = 0

    async def turn() -> None:
        nonlocal asked
        asked += 1
        raise OutOfTurn("too many requests of our own", retry_after=0.01)

    async def attempt() -> str:
        raise AssertionError("sent out of turn")

    with pytest.raises(OutOfTurn):
        await call_with_retries(attempt, POLICY, vendor="v", operation="o", turn=turn)
    assert asked == 1
