"""How often one link, one signed-in person or one address may ask what anybody can reach.

Counted in the memory of one instance: as many instances as run let pass so many times as much. That
is enough for what it is for, which is that nobody makes the app read storage or render pages all
day; a signature of 256 bits is not guessed at any rate. Who does not hold a link cannot use up what
its holder may ask.
"""

import hashlib
import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass, field

import azure.functions as func

from triggers.principal import signed_in

LINK_A_MINUTE = 60
"""Requests by one link, session or person: a page is two, a decision three."""
ADDRESS_A_MINUTE = 300
"""Requests from one address, behind which a whole SOC may sit; of IPv6, from one /64."""
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

    def seconds_to_wait(self, request: func.HttpRequest, *, now: float) -> int:
        """Count a request; return 0 when it may pass, else after how many seconds to ask again."""
        keys = ((self.address, address_of(request)), (self.holder, holder_of(request)))
        waits = [rate.wait(key, now=now) for rate, key in keys if key]
        return math.ceil(max(waits, default=0.0))


LIMITS = Limits()


def holder_of(request: func.HttpRequest) -> str:
    """Return what stands for whoever shows a link, a session or a sign-in; empty: nothing shown.

    It is a hash: what is remembered opens nothing.
    """
    person = signed_in(request)
    shown = request.params.get("token", "") or request.headers.get("cookie", "")
    text = f"person {person.id}" if person else f"shown {shown}" if shown else ""
    raw = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16).hexdigest() if text else ""


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
