"""How often one link, one signed-in person or one address may ask what anybody can reach.

Counted in the memory of one instance: as many instances as run let pass so many times as much. That
is enough for what it is for, which is that nobody makes the app read storage or render pages all
day; a signature of 256 bits is not guessed at any rate. Who holds no link of a case cannot use up
what its holders and people who are signed in may ask, not even at the same address: proof is looked
for before anything is counted, and costs a few hashes.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field

import azure.functions as func

from shared.case_links import Claims, Purpose, Use, read_token
from shared.settings import Settings
from triggers.principal import signed_in
from triggers.sessions import session_of

LINK_A_MINUTE = 60
"""Requests by one link, session or person: a page is two, a decision three."""
ADDRESS_A_MINUTE = 300
"""Requests from one address, behind which a whole SOC may sit; of IPv6, from one /64.

Who shows nothing genuine has one count there, who holds a link of one case and purpose another: a
link opens as many sessions as one likes.
"""
MOST_KEYS = 10_000
"""What is remembered of each kind; the one that asked least lately is forgotten first."""


@dataclass
class Rate:
    """So many requests a minute for each key, as many at once; the generic cell rate algorithm.

    Of each key one time is kept: when its next request would be due if it asked evenly (ITU-T
    I.371, "virtual scheduling").
    """

    a_minute: int
    most_keys: int = MOST_KEYS
    _due: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def wait(self, key: str, *, now: float) -> float:
        """Count a request; return 0, or how many seconds it came too early. ``now``: seconds."""
        interval = 60 / self.a_minute
        due = max(self._due.pop(key, now), now)
        early = due - now - (60 - interval)
        self._due[key] = due if early > 0 else due + interval
        while len(self._due) > self.most_keys:
            self._due.popitem(last=False)
        return max(0.0, early)

    def __len__(self) -> int:
        return len(self._due)


@dataclass
class Limits:
    """The limits of all routes together."""

    holder: Rate = field(default_factory=lambda: Rate(LINK_A_MINUTE))
    address: Rate = field(default_factory=lambda: Rate(ADDRESS_A_MINUTE))

    def seconds_to_wait(self, request: func.HttpRequest, settings: Settings, *, now: float) -> int:
        """Count a request; return 0 when it may pass, else after how many seconds to ask again."""
        keys = zip((self.holder, self.address), keys_of(request, settings), strict=True)
        waits = [rate.wait(key, now=now) for rate, key in keys if key]
        return math.ceil(max(waits, default=0.0))


LIMITS = Limits()


def keys_of(request: func.HttpRequest, settings: Settings) -> tuple[str, str]:
    """Return what a request is counted by: who asks, and where from; empty: not by that.

    They are hashes, but for an address: what is remembered opens nothing.
    """
    person, address = signed_in(request), address_of(request)
    if person is not None:
        return _hashed(f"person {person.id}"), ""
    held = _genuine(request, settings)
    if held is None:
        shown = request.params.get("token", "") or request.headers.get("cookie", "")
        return _hashed(f"shown {shown}") if shown else "", address
    purpose, token = held
    place = f"{address} {purpose} {request.route_params.get('case_id', '')}"
    return _hashed(f"held {token}"), _hashed(place) if address else ""


def _genuine(request: func.HttpRequest, settings: Settings) -> tuple[Purpose, str] | None:
    """Return the link or session of this case that is shown, and what it is for.

    A cookie has other parts, which anybody can vary; only the session's own value counts.
    """
    if settings.link_signing_key is None:
        return None
    key, case_id = settings.link_signing_key.get_secret_value(), request.route_params.get("case_id")
    token = request.params.get("token", "")
    shown = [(one, Use.LINK, token) for one in (Purpose.REPORT, Purpose.DECISION)]
    shown += [(one, Use.SESSION, session_of(request, one)) for one in Purpose]
    for purpose, use, text in shown:
        if text and case_id:
            claims = read_token(key, text, case_id, purpose, now=time.time(), use=use)
            if isinstance(claims, Claims):
                return purpose, text
    return None


def _hashed(text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def address_of(request: func.HttpRequest) -> str:
    """Return the caller's address; empty when the platform does not say it.

    App Service appends the address, with its port, to ``X-Forwarded-For``; what stands before the
    last comma is the caller's own invention.
    """
    last = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    host = last[1:].partition("]")[0] if last.startswith("[") else last
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
