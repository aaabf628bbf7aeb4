"""What cases queue for. All but storage is told the time, and does not wait."""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence


class Station:
    """So many servers, each with one piece of work at a time, in the order of coming."""

    def __init__(self, servers: int) -> None:
        self._free = [0.0] * servers
        self._servers = servers
        self.worked = 0.0

    def ready(self, at: float) -> float:
        """Return when a piece of work that comes now would begin."""
        return max(at, self._free[0])

    def work(self, at: float, seconds: float) -> float:
        """Take on a piece of work; return when it is done."""
        end = self.ready(at) + seconds
        heapq.heapreplace(self._free, end)
        self.worked += seconds
        return end

    def busy(self, seconds: float) -> float:
        """Return the share of so many seconds that the servers were at work, at most 1."""
        return min(1.0, self.worked / (self._servers * seconds))


class Window:
    """At most ``calls`` in any ``seconds``."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._seconds = seconds
        self._passed: deque[float] = deque(maxlen=calls)

    def ready(self, at: float) -> float:
        """Return when the next call may come, if it comes now or later."""
        full = len(self._passed) == self._passed.maxlen
        return max(at, self._passed[0] + self._seconds) if full else at

    def take(self, at: float) -> None:
        """Count a call."""
        self._passed.append(at)


class Queries:
    """Log Analytics as one identity finds it: few at a time, a limited queue, a limited rate.

    learn.microsoft.com, "Azure subscription and service limits", "User query throttling": five at a
    time, 200 wait, 200 in 30 seconds.
    """

    AT_ONCE, WAITING, RATE, RATE_SECONDS = 5, 200, 200, 30.0

    def __init__(self, seconds: float) -> None:
        self._station = Station(self.AT_ONCE)
        self._rate = Window(self.RATE, self.RATE_SECONDS)
        self._starts: deque[float] = deque()
        self._seconds = seconds

    def ask(self, at: float, count: int, *, patience: float) -> tuple[int, float]:
        """Ask at one time; return how many are answered and when the last of them is.

        Who would be answered later than ``patience`` seconds from now does not ask: in truth the
        service would work for it in vain, and be slower for others.
        """
        while self._starts and self._starts[0] <= at:
            self._starts.popleft()
        answered, last = 0, at
        for _ in range(count):
            begins = self._rate.ready(self._station.ready(at))
            late = begins + self._seconds > at + patience
            if late or len(self._starts) >= self.WAITING:
                break
            self._rate.take(begins)
            self._starts.append(begins)
            last = max(last, self._station.work(begins, self._seconds))
            answered += 1
        return answered, last if answered == count else at + patience


class Firewall:
    """One update at a time; who waits meanwhile goes into the next one together."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begins = self._ends = 0.0

    def block(self, at: float) -> float:
        """Return when an address that is asked for now is blocked."""
        if at >= self._begins:
            self._begins = max(at, self._ends)
            self._ends = self._begins + self._seconds
        return self._ends


class Turns:
    """What the instances of an app share in Blob storage: who writes first wins."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[str, tuple[list[float], int]] = {}

    async def read(self, lane: str) -> tuple[list[float], str | None]:
        """Return the turns that are kept, and their version."""
        await asyncio.sleep(self._seconds)
        if lane not in self._kept:
            return [], None
        turns, version = self._kept[lane]
        return list(turns), str(version)

    async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
        """Keep turns in place of those of a version; tell whether they were still those."""
        await asyncio.sleep(self._seconds)
        kept = self._kept.get(lane)
        if version != (str(kept[1]) if kept else None):
            return False
        self._kept[lane] = (list(turns), kept[1] + 1 if kept else 0)
        return True
