"""Brute force followed by success: the trigger of seed 004, section 2.

More than 20 failed attempts of one user from one external address inside a sliding window of
10 minutes, immediately followed by a success from that address. "Immediately" is read as: no
later than one window length after the last failure of the run, so that the whole pattern fits in
two windows. (Sentinel's "Brute force attack against Azure Portal" ends a session after 20 quiet
minutes; ours is stricter.) Attempts are counted, not rows: rows with the same id are one attempt.
Times are compared at whole seconds, the resolution that every log has (Graph and the unified audit
log have no fractions), so every log gives the same answer.

The same condition as a Sentinel rule: ``infra/detections/brute_force_success.yaml``.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from shared.models.base import Model, UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.addresses import is_public, normalise_address
from shared.playbook.sign_ins.codes import GUESSING_CODES

WINDOW_MINUTES = 10
"""Seed 004: "occurring within a 10-minute time window"."""
FAILURE_THRESHOLD = 20
"""Seed 004: "greater than 20 failed authentication attempts"; the run must exceed it."""
_NOBODY = "00000000-0000-0000-0000-000000000000"
"""What Entra writes as the user's id when the name is nobody's."""


class GuessingRun(Model):
    """The densest run of password guesses of one user from one address."""

    user: str
    """Object id or user principal name, lower case."""
    address: str
    failed_attempts: int
    first_failure_at: UtcDatetime
    last_failure_at: UtcDatetime
    codes: dict[str, int]
    """Attempts per Entra result code."""

    @property
    def minutes(self) -> float:
        """Length of the run in minutes."""
        return (self.last_failure_at - self.first_failure_at).total_seconds() / 60


class BruteForce(GuessingRun):
    """A guessing run over the threshold that was followed by a success from the same address."""

    success_id: str
    success_at: UtcDatetime


def distinct_attempts(events: Iterable[SignIn]) -> list[SignIn]:
    """Return one event per attempt, oldest first; the order of the input does not matter.

    Of several rows with one id the last counts: it holds how the attempt ended.
    """
    last: dict[str, SignIn] = {}
    for event in sorted(events, key=_event_order):
        last[event.id] = event
    return sorted(last.values(), key=_event_order)


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str | None:
    return normalise_address(text)


_is_external = lru_cache(maxsize=4096)(is_public)


def source_of(event: SignIn) -> str | None:
    """Return the address of a sign-in in its canonical spelling; logs repeat few, so cached."""
    return _canonical(event.address) if event.address else None


def external_source_of(event: SignIn) -> str | None:
    """Return the address of a sign-in when it is outside, else ``None``."""
    source = source_of(event)
    return source if source is not None and _is_external(source) else None


def user_of(event: SignIn) -> str:
    """Return whom a sign-in was for: object id or, without one, user name; lower case."""
    known = event.user_id if event.user_id != _NOBODY else None
    return (known or event.user_principal_name or "").lower()


def to_second(moment: datetime) -> datetime:
    """Return a time without its fraction of a second."""
    return moment.replace(microsecond=0)


def is_guess(event: SignIn) -> bool:
    """Whether the attempt failed in a way that password guessing causes."""
    return event.result_code in GUESSING_CODES


def find_guessing_run(
    events: Sequence[SignIn], *, address: str | None = None, window_minutes: int = WINDOW_MINUTES
) -> GuessingRun | None:
    """Return the window with the most guesses, whatever came of them; ties go to the earliest."""
    window = timedelta(minutes=window_minutes)
    runs = [
        _run(key, failures[slice(*max(_windows(failures, window), key=_length))])
        for key, (failures, _) in _by_source(events, address).items()
        if failures
    ]
    return min(runs, key=_run_order, default=None)


def find_brute_force_success(
    events: Sequence[SignIn],
    *,
    address: str | None = None,
    window_minutes: int = WINDOW_MINUTES,
    threshold: int = FAILURE_THRESHOLD,
) -> BruteForce | None:
    """Return the brute force with the most failures that succeeded, or ``None``.

    Takes what ``find_brute_force_successes`` takes.
    """
    found = find_brute_force_successes(
        events, address=address, window_minutes=window_minutes, threshold=threshold
    )
    return found[0] if found else None


def find_brute_force_successes(
    events: Sequence[SignIn],
    *,
    address: str | None = None,
    window_minutes: int = WINDOW_MINUTES,
    threshold: int = FAILURE_THRESHOLD,
) -> list[BruteForce]:
    """Return every user and address with a brute force that succeeded, most failures first.

    Args:
        events: sign-ins in any order, of one user or several; each user is counted alone.
        address: look at this address only; internal addresses never count.
        window_minutes: length of the sliding window, both ends included.
        threshold: the run must have more failed attempts than this.

    Returns:
        Of each user and address the run with the most failures that a success followed, the
        earliest of several, together with the first success after it.
    """
    window = timedelta(minutes=window_minutes)
    found: list[BruteForce] = []
    for key, (failures, successes) in _by_source(events, address).items():
        times = [to_second(success.at) for success in successes]
        best: tuple[int, int, SignIn] | None = None
        for start, end in _windows(failures, window):
            last = to_second(failures[end - 1].at)
            position = bisect_left(times, last)
            if (
                end - start <= threshold
                or position == len(times)
                or times[position] - last > window
            ):
                continue
            if best is None or end - start > best[1] - best[0]:
                best = (start, end, successes[position])
        if best:
            run = _run(key, failures[best[0] : best[1]])
            success = best[2]
            found.append(BruteForce(**dict(run), success_id=success.id, success_at=success.at))
    return sorted(found, key=_run_order)


def _by_source(
    events: Sequence[SignIn], address: str | None
) -> dict[tuple[str, str], tuple[list[SignIn], list[SignIn]]]:
    """Group attempts by user and external address into (guesses, successes), oldest first."""
    wanted = normalise_address(address) if address else None
    groups: dict[tuple[str, str], tuple[list[SignIn], list[SignIn]]] = defaultdict(lambda: ([], []))
    for event in distinct_attempts(events):
        source = external_source_of(event)
        if source is None or wanted not in (None, source):
            continue
        user = user_of(event)
        if is_guess(event):
            groups[user, source][0].append(event)
        elif event.succeeded:
            groups[user, source][1].append(event)
    return groups


def _windows(failures: list[SignIn], window: timedelta) -> Iterable[tuple[int, int]]:
    """Yield, for every failure, the slice of failures in the window that ends with it."""
    start = 0
    for end, failure in enumerate(failures, start=1):
        while to_second(failure.at) - to_second(failures[start].at) > window:
            start += 1
        yield start, end


def _length(window: tuple[int, int]) -> int:
    return window[1] - window[0]


def _event_order(event: SignIn) -> tuple[datetime, str, str]:
    return (event.at, event.id, event.result_code)


def _run(key: tuple[str, str], failures: list[SignIn]) -> GuessingRun:
    return GuessingRun(
        user=key[0],
        address=key[1],
        failed_attempts=len(failures),
        first_failure_at=failures[0].at,
        last_failure_at=failures[-1].at,
        codes=dict(sorted(Counter(failure.result_code for failure in failures).items())),
    )


def _run_order(run: GuessingRun) -> tuple[int, datetime, str, str]:
    return (-run.failed_attempts, run.last_failure_at, run.address, run.user)
