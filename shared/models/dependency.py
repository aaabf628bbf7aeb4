"""How a vendor answered last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.models.base import Json, format_utc

WORKING, FAILING = "working", "failing"


@dataclass(frozen=True)
class Seen:
    """How a vendor answered last."""

    state: str
    since: datetime
    """When it began to be so, as far as is known."""
    at: datetime
    """The last call that said so."""
    error: str | None = None
    """The kind of the last failure; never a text of the vendor."""

    def to_json(self) -> Json:
        """Return it as it is shown and stored."""
        shown: Json = {"state": self.state}
        shown |= {"since": format_utc(self.since), "last_call": format_utc(self.at)}
        return shown | ({"error": self.error} if self.error else {})


def latest(stored: Mapping[str, Seen], own: Mapping[str, Seen]) -> dict[str, Seen]:
    """Return of each vendor what was seen last, with when it began to be so."""
    return {name: _later(stored.get(name), own.get(name)) for name in sorted({*stored, *own})}


def _later(one: Seen | None, other: Seen | None) -> Seen:
    known = sorted((each for each in (one, other) if each), key=lambda each: each.at)
    last, first = known[-1], known[0]
    since = min(first.since, last.since) if first.state == last.state else last.since
    return Seen(last.state, since, last.at, last.error)
