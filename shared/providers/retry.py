"""When a vendor call is tried again, and how long it may take altogether.

One rule for every vendor: the type of the error decides (``shared.errors``), the vendor's own
``Retry-After`` is honoured when it fits into the call's budget, otherwise the wait grows
exponentially with full jitter. The loop itself is stamina's, which also logs every retry.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Self

from shared.call_measurements import measured_call
from shared.errors import OutOfTurn, PermissionDenied, RetryableError, Throttled
from shared.providers.heard import hear
from shared.settings import Settings

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 8.0


class NotSent(RetryableError):
    """The request never reached the vendor (refused connection, name not resolved)."""


_OF_ONE_ATTEMPT = (PermissionDenied, Throttled, NotSent)
"""Answers to one attempt only: nothing was done then, and nothing is said of an earlier one."""


class Retry(Enum):
    """What may be repeated after a :class:`RetryableError`."""

    ALWAYS = "always"
    """The call is idempotent."""
    IF_NOT_PROCESSED = "if_not_processed"
    """Only when the vendor certainly did nothing: not sent, or refused for being too many."""
    NEVER = "never"


@dataclass(frozen=True)
class CallPolicy:
    """Deadlines, in seconds, and attempts of one vendor call."""

    attempt_timeout: float
    budget: float
    attempts: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the policy that the app settings ask for."""
        return cls(
            attempt_timeout=settings.call_timeout_seconds,
            budget=settings.call_budget_seconds,
            attempts=settings.call_attempts,
        )


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds a ``Retry-After`` header asks for (RFC 9110 section 10.2.3).

    Both forms are understood, delay in seconds and HTTP date; anything else is ``None``.
    """
    text = (value or "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - (now or datetime.now(UTC))).total_seconds())


def _may_repeat(error: Exception, retry: Retry) -> bool:
    if isinstance(error, OutOfTurn):
        return False
    match retry:
        case Retry.ALWAYS:
            return isinstance(error, RetryableError)
        case Retry.IF_NOT_PROCESSED:
            return isinstance(error, NotSent | Throttled)
        case Retry.NEVER:
            return False


def _wait_before_next(error: Exception, attempt: int) -> float:
    if isinstance(error, Throttled) and error.retry_after is not None:
        return error.retry_after
    ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
    return random.uniform(0, ceiling)  # noqa: S311 - jitter, not a secret


async def call_with_retries[T](
    attempt: Callable[[], Awaitable[T]],
    policy: CallPolicy,
    *,
    vendor: str,
    operation: str,
    retry: Retry = Retry.ALWAYS,
    turn: Callable[[], Awaitable[None]] | None = None,
) -> T:
    """Run ``attempt`` until it succeeds, within the policy's deadlines.

    A refusal after an attempt whose answer was lost says nothing of what that one did: then its
    error is raised, so that whoever changes something looks before taking it for not done.

    ``turn``, where the vendor limits how often it is asked, is waited for before each attempt; the
    first wait is no part of the deadlines, and is not measured as a call: nobody was asked.

    Raises:
        TourniquetError: the last attempt's error; a deadline is a :class:`RetryableError`. A
            ``Retry-After`` longer than what is left of the budget is raised at once, with the
            vendor's time in it, so that the orchestrator can wait on a durable timer.
    """
    import stamina

    if turn is not None:
        await turn()
    tries = _Tries(attempt, policy, retry, turn)
    caller = stamina.AsyncRetryingCaller(attempts=policy.attempts, timeout=None)
    # The names are arguments so that stamina's log line of a retry has them.
    with measured_call(vendor, retry.value):
        try:
            answer = await caller(tries.may_go_on, tries.once, vendor, operation)
        except _OF_ONE_ATTEMPT as error:
            if tries.lost is None:
                raise
            raise tries.lost from error
    hear(vendor, operation, answer)
    return answer


class _Tries[T]:
    """The attempts of one call.

    Attributes:
        lost: the error of the last attempt whose answer was lost.
    """

    def __init__(
        self,
        attempt: Callable[[], Awaitable[T]],
        policy: CallPolicy,
        retry: Retry,
        turn: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._attempt, self._policy, self._retry, self._turn = attempt, policy, retry, turn
        self._deadline = time.monotonic() + policy.budget
        self._tried = 0
        self._before: RetryableError | None = None
        self.lost: RetryableError | None = None

    async def once(self, vendor: str, operation: str) -> T:
        """Try once more, in what time is left; without any the error before is raised again."""
        self._tried += 1
        if self._turn is not None and self._tried > 1:
            await self._turn()
        left = max(0.0, self._deadline - time.monotonic())
        seconds = min(self._policy.attempt_timeout, left)
        if seconds <= 0 and self._before is not None:
            raise self._before
        try:
            async with asyncio.timeout(seconds):
                return await self._attempt()
        except TimeoutError as error:
            why = f"no answer within {seconds:.1f} s"
            self._before = self.lost = RetryableError(why, vendor=vendor, operation=operation)
            raise self._before from error
        except RetryableError as error:
            self._before = error
            self.lost = self.lost if isinstance(error, _OF_ONE_ATTEMPT) else error
            raise

    def may_go_on(self, error: Exception) -> bool | float:
        """Return how many seconds to wait before the next attempt, or that there is none."""
        if not _may_repeat(error, self._retry):
            return False
        wait = _wait_before_next(error, self._tried)
        return wait if time.monotonic() + wait < self._deadline else False
