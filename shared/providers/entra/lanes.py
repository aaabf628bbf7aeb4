"""How often Graph is asked for what it limits tightly, and in which order.

Microsoft Learn, "Microsoft Graph service-specific throttling limits": Identity Protection takes one
request a second for a tenant, from all its applications together, and refuses without
``Retry-After``; the reports take five in ten seconds from one application. What contains an account
goes before what is only asked to know more, and neither waits behind a long queue: whoever cannot
have a turn soon is refused here as Graph would refuse, and the case goes on without that answer.
Everything else of Graph has limits of thousands of requests, and no lane.

All instances of the app share their lanes: each writes down when it asks, where all of them read
it. Without storage each goes by its own turns, and Graph refuses what is too much.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from shared.errors import Conflict, OutOfTurn, TourniquetError
from shared.providers.loops import PerLoop
from shared.settings import Settings

PATIENCE_SECONDS = 3.0
"""How long what is asked to know more waits for its turn."""
URGENT_PATIENCE_SECONDS = 8.0
"""How long what contains an account, or gives it back, waits; at least until two turns passed."""
URGENT_READ_PATIENCE_SECONDS = 4.0
"""How long the read before it waits, at least until one did: less, so that who has read has a turn
for what follows, and none was spent for nothing."""
ALONE_SECONDS = 10.0
"""How long storage that did not answer is not asked for turns."""
CLOCKS_APART_SECONDS = 5.0
"""How far the clocks of two instances may be apart; the platform keeps them much closer."""
MOST_LOST = 50
"""How often others may be faster to write down a turn, before something else must be wrong."""
IDENTITY_PROTECTION, REPORTS = "identity-protection", "reports"
_A_MOMENT = 0.005
_MARGIN_SECONDS = 0.05
"""Requests do not all travel equally fast: two may arrive closer together than they were sent."""
_LANES = {
    "riskyUsers.get": IDENTITY_PROTECTION,
    "riskyUsers.dismiss": IDENTITY_PROTECTION,
    "confirmCompromised": IDENTITY_PROTECTION,
    "userRegistrationDetails.get": REPORTS,
}
_READS = {"riskyUsers.get", "userRegistrationDetails.get"}
_log = logging.getLogger("tourniquet.providers")

type Clock = Callable[[], float]


class SharedTurns(Protocol):
    """Where the instances of the app write down their turns, in seconds of Unix time."""

    async def read(self, lane: str) -> tuple[list[float], str | None]:
        """Return the newest turns, oldest first, and their version."""

    async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
        """Write turns over those of a version; tell whether they were still those."""


class Lane:
    """At most ``calls`` turns in any ``seconds``; urgent ones first, then in order of coming.

    Who is urgent takes the next turn although it is still to come. Who is not takes one only when
    it is there, so that somebody urgent, maybe of another instance, still goes before.
    """

    def __init__(
        self,
        name: str,
        calls: int,
        seconds: float,
        *,
        shared: SharedTurns | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._name, self._calls, self._seconds = name, calls, seconds + _MARGIN_SECONDS
        self._shared, self._clock = shared, clock
        self._turns: list[float] = []
        self._alone_until = 0.0
        self._queue = asyncio.Lock()
        self._queued = 0

    def urgent_patience(self, *, reads: bool = False) -> float:
        """Return how long what is urgent waits for a turn, or what only ``reads`` for it."""
        apart = self._seconds / self._calls
        if reads:
            return max(URGENT_READ_PATIENCE_SECONDS, apart)
        return max(URGENT_PATIENCE_SECONDS, 2 * apart)

    async def turn(self, *, urgent: bool, patience: float) -> float:
        """Wait for a turn, at most ``patience`` seconds.

        Returns:
            0.0: it is now; else no turn was taken, and one would come in so many seconds.
        """
        deadline = self._clock() + patience
        if urgent:
            taken, at = await self._take(deadline, ahead=True)
            if taken:
                await asyncio.sleep(max(0.0, at - self._clock()))
            return 0.0 if taken else self._until(at)
        at = self._expected()
        if at > deadline:
            return self._until(at)
        self._queued += 1
        try:
            async with self._queue:
                return await self._wait_as_first(deadline)
        finally:
            self._queued -= 1

    async def _wait_as_first(self, deadline: float) -> float:
        while self._clock() <= deadline:
            taken, at = await self._take(deadline, ahead=False)
            if taken:
                return 0.0
            if at > deadline:
                return self._until(at)
            await asyncio.sleep(self._until(at))
        return self._until(self._next(self._possible(self._turns)))

    def _until(self, at: float) -> float:
        return max(at - self._clock(), _A_MOMENT)

    def _expected(self) -> float:
        """Return when one who came now would have a turn, by what is known here."""
        turns = self._possible(self._turns)
        for _ in range(self._queued + 1):
            turns.append(self._next(turns))
        return turns[-1]

    def _possible(self, turns: Sequence[float]) -> list[float]:
        """Leave out what nobody takes: a clock that was wrong must not close the lane for all."""
        latest = self._clock() + self.urgent_patience() + CLOCKS_APART_SECONDS
        return [turn for turn in turns if turn <= latest]

    def _next(self, turns: Sequence[float]) -> float:
        now = self._clock()
        full = len(turns) >= self._calls
        return max(now, turns[-self._calls] + self._seconds) if full else now

    async def _take(self, deadline: float, *, ahead: bool) -> tuple[bool, float]:
        """Take the next turn if it is now, or ``ahead`` but in time; return whether, and when."""
        alone = 0 < self._alone_until - self._clock() <= ALONE_SECONDS
        if self._shared is not None and not alone:
            try:
                return await self._take_shared(self._shared, deadline, ahead=ahead)
            except TourniquetError as error:
                _log.warning("turns of %s are this instance's own for now: %s", self._name, error)
                self._alone_until = self._clock() + ALONE_SECONDS
        known = self._possible(self._turns)
        at = self._next(known)
        taken = self._is_in_time(at, deadline, ahead=ahead)
        if taken:
            self._turns = self._with(known, at)
        return taken, at

    async def _take_shared(
        self, shared: SharedTurns, deadline: float, *, ahead: bool
    ) -> tuple[bool, float]:
        for _ in range(MOST_LOST):
            written, version = await shared.read(self._name)
            # Turns that were taken alone, while storage was away, are in nobody's list but this.
            known = self._possible([*written, *self._turns])
            turns = sorted(set(known))[-self._calls :]
            at = self._next(turns)
            if not self._is_in_time(at, deadline, ahead=ahead):
                self._turns = turns
                return False, at
            mine = self._with(turns, at)
            if await shared.write(self._name, mine, version):
                self._turns = mine
                return True, at
        raise Conflict("the turns change all the time", vendor="blob", operation="turns.put")

    def _is_in_time(self, at: float, deadline: float, *, ahead: bool) -> bool:
        return at <= (deadline if ahead else min(self._clock(), deadline))

    def _with(self, turns: Sequence[float], at: float) -> list[float]:
        return [*turns, at][-self._calls :]


class Lanes:
    """The lanes of the app; a limit of 0 is none.

    Args:
        settings: how often.
        shared: where the instances write down their turns; ``None``: this one is alone.
        clock: seconds of Unix time.
    """

    def __init__(
        self, settings: Settings, shared: SharedTurns | None = None, clock: Clock = time.time
    ) -> None:
        self._risks = settings.identity_protection_per_10_seconds
        self._reports = settings.graph_reports_per_10_seconds
        self._shared, self._clock = shared, clock
        self._lanes = PerLoop(self._make)

    def _make(self) -> dict[str, Lane]:
        lanes = {}
        if self._risks:
            # Graph counts these by the second: one after the other, never ten at once.
            lanes[IDENTITY_PROTECTION] = self._lane(IDENTITY_PROTECTION, 1, 10 / self._risks)
        if self._reports:
            lanes[REPORTS] = self._lane(REPORTS, self._reports, 10.0)
        return lanes

    def _lane(self, name: str, calls: int, seconds: float) -> Lane:
        return Lane(name, calls, seconds, shared=self._shared, clock=self._clock)

    async def wait_for_turn(self, operation: str, *, urgent: bool = False) -> None:
        """Wait until an operation of Graph may be sent; at once when it has no lane.

        ``urgent``: it contains an account or gives it back, or is read on the way to that.

        Raises:
            OutOfTurn: its turn would come too late.
        """
        lane = self._lanes.get().get(_LANES.get(operation, ""))
        if lane is None:
            return
        patience = PATIENCE_SECONDS
        if urgent:
            patience = lane.urgent_patience(reads=operation in _READS)
        if late := await lane.turn(urgent=urgent, patience=patience):
            raise OutOfTurn(
                "too many requests of our own",
                vendor="entra",
                operation=operation,
                status=None,
                retry_after=late,
            )
