"""Slow password spray that got in: one address guesses at many accounts within days.

A spray of fewer than five accounts a day stays below every rule that looks back one day. Here the
guesses of the week before a right password count, and of the five days after it, because the first
victims fall before the spray shows: they are told of once it does, as Entra ID Protection's offline
detection "Password spray" tells (learn.microsoft.com, "What are risk detections?").

In that time people mistype, too. Three things keep an office out: more accounts are guessed at than
give a right password; an address where people work day by day is no spray's; and an account that
signed in there in the week before is at home there.

A moment never depends on what the log says later, so that one run tells of a victim, not every run.
The same condition as a Sentinel rule: ``infra/detections/slow_password_spray.yaml``.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from shared.models.base import UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detected import (
    Detection,
    guesses_and_rights,
    name_of,
    password_was_right,
)
from shared.playbook.sign_ins.detection import is_guess, user_of

SLOW_GUESSED_USERS = 10
"""Accounts guessed at: twice those of a day's spray, in a time in which more people mistype."""
BEFORE = timedelta(days=7)
"""Whole days before the day of the right password: each day of the week once. With ``AFTER`` it
fits the 14 days that Sentinel lets a scheduled rule look back at most."""
AFTER = timedelta(days=5)
"""So long after the right password the spray may still show."""
WORKING_DAYS = 3
"""Successes on so many of the days before make an account's workplace; as ``neighbours``."""
WORKING_USERS = 3
"""Accounts that work there make the address the organisation's own; as ``neighbours``."""


class SlowPasswordSpray(Detection):
    """An account whose password a slow spray has found; ``detected_at`` is when the spray shows."""

    succeeded: bool
    """Whether the intruder got in; if not, a second factor or a policy stopped the sign-in."""
    guessed_users: int
    """Accounts guessed at until then."""
    right_users: int
    """Accounts that gave a right password at the address until then."""
    first_guess_at: UtcDatetime


def find_slow_password_sprays(events: Sequence[SignIn]) -> list[SlowPasswordSpray]:
    """Return every account whose password a slow spray found, oldest first.

    An account counts with its first success at the address after a week without one, else with the
    day's last sign-in that was stopped after the right password.

    Args:
        events: sign-ins of many users, in any order; one user's alone never show a spray.
    """
    found: list[SlowPasswordSpray] = []
    for address, attempts in guesses_and_rights(events).items():
        guesses = [event for event in attempts if is_guess(event)]
        if len({user_of(event) for event in guesses}) < SLOW_GUESSED_USERS:
            continue
        rights = [event for event in attempts if password_was_right(event)]
        for day, victims in _victims(rights).items():
            if _people_work(rights, day):
                continue
            guessed, right = _first_of_users(guesses, day), _first_of_users(rights, day)
            for victim in victims:
                shows = _shows_at(victim.at, guessed, right)
                if shows:
                    found.append(_spray(address, victim, shows, guessed, right))
    return sorted(found, key=lambda spray: (spray.sign_in_at, spray.address, spray.user))


def _victims(rights: Iterable[SignIn]) -> dict[date, list[SignIn]]:
    """Return by day the sign-ins of accounts that were not at the address in the week before."""
    entered: dict[str, dict[date, SignIn]] = defaultdict(dict)
    stopped: dict[str, dict[date, SignIn]] = defaultdict(dict)
    for event in rights:
        if event.succeeded:
            entered[user_of(event)].setdefault(event.at.date(), event)
        else:
            stopped[user_of(event)][event.at.date()] = event
    victims: dict[date, list[SignIn]] = defaultdict(list)
    for days in entered.values():
        for day, event in days.items():
            if not _any_within(days, day - BEFORE, day - timedelta(days=1)):
                victims[day].append(event)
    for user, days in stopped.items():
        for day, event in days.items():
            known = _any_within({**days, **entered[user]}, day - BEFORE, day - timedelta(days=1))
            if not known and not _any_within(entered[user], day, day + AFTER):
                victims[day].append(event)
    return victims


def _any_within(days: Iterable[date], first: date, last: date) -> bool:
    return any(first <= day <= last for day in days)


def _people_work(rights: Iterable[SignIn], day: date) -> bool:
    """Whether accounts came to the address day by day in the week before."""
    days: dict[str, set[date]] = defaultdict(set)
    for event in rights:
        if event.succeeded and day - BEFORE <= event.at.date() < day:
            days[user_of(event)].add(event.at.date())
    return sum(len(seen) >= WORKING_DAYS for seen in days.values()) >= WORKING_USERS


def _first_of_users(events: Iterable[SignIn], day: date) -> list[datetime]:
    """Return each account's first sign-in since the week before a day, oldest first."""
    firsts: dict[str, datetime] = {}
    for event in events:
        if event.at.date() >= day - BEFORE:
            firsts.setdefault(user_of(event), event.at)
    return sorted(firsts.values())


def _shows_at(
    victim_at: datetime, guessed: Sequence[datetime], right: Sequence[datetime]
) -> datetime | None:
    """Return when enough accounts are guessed at, and more than give a right password."""
    for number in range(SLOW_GUESSED_USERS - 1, len(guessed)):
        if guessed[number] > victim_at + AFTER:
            return None
        shows = max(guessed[number], victim_at)
        if number >= len(right) or right[number] > shows:
            return shows
    return None


def _spray(
    address: str,
    victim: SignIn,
    shows: datetime,
    guessed: Sequence[datetime],
    right: Sequence[datetime],
) -> SlowPasswordSpray:
    return SlowPasswordSpray(
        user=user_of(victim),
        user_principal_name=name_of(victim),
        address=address,
        sign_in_id=victim.id,
        sign_in_at=victim.at,
        detected_at=shows,
        succeeded=victim.succeeded,
        guessed_users=bisect_right(guessed, shows),
        right_users=bisect_right(right, shows),
        first_guess_at=guessed[0],
    )
