"""Pick the suspicious sign-in out of an account's sign-ins."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.models.signin import SignIn
from shared.playbook.sign_ins.baseline import EPISODE, device_kind
from shared.playbook.sign_ins.codes import PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.detection import find_brute_force_successes, is_guess, source_of

LOOK_BACK = timedelta(hours=72)
"""Seed 000, step 3: "the relevant timeframe, e.g. the last 24-72 hours"."""


def same_address(event: SignIn, other: SignIn) -> bool:
    """Whether two sign-ins came from the same address."""
    return source_of(event) == source_of(other)


def find_suspicious_success(
    attempts: Sequence[SignIn],
    recent: Sequence[SignIn],
    suspects: frozenset[str],
    *,
    reported: datetime | None,
    window: timedelta,
    period: tuple[datetime, datetime] | None = None,
) -> SignIn | None:
    """Return the success the case is about, or ``None``.

    In order of importance: it completes a brute force; its address is new for the account; guesses
    came before it; its device is new for the account (behind a shared egress the owner's own
    sign-ins come from the same address); a person signed in (not a token refresh); it is nearest
    to the reported time, else to the incident's activity; it is the earliest.
    An incident can name the wrong address, or several: a success that completes a brute force is
    considered wherever it came from, and suspects that never tried to sign in narrow nothing down.
    Without suspects only a success that stands out by one of the first three, or lies at the
    reported time, is considered.

    Args:
        attempts: all sign-ins, oldest first.
        recent: those of the look-back period, oldest first.
        suspects: normalised addresses of the incident.
        reported: when the incident says that the success happened.
        window: the detection window.
        period: first and last activity of the incident.
    """
    suspects = _seen(recent, suspects)
    guesses = _guess_times(recent)
    first_success, first_use = _first_success(attempts), _first_use(attempts)
    minutes = int(window.total_seconds() // 60)
    completing = _completing(recent, minutes)

    def rank(event: SignIn) -> tuple[bool, bool, bool, bool, bool, timedelta, datetime, str]:
        address = source_of(event) or ""
        known_before = event.at - first_success[address] > EPISODE
        times = guesses.get(address, [])
        guessed = bisect_left(times, event.at - window) < bisect_right(times, event.at)
        known_device = event.at - first_use.get(_device(event), event.at - 2 * EPISODE) > EPISODE
        return (
            event.id not in completing,
            known_before,
            not guessed,
            known_device,
            not event.interactive,
            _distance(event.at, (reported, reported) if reported else period),
            event.at,
            event.id,
        )

    def stands_out(event: SignIn) -> bool:
        if suspects:
            return source_of(event) in suspects or event.id in completing
        not_completing, known_before, not_guessed, *_ = rank(event)
        at_reported_time = reported is not None and abs(event.at - reported) <= window
        return not (not_completing and known_before and not_guessed) or at_reported_time

    candidates = [event for event in recent if event.succeeded and stands_out(event)]
    return min(candidates, key=rank, default=None)


def find_last_try(recent: Sequence[SignIn], suspects: frozenset[str]) -> SignIn | None:
    """Return a suspect's last failure: the password was right but stopped, else a guess."""
    suspects = _seen(recent, suspects)
    own = [event for event in recent if not suspects or source_of(event) in suspects]
    stopped = [event for event in own if event.result_code in PASSWORD_RIGHT_CODES]
    return next(reversed(stopped or [event for event in own if is_guess(event)]), None)


def last_success(attempts: Sequence[SignIn], address: str | None) -> datetime | None:
    """Return when a sign-in from an address last succeeded, ``None`` when none did."""
    times = (event.at for event in attempts if event.succeeded and source_of(event) == address)
    return max(times, default=None) if address else None


def _seen(recent: Sequence[SignIn], suspects: frozenset[str]) -> frozenset[str]:
    return suspects & {source_of(event) for event in recent}


def _distance(at: datetime, period: tuple[datetime, datetime] | None) -> timedelta:
    """Return how far a time lies outside a period."""
    if period is None:
        return timedelta(0)
    return max(period[0] - at, at - period[1], timedelta(0))


def _device(event: SignIn) -> str | None:
    return event.device_id or device_kind(event)


def _first_use(attempts: Sequence[SignIn]) -> dict[str | None, datetime]:
    """Return when each device first succeeded; one that is not named is never new."""
    first: dict[str | None, datetime] = {}
    for event in attempts:
        if event.succeeded and (device := _device(event)):
            first.setdefault(device, event.at)
    return first


def _completing(recent: Sequence[SignIn], window_minutes: int) -> set[str]:
    """Return the successes that complete a brute force, the worst one of each address.

    All addresses are looked at in one go: an attacker may come from as many as there are rows.
    """
    worst: dict[str, str] = {}
    for brute in find_brute_force_successes(recent, window_minutes=window_minutes):
        worst.setdefault(brute.address, brute.success_id)
    return set(worst.values())


def _guess_times(recent: Sequence[SignIn]) -> dict[str, list[datetime]]:
    times: dict[str, list[datetime]] = defaultdict(list)
    for event in recent:
        if is_guess(event) and (address := source_of(event)):
            times[address].append(event.at)
    return times


def _first_success(attempts: Sequence[SignIn]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for event in attempts:
        if event.succeeded:
            first.setdefault(source_of(event) or "", event.at)
    return first
