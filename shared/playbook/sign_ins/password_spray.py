"""Password spray that got in: one address guesses at many accounts and one password is right.

Pace says little: sprays wait between rounds to stay below lock-out (MITRE ATT&CK T1110.003), so
the guesses of a whole day before the right password count, and of half an hour after it, because
the first guess of a round may be the right one. What tells a spray from an office where people
mistype is how few get in: more accounts are guessed at than give a right password.

The same condition as a Sentinel rule: ``infra/detections/password_spray.yaml``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.models.base import UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detected import (
    Detection,
    guesses_and_rights,
    name_of,
    password_was_right,
)
from shared.playbook.sign_ins.detection import is_guess, user_of

GUESSED_USERS = 5
"""Accounts guessed at. Source: ``authenticationThreshold`` of Sentinel's "Password spray attack
against Microsoft Entra ID application", as is "more failed than successful users" (MIT)."""
BEFORE = timedelta(hours=24)
"""Guesses this long before the right password count; Sentinel's 20 minutes miss slow sprays."""
AFTER = timedelta(minutes=30)
"""And this long after it."""


class PasswordSpray(Detection):
    """An account whose password a spray has found."""

    succeeded: bool
    """Whether the intruder got in; if not, a second factor or a policy stopped the sign-in."""
    guessed_users: int
    right_users: int
    """Accounts that gave a right password at the address in the same time."""
    first_guess_at: UtcDatetime
    last_guess_at: UtcDatetime


def find_password_sprays(events: Sequence[SignIn]) -> list[PasswordSpray]:
    """Return every account whose password a spray found, oldest first.

    An account counts once for each address: with its first success there, else with the last
    sign-in that was stopped after the right password.

    Args:
        events: sign-ins of many users, in any order; one user's alone never show a spray.
    """
    found: list[PasswordSpray] = []
    for address, attempts in guesses_and_rights(events).items():
        guesses = [event for event in attempts if is_guess(event)]
        if len({user_of(event) for event in guesses}) < GUESSED_USERS:
            continue
        rights = [event for event in attempts if password_was_right(event)]
        guessed, right = _Around(guesses), _Around(rights)
        for victim in sorted(_victims(rights), key=lambda event: event.at):
            guessed.move_to(victim.at)
            right.move_to(victim.at)
            if len(guessed.users) >= GUESSED_USERS and len(guessed.users) > len(right.users):
                found.append(_spray(address, victim, guessed.events, len(right.users)))
    return sorted(found, key=lambda spray: (spray.sign_in_at, spray.address, spray.user))


def _victims(rights: Iterable[SignIn]) -> list[SignIn]:
    """Return one sign-in of each user: the first success, else the last one that was stopped."""
    chosen: dict[str, SignIn] = {}
    for event in rights:
        known = chosen.get(user_of(event))
        if known is None or not known.succeeded:
            chosen[user_of(event)] = event
    return list(chosen.values())


class _Around:
    """The sign-ins around a moment that only moves forward: an office has thousands a day."""

    def __init__(self, events: list[SignIn]) -> None:
        """Take sign-ins, oldest first."""
        self._events = events
        self._start = self._end = 0
        self.users: Counter[str] = Counter()
        """Sign-ins per user, of users that have any."""

    @property
    def events(self) -> list[SignIn]:
        return self._events[self._start : self._end]

    def move_to(self, at: datetime) -> None:
        """Go to a moment that is not before the last one."""
        events, users = self._events, self.users
        while self._end < len(events) and events[self._end].at <= at + AFTER:
            users[user_of(events[self._end])] += 1
            self._end += 1
        while self._start < self._end and events[self._start].at < at - BEFORE:
            user = user_of(events[self._start])
            users[user] -= 1
            if not users[user]:
                del users[user]
            self._start += 1


def _spray(address: str, victim: SignIn, guesses: list[SignIn], right_users: int) -> PasswordSpray:
    return PasswordSpray(
        user=user_of(victim),
        user_principal_name=name_of(victim),
        address=address,
        sign_in_id=victim.id,
        sign_in_at=victim.at,
        detected_at=max(victim.at, guesses[-1].at),
        succeeded=victim.succeeded,
        guessed_users=len({user_of(event) for event in guesses}),
        right_users=right_users,
        first_guess_at=guesses[0].at,
        last_guess_at=guesses[-1].at,
    )
