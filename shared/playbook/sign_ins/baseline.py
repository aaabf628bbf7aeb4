"""What is normal for an account: places, networks, devices, apps and hours of its past.

The past of a sign-in is every success before it, except those from its own address in the last
24 hours: they belong to the same episode, and an attacker must not become usual by trying again.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from shared.models.base import Model
from shared.models.signin import SignIn
from shared.playbook.sign_ins.detection import source_of
from shared.playbook.sign_ins.travel import SAME_PLACE_KM, distance_km

EPISODE = timedelta(hours=24)
THIN_HISTORY = 10
"""With fewer past successes than this, "new" means little and the analysis says so."""
USUAL_SHARE = 0.1
USUAL_DAYS = 3
"""A place or network is usual with a tenth of the successes or on three different days."""
HOURS_NEEDED = 30
"""Past successes needed before an hour of the day or an app can be called unusual."""
HOUR_TOLERANCE = 2
DEVICE_CODE = "devicecode"
"""``AuthenticationProtocol`` of the flow in which another device gets the token."""
_VERSION = "0123456789."


class Place(Model):
    """A region an account signed in from: the first position seen there, and how often."""

    latitude: float
    longitude: float
    country: str | None
    city: str | None
    successes: int
    days: int


class Baseline(Model):
    """An account's past, reduced to what new sign-ins are compared with."""

    successes: int
    days: int
    usual_places: list[Place]
    countries: frozenset[str]
    addresses: frozenset[str]
    networks: frozenset[int]
    """Autonomous system numbers."""
    usual_networks: frozenset[int]
    device_ids: frozenset[str]
    device_kinds: frozenset[str]
    """Operating system and browser family, for sign-ins from unregistered devices."""
    apps: frozenset[str]
    protocols: frozenset[str]
    """Authentication protocols, lower case."""
    hours: frozenset[int]
    """UTC hours of the day with a success."""

    @property
    def thin(self) -> bool:
        """Whether there is too little past to call something unusual with confidence."""
        return self.successes < THIN_HISTORY


def past_of(subject: SignIn, attempts: Sequence[SignIn]) -> list[SignIn]:
    """Return the successes that count as the past of a sign-in, oldest first."""
    own = source_of(subject)
    return [
        event
        for event in attempts
        if event.succeeded
        and event.at < subject.at
        and not (source_of(event) == own and subject.at - event.at <= EPISODE)
    ]


def build_baseline(past: Sequence[SignIn]) -> Baseline:
    """Summarise past successes (oldest first)."""
    return Baseline(
        successes=len(past),
        days=len({event.at.date() for event in past}),
        usual_places=_usual_places(past),
        countries=frozenset(event.country for event in past if event.country),
        addresses=frozenset(address for event in past if (address := source_of(event))),
        networks=frozenset(event.asn for event in past if event.asn is not None),
        usual_networks=_usual_networks(past),
        device_ids=frozenset(event.device_id for event in past if event.device_id),
        device_kinds=frozenset(kind for event in past if (kind := device_kind(event))),
        apps=frozenset(event.app for event in past if event.app),
        protocols=frozenset(
            event.authentication_protocol.lower() for event in past if event.authentication_protocol
        ),
        hours=frozenset(event.at.hour for event in past),
    )


def system_of(event: SignIn) -> str:
    """Return the operating system without version, empty if unknown.

    One table writes ``Windows 10`` and ``Windows10`` for one machine.
    """
    return (event.operating_system or "").split(" ")[0].lower().rstrip(_VERSION)


def device_kind(event: SignIn) -> str | None:
    """Return operating system and browser family without versions, or ``None`` if unknown."""
    system = system_of(event)
    browser = (event.browser or "").split(" ")[0].lower()
    return f"{system}/{browser}" if system or browser else None


def is_known_address(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the account succeeded from this address before; ``None`` without any past."""
    address = source_of(event)
    if not baseline.successes or address is None:
        return None
    return address in baseline.addresses


def is_new_country(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the country is new for the account; ``None`` when it cannot be said."""
    if not baseline.countries or not event.country:
        return None
    return event.country not in baseline.countries


def is_new_network(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the autonomous system is new for the account; ``None`` when it cannot be said."""
    if not baseline.networks or event.asn is None:
        return None
    return event.asn not in baseline.networks


def is_usual_network(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the account often comes from this network; ``None`` when it cannot be said.

    It may well be a VPN: then one more sign-in through it says nothing.
    """
    if not baseline.networks or event.asn is None:
        return None
    return event.asn in baseline.usual_networks


def is_new_app(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the account never used this app; ``None`` with too little past to say."""
    if baseline.successes < HOURS_NEEDED or not baseline.apps or not event.app:
        return None
    return event.app not in baseline.apps


def is_new_device_code(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether a device code was used for the first time; ``None``: the log names no protocol."""
    if not event.authentication_protocol:
        return None
    protocol = event.authentication_protocol.lower()
    return protocol == DEVICE_CODE and protocol not in baseline.protocols


def is_new_device(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether the device is new: by its id when it has one, else by system and browser."""
    if event.device_id and baseline.device_ids:
        return event.device_id not in baseline.device_ids
    kind = device_kind(event)
    if kind is None or not baseline.device_kinds:
        return None
    return kind not in baseline.device_kinds


def is_unusual_hour(baseline: Baseline, event: SignIn) -> bool | None:
    """Whether no past success lies within two hours of this time of day (UTC)."""
    if baseline.successes < HOURS_NEEDED:
        return None
    distances = (abs(event.at.hour - hour) for hour in baseline.hours)
    return min(min(gap, 24 - gap) for gap in distances) > HOUR_TOLERANCE


def distance_to_usual_km(baseline: Baseline, event: SignIn) -> float | None:
    """Return km to the nearest usual place, 0 inside one, ``None`` when either is unknown."""
    if event.latitude is None or event.longitude is None or not baseline.usual_places:
        return None
    nearest = min(
        distance_km(place.latitude, place.longitude, event.latitude, event.longitude)
        for place in baseline.usual_places
    )
    return 0.0 if nearest <= SAME_PLACE_KM else round(nearest, 1)


def _usual_networks(past: Sequence[SignIn]) -> frozenset[int]:
    """Return the networks that are usual; with a thin past none is."""
    times = Counter(event.asn for event in past if event.asn is not None)
    known = times.total()
    if known < THIN_HISTORY:
        return frozenset()
    days: dict[int, set[date]] = defaultdict(set)
    for event in past:
        if event.asn is not None:
            days[event.asn].add(event.at.date())
    return frozenset(
        asn
        for asn, count in times.items()
        if count >= USUAL_SHARE * known or len(days[asn]) >= USUAL_DAYS
    )


def _usual_places(past: Sequence[SignIn]) -> list[Place]:
    """Group positions greedily around the first one seen; with a thin past every place counts."""
    groups: dict[tuple[float, float], list[SignIn]] = defaultdict(list)
    for event in past:
        if event.latitude is None or event.longitude is None:
            continue
        here = (event.latitude, event.longitude)
        centre = next((c for c in groups if distance_km(*c, *here) <= SAME_PLACE_KM), here)
        groups[centre].append(event)
    located = sum(len(events) for events in groups.values())
    places = [_place(centre, events) for centre, events in groups.items()]
    if located < THIN_HISTORY:
        return places
    return [p for p in places if p.successes >= USUAL_SHARE * located or p.days >= USUAL_DAYS]


def _place(centre: tuple[float, float], events: list[SignIn]) -> Place:
    days: set[date] = {event.at.date() for event in events}
    return Place(
        latitude=centre[0],
        longitude=centre[1],
        country=events[0].country,
        city=events[0].city,
        successes=len(events),
        days=len(days),
    )
