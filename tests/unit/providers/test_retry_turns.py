"""What the vendor limits waits for its turn before each try, and not for one that is too late."""

import asyncio

import pytest

from shared.dependency_states import memory
from shared.errors import (
    Conflict,
    NotFound,
    OutOfTurn,
    PermissionDenied,
    RetryableError,
    Throttled,
)
from shared.providers.retry import CallPolicy, NotSent, call_with_retries

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

    memory.forget()
    with pytest.raises(OutOfTurn):
        await call_with_retries(attempt, POLICY, vendor="entra", operation="o", turn=turn)
    assert asked == 1
    assert "entra" not in memory.seen(), "nobody was asked, so nobody is failing"


async def test_a_turn_after_the_deadline_is_not_used() -> None:
    tries = 0

    async def turn() -> None:
        await asyncio.sleep(0.3 if tries else 0)

    async def attempt() -> str:
        nonlocal tries
        tries += 1
        raise Throttled("slow down", retry_after=0)

    policy = CallPolicy(attempt_timeout=5.0, budget=0.2, attempts=3)
    with pytest.raises(Throttled, match="slow down"):
        await call_with_retries(attempt, policy, vendor="v", operation="o", turn=turn)
    assert tries == 1


async def test_a_try_that_slept_through_the_deadline_has_the_error_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = 0

    async def attempt() -> str:
        nonlocal tries
        tries += 1
        raise RetryableError("connection lost")

    async def turn() -> None:
        if tries:
            await asyncio.sleep(0.3)

    policy = CallPolicy(attempt_timeout=5.0, budget=0.2, attempts=3)
    monkeypatch.setattr("shared.providers.retry.FIRST_WAIT_SECONDS", 0.0)
    with pytest.raises(RetryableError, match="connection lost") as found:
        await call_with_retries(attempt, policy, vendor="v", operation="o", turn=turn)
    assert not isinstance(found.value, Throttled), "nobody asked us to slow down"
    assert tries == 1


@pytest.mark.parametrize(
    ("refusal", "lost_is_told"),
    [
        (PermissionDenied("no", status=401), True),
        (NotSent("no connection"), True),
        (Throttled("slow down", retry_after=60), True),
        (NotFound("gone"), False),
        (Conflict("changed"), False),
    ],
)
async def test_a_refusal_says_nothing_of_an_attempt_whose_answer_was_lost(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception, lost_is_told: bool
) -> None:
    """That it is gone, or has changed, says what the lost one may have done; a refusal does not."""
    monkeypatch.setattr("shared.providers.retry.FIRST_WAIT_SECONDS", 0.0)
    lost = RetryableError("HTTP 500", status=500)
    answers = [lost, refusal, refusal]

    async def attempt() -> str:
        raise answers.pop(0)

    with pytest.raises(type(lost) if lost_is_told else type(refusal)) as found:
        await call_with_retries(attempt, POLICY, vendor="v", operation="o")
    assert (found.value is lost) is lost_is_told
    answers[:] = [refusal] * 3
    with pytest.raises(type(refusal)):
        await call_with_retries(attempt, POLICY, vendor="v", operation="o")
