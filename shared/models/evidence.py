"""Evidence: what is kept, the manifest that lists it, and the case's events as a chain.

A chain makes a change of the past visible: each event's hash covers the hash before it, so one
altered, removed or inserted event changes every hash after it, and the last one, the head, stands
for all. The head is in the manifest, the manifest's hash in the ticket, where this app's storage
does not reach.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field

from shared.models.base import Json, Model, UtcDatetime, format_utc, parse_utc
from shared.models.message import EvidenceItem

FORMAT = "tourniquet-evidence/1"
COLLECTOR = "tourniquet 1.0.0"
"""What collected an item, and its version: stored with each item."""
CHAIN_START = hashlib.sha256(FORMAT.encode()).hexdigest()
"""What the first event's hash covers in place of a predecessor's."""
_MANIFEST = re.compile(r"manifest(?:-([2-9]|[1-9][0-9]{1,4}))?\.json", re.ASCII)
LAST_SEAL = "end of the watch"
"""Why the last manifest of a run is made: nothing is kept after it."""
EVENTS = "events.jsonl"
"""Name of the item with the chain of the case's events."""


class ChainedEvent(Model):
    """One event of the case, in the order in which it was written down."""

    n: int
    """Counts from 1."""
    at: UtcDatetime
    event: str
    sha256: str
    """SHA-256 in hexadecimal over the predecessor's hash and this event, see :func:`event_hash`."""


class Missing(Model):
    """A source that is not among the evidence, in whole or in part."""

    source: str
    reason: str
    by_hand: str
    """What a person can do to get it."""


NO_ADDRESS_AT_ALL = "-"


class LeftOut(Model):
    """An item that was left out on purpose for one of the case's addresses."""

    item: str
    address: str
    """``-`` when the case knows none."""
    reason: str


def is_last_seal(why: str, run: str = "") -> bool:
    """Return whether a manifest's ``why`` is the end of a watch: of this run, or of any."""
    what, _, ended = why.partition(", run ")
    return what == LAST_SEAL and (not run or not ended or ended == run)


class ManifestReference(Model):
    """An earlier manifest of the case."""

    name: str
    sha256: str


class ChainHead(Model):
    """The case's events up to a manifest."""

    item: str
    """Name of the item that has them."""
    count: int
    head: str
    """Hash of the last of them."""


class Manifest(Model):
    """All evidence of a case. A later revision lists everything anew and names its predecessor."""

    format: Literal["tourniquet-evidence/1"] = "tourniquet-evidence/1"
    case_id: str
    revision: int = Field(ge=1)
    why: str
    """What had happened when it was made, and which try of the case made it."""
    made_at: UtcDatetime
    collector: str = COLLECTOR
    previous: ManifestReference | None = None
    parameters: Json = Field(default_factory=dict)
    """Values of the queries: each is put in front of a query as a ``let`` literal."""
    items: list[EvidenceItem]
    missing: list[Missing] = Field(default_factory=list)
    left_out: list[LeftOut] = Field(default_factory=list)
    """What is not among the items on purpose, and why."""
    events: ChainHead


class State(StrEnum):
    """What became of an item since it was kept."""

    OK = "ok"
    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    UNSEALED = "unsealed"
    """Kept by the case after its newest manifest; the next one will list it."""


class Finding(Model):
    """One item, checked."""

    name: str
    state: State
    detail: str = ""
    sha256: str | None = None


class EvidenceCheck(Model):
    """All evidence of a case, checked."""

    case_id: str
    manifest: str | None = None
    """Name of the manifest that everything was compared with; ``None``: there is none to trust."""
    manifest_sha256: str | None = None
    revision: int | None = None
    made_at: UtcDatetime | None = None
    not_collected: list[Missing] = Field(default_factory=list)
    """Sources that never were among the evidence."""
    findings: list[Finding]

    @property
    def is_sound(self) -> bool:
        """Whether everything is as it was kept."""
        return all(one.state in (State.OK, State.UNSEALED) for one in self.findings)


def manifest_name(revision: int) -> str:
    """Return the name of a manifest: ``manifest.json``, then ``manifest-2.json`` and so on."""
    return "manifest.json" if revision == 1 else f"manifest-{revision}.json"


def is_manifest(name: str) -> bool:
    """Return whether an item's name is a manifest's."""
    return _MANIFEST.fullmatch(name) is not None


def revision_of(name: str) -> int:
    """Return the revision of a manifest by its name; 0 when it is no manifest."""
    found = _MANIFEST.fullmatch(name)
    return int(found[1] or 1) if found else 0


def event_hash(previous: str, n: int, at: str, event: str) -> str:
    """Return the hash of an event after ``previous``.

    SHA-256 over ``previous``, a line feed, and the JSON array ``[n, at, event]`` without blanks,
    as UTF-8 with only ASCII characters; ``at`` is ISO 8601 UTC with milliseconds and ``Z``.
    """
    entry = json.dumps([n, at, event], separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


def extend_chain(chain: Sequence[Json], timeline: Iterable[Json]) -> list[Json]:
    """Return the chain with every entry of the timeline that it does not have yet.

    The timeline is sorted by time and may get an entry in the middle; the chain only ever grows at
    its end. The same timeline again changes nothing.
    """
    longer = list(chain)
    known = {(entry["at"], entry["event"]) for entry in chain}
    for entry in timeline:
        at, event = format_utc(parse_utc(entry["at"])), str(entry["event"])
        if (at, event) in known:
            continue
        known.add((at, event))
        previous = longer[-1]["sha256"] if longer else CHAIN_START
        n = len(longer) + 1
        digest = event_hash(previous, n, at, event)
        longer.append({"n": n, "at": at, "event": event, "sha256": digest})
    return longer


def chain_head(chain: Sequence[Json], item: str) -> ChainHead:
    """Return how long a chain is and its last hash, and the name of the item that has it."""
    head = chain[-1]["sha256"] if chain else CHAIN_START
    return ChainHead(item=item, count=len(chain), head=head)


def first_broken(chain: Sequence[Json]) -> int | None:
    """Return the number of the first event that does not fit its predecessor, ``None`` if all do.

    The number is the event's place in the list, from 1: what it says of itself may be the lie.
    """
    previous = CHAIN_START
    for place, entry in enumerate(chain, 1):
        try:
            expected = event_hash(previous, place, str(entry["at"]), str(entry["event"]))
            fits = entry["n"] == place and entry["sha256"] == expected
        except KeyError:
            return place
        if not fits:
            return place
        previous = expected
    return None
