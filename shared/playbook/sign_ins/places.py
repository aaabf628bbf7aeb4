"""Where and when an account signed in over weeks: the attacker's place beside the usual ones.

Counts per place and day, bounded, for the same reason as ``times.py``.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from shared.models.base import Model, UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detection import distinct_attempts, source_of

MOST_PLACES = 6
"""Places kept: the attacker's, then those with most sign-ins."""


class Place(Model):
    """Sign-ins from one city and network: ``[day, number]`` for every day that has any."""

    city: str | None = None
    country: str | None = None
    asn: int | None = None
    suspicious: bool
    """Whether the address of the attack is there."""
    addresses: int
    """Different addresses that were seen there."""
    failed: list[tuple[int, int]] = Field(default_factory=list)
    succeeded: list[tuple[int, int]] = Field(default_factory=list)


class SignInPlaces(Model):
    """Sign-ins from ``start`` over ``days`` days, the attacker's place first."""

    start: UtcDatetime
    days: int
    places: list[Place]
    other_places: int = 0
    """Places with sign-ins in this time that are not listed."""


type _Key = tuple[bool, str | None, str | None, int | None]


def sign_in_places(
    events: Iterable[SignIn], suspicious: str | None, end: datetime
) -> SignInPlaces | None:
    """Return the places, ``None`` without sign-ins; ``suspicious`` is the address of the attack.

    Days count back from ``end``, so that the last one is whole.
    """
    attempts = [event for event in distinct_attempts(events) if event.at <= end]
    if not attempts:
        return None
    days = max(1, -(-(end - min(event.at for event in attempts)) // timedelta(days=1)))
    start = end - timedelta(days=days)
    failed: dict[_Key, Counter[int]] = {}
    succeeded: dict[_Key, Counter[int]] = {}
    addresses: dict[_Key, set[str]] = {}
    for event in attempts:
        source = source_of(event)
        hit = suspicious is not None and source == suspicious
        key = (hit, event.country, event.city, event.asn)
        day = min(days - 1, (event.at - start) // timedelta(days=1))
        side = succeeded if event.succeeded else failed
        side.setdefault(key, Counter())[day] += 1
        addresses.setdefault(key, set()).add(source or "no address")

    def rank(key: _Key) -> tuple[bool, int, str]:
        total = failed.get(key, Counter()).total() + succeeded.get(key, Counter()).total()
        return not key[0], -total, str(key)

    ranked = sorted({*failed, *succeeded}, key=rank)
    return SignInPlaces(
        start=start,
        days=days,
        places=[
            Place(
                suspicious=key[0],
                country=key[1],
                city=key[2],
                asn=key[3],
                addresses=len(addresses[key]),
                failed=sorted(failed.get(key, Counter()).items()),
                succeeded=sorted(succeeded.get(key, Counter()).items()),
            )
            for key in ranked[:MOST_PLACES]
        ],
        other_places=max(0, len(ranked) - MOST_PLACES),
    )
