"""A password spray over days, told as Identity Protection tells it: afterwards, to every victim.

Sprays that stay below five accounts a day are below every rule that looks back one day; Sentinel
refuses a longer look-back in rules that run every five minutes. Entra ID Protection's risk
detection "Password spray" works offline instead: once an address is known to spray, every account
that it got right is at risk, those of the first day too.

Source: learn.microsoft.com, "What are risk detections?" (password spray, offline).
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from lab.backtest.moments import Moment
from shared.models.signin import SignIn
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.detected import name_of, password_was_right
from shared.playbook.sign_ins.detection import is_guess, user_of
from shared.playbook.sign_ins.neighbours import SHARING_ACCOUNTS, SHARING_DAYS

SLOW_SPRAY = "slow_spray"
SLOW_SPRAYED_ACCOUNTS = 10
"""Accounts guessed at: twice those of a day's spray, for a time in which more people mistype."""
SLOW_SPRAY_PERIOD = timedelta(days=14)
"""The longest that a Sentinel rule may look back."""


class _Address:
    """What an address did in the last days, sign-in by sign-in."""

    def __init__(self) -> None:
        self._recent: deque[SignIn] = deque()
        self._guessed: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        self._days: dict[str, Counter[date]] = {}
        self._regular = 0
        self._untold: dict[str, SignIn] = {}
        self._told: set[str] = set()

    def add(self, event: SignIn) -> None:
        """Take the next sign-in and forget what is too old."""
        self._recent.append(event)
        self._count(event, 1)
        while event.at - self._recent[0].at > SLOW_SPRAY_PERIOD:
            self._count(self._recent.popleft(), -1)
        if password_was_right(event) and user_of(event) not in self._told:
            self._untold.setdefault(user_of(event), event)

    def tell(self) -> list[SignIn]:
        """Return the first right password of every account that was not told of."""
        told = list(self._untold.values())
        self._told.update(self._untold)
        self._untold.clear()
        return told

    @property
    def sprays(self) -> bool:
        """Whether more accounts were guessed at than got right, and nobody works here."""
        guessed = len(self._guessed)
        many = guessed >= SLOW_SPRAYED_ACCOUNTS and guessed > len(self._right)
        return many and self._regular < SHARING_ACCOUNTS

    def _count(self, event: SignIn, by: int) -> None:
        user = user_of(event)
        for counter, holds in (
            (self._guessed, is_guess(event)),
            (self._right, password_was_right(event)),
        ):
            if holds:
                counter[user] += by
                if not counter[user]:
                    del counter[user]
        if event.succeeded:
            days = self._days.setdefault(user, Counter())
            was = len(days) >= SHARING_DAYS
            days[event.at.date()] += by
            if not days[event.at.date()]:
                del days[event.at.date()]
            self._regular += (len(days) >= SHARING_DAYS) - was


def find_slow_sprays(events: Sequence[SignIn]) -> Iterator[tuple[str, Moment]]:
    """Yield account and moment for every account whose password an address got right.

    Args:
        events: sign-ins of many accounts from one address.
    """
    address = _Address()
    for event in collapse(events):
        if not (is_guess(event) or password_was_right(event)) or not event.address:
            continue
        address.add(event)
        if not address.sprays:
            continue
        for victim in address.tell():
            if event.at - victim.at <= SLOW_SPRAY_PERIOD:
                account = (name_of(victim) or user_of(victim)).lower()
                yield account, Moment(victim.at, event.at, event.address, SLOW_SPRAY)
