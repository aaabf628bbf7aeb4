"""A clock for the durable engine of a test: fast, and only while the engine has nothing to do.

A busy machine makes the engine's work take longer. Were the clock to run meanwhile, the deadlines
of an orchestration would pass before its work is done, and a test would see another story than on
an idle machine.
"""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import cast
from unittest.mock import patch

from durabletask.testing import in_memory_backend

from lab.functions_host import engine
from lab.functions_host.alarms import Alarms

SPEED = 400
"""Seconds of the engine per real second at most: the playbook's minute is 0.15 s."""
TICK_SECONDS = 0.0025
"""Real ones between two looks. A process that gets no processor ticks less often."""


class FastClock:
    """The engine's time and its timers; stands still while ``busy`` says so."""

    def __init__(self, speed: int, busy: Callable[[int], bool]) -> None:
        self.now = datetime.now(UTC)
        self.ticks = 0
        self._step, self._busy = timedelta(seconds=speed * TICK_SECONDS), busy
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order, self._lock, self._stopped = count(), threading.Lock(), threading.Event()
        threading.Thread(target=self._run, name="fast-clock", daemon=True).start()

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Run an action once a time has come; as the engine's own alarms do."""
        with self._lock:
            heapq.heappush(self._due, (when, next(self._order), action))

    def stop(self) -> None:
        """Run nothing any more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            self.ticks += 1
            if not self._busy(self.ticks):
                self.now += self._step
            for action in self._reached():
                action()

    def _reached(self) -> list[Callable[[], None]]:
        with self._lock:
            found = []
            while self._due and self._due[0][0] <= self.now:
                found.append(heapq.heappop(self._due)[2])
            return found


@contextmanager
def fast_clock(hub: engine.Engine, speed: int, busy: Callable[[int], bool]) -> Iterator[FastClock]:
    """Give an engine a fast clock; retry policies and timers stay the product's.

    ``busy`` is told the number of the tick.
    """
    clock = FastClock(speed, busy)
    hub._alarms.stop()
    hub._alarms = cast(Alarms, clock)
    of_the_engine = type("_FastDatetime", (datetime,), {"now": lambda _tz=None: clock.now})
    with (
        patch.object(in_memory_backend, "datetime", of_the_engine),
        patch.object(engine, "datetime", of_the_engine),
    ):
        try:
            yield clock
        finally:
            clock.stop()
