"""How often Graph is asked for what it limits tightly, and in which order.

Microsoft Learn, "Microsoft Graph service-specific throttling limits": Identity Protection takes one
request a second for a tenant, from all its applications together, and refuses without
``Retry-After``; the reports take five in ten seconds from one application. What contains an account
goes before what is only asked to know more, and neither waits behind a long queue: whoever cannot
have a turn soon is refused here as Graph would refuse, and the case goes on without that answer.
Everything else of Graph has limits of thousands of requests, and no lane.

One process keeps its own lanes: the settings say how much of the limits is this instance's.
"""

import asyncio
import heapq
import itertools
from collections import deque

from shared.errors import Throttled
from shared.providers.loops import PerLoop
from shared.settings import Settings

PATIENCE_SECONDS = 3.0
"""How long what is asked to know more waits for its turn."""
URGENT_PATIENCE_SECONDS = 8.0
"""How long what contains an account, or gives it back, waits."""
_IDENTITY_PROTECTION, _REPORTS = "identity protection", "reports"
_A_MOMENT = 0.005
_LANES = {
    "riskyUsers.get": _IDENTITY_PROTECTION,
    "riskyUsers.dismiss": _IDENTITY_PROTECTION,
    "confirmCompromised": _IDENTITY_PROTECTION,
    "userRegistrationDetails.get": _REPORTS,
}
_URGENT = frozenset({"riskyUsers.dismiss", "confirmCompromised"})


class Lane:
    """At most ``calls`` turns in any ``seconds``; urgent ones first, then in order of coming."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls, self._seconds = calls, seconds
        self._taken: deque[float] = deque(maxlen=calls)
        self._waiting: list[tuple[bool, int]] = []
        self._order = itertools.count()

    async def turn(self, *, urgent: bool, patience: float) -> None:
        """Wait for a turn.

        Raises:
            Throttled: it would not come within ``patience`` seconds; says when it would.
        """
        mine = (not urgent, next(self._order))
        deadline = _now() + patience
        heapq.heappush(self._waiting, mine)
        try:
            while (wait := self._wait(mine)) > 0:
                if _now() + wait > deadline:
                    raise Throttled("too many requests of our own", retry_after=wait)
                await asyncio.sleep(wait)
            self._taken.append(_now())
        finally:
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)

    def _wait(self, mine: tuple[bool, int]) -> float:
        """Return the seconds until the turn of one who waits, as things stand; 0: it is now."""
        now, times = _now(), list(self._taken)
        ahead = sum(other < mine for other in self._waiting)
        for _ in range(ahead + 1):
            full = len(times) >= self._calls
            times.append(max(now, times[-self._calls] + self._seconds) if full else now)
        # Those before go first, even when all of them may go now.
        return max(times[-1] - now, _A_MOMENT if ahead else 0.0)


def _now() -> float:
    """Seconds by the clock that sleeping goes by."""
    return asyncio.get_running_loop().time()


class Lanes:
    """The lanes of one process; a limit of 0 is none."""

    def __init__(self, settings: Settings) -> None:
        self._risks = settings.identity_protection_per_10_seconds
        self._reports = settings.graph_reports_per_10_seconds
        self._lanes = PerLoop(self._make)

    def _make(self) -> dict[str, Lane]:
        lanes = {}
        if self._risks:
            # Graph counts these by the second: one after the other, never ten at once.
            lanes[_IDENTITY_PROTECTION] = Lane(1, 10 / self._risks)
        if self._reports:
            lanes[_REPORTS] = Lane(self._reports, 10.0)
        return lanes

    async def wait_for_turn(self, operation: str) -> None:
        """Wait until an operation of Graph may be sent; at once when it has no lane.

        Raises:
            Throttled: its turn would come too late.
        """
        lane = self._lanes.get().get(_LANES.get(operation, ""))
        if lane is None:
            return
        urgent = operation in _URGENT
        patience = URGENT_PATIENCE_SECONDS if urgent else PATIENCE_SECONDS
        try:
            await lane.turn(urgent=urgent, patience=patience)
        except Throttled as error:
            raise Throttled(
                str(error), vendor="entra", operation=operation, retry_after=error.retry_after
            ) from None
