"""An event loop whose time passes at once: an hour of waiting takes as long as its thinking."""

import asyncio
import selectors
from collections.abc import Coroutine


class _Leap(selectors.DefaultSelector):
    """Nothing is heard from outside, so whatever the loop would wait for is leapt over."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else")
        self.now += max(0.0, timeout)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Starts at 0 seconds."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        """Return the seconds since the simulation began."""
        return self._leap.now


def run_simulated[T](work: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


def now() -> float:
    """Return the running loop's time in seconds."""
    return asyncio.get_running_loop().time()


async def sleep_until(at: float) -> None:
    """Sleep until a time of the running loop."""
    await asyncio.sleep(max(0.0, at - now()))
