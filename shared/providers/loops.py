"""One of something per event loop: connections belong to the loop they were opened in.

The Functions worker runs one event loop per process, so there this is one per process; tests run
many loops, one after the other.
"""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary


class PerLoop[T]:
    """Builds its value on first use in the running event loop, and gives it back from then on."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._values: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def get(self) -> T:
        """Return the running loop's value, built if it has none."""
        loop = asyncio.get_running_loop()
        if loop not in self._values:
            self._values[loop] = self._build()
        return self._values[loop]

    async def close(self, close: Callable[[T], Awaitable[None]]) -> None:
        """Forget the running loop's value after closing it; nothing happens if it has none."""
        value = self._values.pop(asyncio.get_running_loop(), None)
        if value is not None:
            await close(value)
