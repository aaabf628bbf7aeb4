"""Lanes in simulated time, and storage that can be away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from lab.scale.simulated_time import now, run_simulated
from lab.scale.stations import Turns
from shared.errors import RetryableError
from shared.providers.entra.lanes import (
    Lane,
    SharedTurns,
)

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
