"""Callbacks at given times, on one thread: the engine's timers."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Alarms:
    """Runs callbacks at given times on one thread; ``speed`` times as soon as they say."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        threading.Thread(target=self._run, name="engine-timers", daemon=True).start()

    def at(self, when: datetime, action: Callable[[], None]) -> None:
        """Run `action` once `when`, an aware time, has come."""
        wait = (when - datetime.now(UTC)).total_seconds() / self._speed
        due = time.monotonic() + wait
        with self._changed:
            heapq.heappush(self._due, (due, next(self._order), action))
            self._changed.notify()

    def stop(self) -> None:
        """Run nothing any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (wait := self._wait()) != 0:
                    self._changed.wait(wait)
                if self._stopped:
                    return
                action = heapq.heappop(self._due)[2]
            action()

    def _wait(self) -> float | None:
        """How long until the next is due, in seconds; ``None``: there is none."""
        return max(0, self._due[0][0] - time.monotonic()) if self._due else None
