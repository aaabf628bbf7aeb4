"""Password spray that got in: one address guesses at many accounts and one password is right.

Pace says little: sprays wait between rounds to stay below lock-out (MITRE ATT&CK T1110.003), so
the guesses of a whole day before the right password count, and of half an hour after it, because
the first guess of a round may be the right one. What tells a spray from an office where people
mistype is how few get in: more accounts are guessed at than give a right password.

The same condition as a Sentinel rule: ``infra/detections/password_spray.yaml``.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from shared.models.base import UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detected import Detection, name_of, password_was_right
from shared.playbook.sign_ins.detection import (
    distinct_attempts,
    external_source_of,
    is_guess,
    user_of,
)

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
    found = []
    for address, attempts in _by_address(events).items():
        guesses = [event for event in attempts if is_guess(event)]
        if len({user_of(event) for event in guesses}) < GUESSED_USERS:
            continue
        rights = [event for event in attempts if password_was_right(event)]
        found += [
            spray
            for victim in _victims(rights)
            if (spray := _spray(address, victim, guesses, rights))
        ]
    return sorted(found, key=lambda spray: (spray.sign_in_at, spray.address, spray.user))


def _by_address(events: Iterable[SignIn]) -> dict[str, list[SignIn]]:
    groups: dict[str, list[SignIn]] = defaultdict(list)
    for event in distinct_attempts(events):
        if (is_guess(event) or password_was_right(event)) and (
            address := external_source_of(event)
        ):
            groups[address].append(event)
    return groups


def _victims(rights: Iterable[SignIn]) -> list[SignIn]:
    """Return one sign-in of each user: the first success, else the last one that was stopped."""
    chosen: dict[str, SignIn] = {}
    for event in rights:
        known = chosen.get(user_of(event))
        if known is None or not known.succeeded:
            chosen[user_of(event)] = event
    return list(chosen.values())


def _spray(
    address: str, victim: SignIn, guesses: list[SignIn], rights: list[SignIn]
) -> PasswordSpray | None:
    near = _around(guesses, victim.at)
    guessed = {user_of(event) for event in near}
    right = {user_of(event) for event in _around(rights, victim.at)}
    if len(guessed) < GUESSED_USERS or len(guessed) <= len(right):
        return None
    return PasswordSpray(
        user=user_of(victim),
        user_principal_name=name_of(victim),
        address=address,
        sign_in_id=victim.id,
        sign_in_at=victim.at,
        detected_at=max(victim.at, near[-1].at),
        succeeded=victim.succeeded,
        guessed_users=len(guessed),
        right_users=len(right),
        first_guess_at=near[0].at,
        last_guess_at=near[-1].at,
    )


def _around(events: list[SignIn], at: datetime) -> list[SignIn]:
    start = bisect_left(events, at - BEFORE, key=lambda event: event.at)
    return events[start : bisect_right(events, at + AFTER, key=lambda event: event.at)]
