"""Impossible travel: two successes of one account farther apart than anyone travels.

Two places alone prove nothing: a VPN, a split office egress or a phone's carrier moves people
between countries in minutes, all day. So one end must be *new* for the account (no earlier success
from its address, network, device or within 50 km) while the other is not, and the new end's address
must not be one that other accounts of the organisation use too (its own egress).

The same condition as a Sentinel rule: ``infra/detections/impossible_travel.yaml``.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models.base import UtcDatetime
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detected import Detection, name_of
from shared.playbook.sign_ins.detection import distinct_attempts, external_source_of, user_of
from shared.playbook.sign_ins.travel import (
    IMPOSSIBLE_KM,
    IMPOSSIBLE_KM_PER_HOUR,
    SAME_PLACE_KM,
    distance_km,
    speed_km_per_hour,
)

LONGEST = timedelta(hours=24)
"""Between two ends; half the earth at the speed of an airliner takes 22 hours."""
SHARED_BY_USERS = 3
"""An address with earlier successes of so many other accounts is an egress of the organisation.
Chosen: below the number of people in any office, above that of victims of one intruder's address
before the spray and brute-force rules have seen it."""


class ImpossibleTravel(Detection):
    """A success at a new place, too far from the account's usual one for the time between."""

    country: str | None
    city: str | None
    other_address: str
    other_at: UtcDatetime
    other_country: str | None
    other_city: str | None
    km: int
    km_per_hour: int


class _End(NamedTuple):
    """A success that can be placed."""

    event: SignIn
    address: str
    latitude: float
    longitude: float

    def is_like(self, other: "_End") -> bool:
        """Whether two ends share address, network, device or place."""
        return (
            self.address == other.address
            or (self.event.asn is not None and self.event.asn == other.event.asn)
            or (bool(self.event.device_id) and self.event.device_id == other.event.device_id)
            or self.km_to(other) <= SAME_PLACE_KM
        )

    def km_to(self, other: "_End") -> float:
        """Return the distance in km."""
        return distance_km(self.latitude, self.longitude, other.latitude, other.longitude)


def find_impossible_travel(events: Sequence[SignIn]) -> list[ImpossibleTravel]:
    """Return impossible travels of every account, oldest first.

    Args:
        events: sign-ins in any order. With those of the whole organisation its shared egress
            addresses are known; with one account's alone they are not.
    """
    ends: dict[str, list[_End]] = defaultdict(list)
    first_use: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in distinct_attempts(events):
        address = external_source_of(event) if event.succeeded else None
        if address is None:
            continue
        first_use[address].setdefault(user_of(event), event.at)
        if event.latitude is not None and event.longitude is not None:
            ends[user_of(event)].append(_End(event, address, event.latitude, event.longitude))
    found = [
        travel
        for own in ends.values()
        for travel in _of_user(own)
        if not _is_shared(first_use[travel.address], travel)
    ]
    return sorted(found, key=lambda travel: (travel.sign_in_at, travel.user, travel.address))


def _is_shared(users: dict[str, datetime], travel: ImpossibleTravel) -> bool:
    others = (at for user, at in users.items() if user != travel.user)
    return sum(at < travel.sign_in_at for at in others) >= SHARED_BY_USERS


def _of_user(ends: list[_End]) -> Iterable[ImpossibleTravel]:
    kinds: list[_End] = []
    """The first end of each kind seen so far: what makes a later end known."""
    for end in _first_of_each_kind(ends):
        known = [kind for kind in kinds if kind.event.at < end.event.at]
        if known and not any(end.is_like(kind) for kind in known):
            other = _nearest(end, ends, known)
            if other is not None:
                yield _travel(end, other)
        kinds.append(end)


def _first_of_each_kind(ends: list[_End]) -> Iterable[_End]:
    """Leave out repetitions: an account has thousands of sign-ins and few kinds of them."""
    seen: set[tuple[str, int | None, str | None, float, float]] = set()
    for end in ends:
        event = end.event
        kind = (end.address, event.asn, event.device_id, end.latitude, end.longitude)
        if kind not in seen:
            seen.add(kind)
            yield end


def _nearest(end: _End, ends: list[_End], known: list[_End]) -> _End | None:
    """Return the impossible other end that is nearest in time, or ``None``."""
    at = end.event.at
    start = bisect_left(ends, at - LONGEST, key=lambda other: other.event.at)
    candidates = []
    for other in ends[start:]:
        if other.event.at > at + LONGEST:
            break
        if not end.is_like(other) and _is_impossible(end, other):
            candidates.append(other)
    return min(
        (
            other
            for other in candidates
            if other.event.at < at or any(other.is_like(kind) for kind in known)
        ),
        key=lambda other: (abs(other.event.at - at), other.event.at, other.event.id),
        default=None,
    )


def _is_impossible(end: _End, other: _End) -> bool:
    km = end.km_to(other)
    speed = speed_km_per_hour(km, end.event.at, other.event.at)
    return km >= IMPOSSIBLE_KM and speed > IMPOSSIBLE_KM_PER_HOUR


def _travel(end: _End, other: _End) -> ImpossibleTravel:
    km = end.km_to(other)
    return ImpossibleTravel(
        user=user_of(end.event),
        user_principal_name=name_of(end.event),
        address=end.address,
        sign_in_id=end.event.id,
        sign_in_at=end.event.at,
        detected_at=max(end.event.at, other.event.at),
        country=end.event.country,
        city=end.event.city,
        other_address=other.address,
        other_at=other.event.at,
        other_country=other.event.country,
        other_city=other.event.city,
        km=round(km),
        km_per_hour=round(speed_km_per_hour(km, end.event.at, other.event.at)),
    )
