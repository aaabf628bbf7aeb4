"""What came of a scenario, as the checker and the console look at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from shared.models.base import Json
from shared.models.block import BlockName

CONTAINMENT_VENDORS = ("entra", "okta", "azure_firewall")
"""Whoever writes here changes what a user or a network can do: every such effect is accounted."""


@dataclass(frozen=True)
class Played:
    """Everything a scenario left behind."""

    answers: list[Json] = field(default_factory=list)
    """One 202 body per delivery: ``{"cases": [{"case_id", "status_url", "created"}]}``."""
    records: list[Json] = field(default_factory=list)
    """One case record per case."""
    ledger: list[Json] = field(default_factory=list)
    held: Json = field(default_factory=dict)
    """What the simulated vendors hold in the end: ``GET /_lab/tenant``."""

    @property
    def record(self) -> Json:
        """The first case's record, empty when there is none."""
        return self.records[0] if self.records else {}

    def effects(self, pattern: str = "*") -> list[Json]:
        """Return the ledger's side effects whose ``vendor operation`` fits the pattern."""
        return [entry for entry in self.ledger if entry["effect"] and fits(entry, pattern)]

    def block(self, name: BlockName) -> Json:
        """Return one block of the first case, empty when it is missing."""
        return block_of(self.record, name)

    def evidence(self) -> list[Json]:
        """Return the evidence items of the first case."""
        return evidence_of(self.record)

    def record_of(self, user_principal_name: str) -> Json:
        """Return the record of an account's case, empty when there is none."""
        wanted = user_principal_name.lower()
        for record in self.records:
            if str((record.get("account") or {}).get("user_principal_name")).lower() == wanted:
                return record
        return {}


def block_of(record: Json, name: BlockName) -> Json:
    """Return one block of a case, empty when it is missing."""
    block: Json = record.get("blocks", {}).get(name, {})
    return block


def evidence_of(record: Json) -> list[Json]:
    """Return the evidence items kept: name, size, sha256, rows and address of each."""
    items: list[Json] = block_of(record, BlockName.EVIDENCE).get("details", {}).get("items", [])
    return items


def fits(entry: Json, pattern: str) -> bool:
    """Tell whether a ledger entry's ``vendor operation`` fits a pattern such as ``entra *``."""
    return fnmatchcase(label(entry), pattern)


def label(entry: Json) -> str:
    """Return ``vendor operation`` of a ledger entry."""
    return f"{entry['vendor']} {entry['operation']}"


def refused(ledger: list[Json]) -> Iterator[Json]:
    """Yield the requests a vendor refused by itself: a broken specification, or 4xx.

    Not the ones it was told to refuse by a fault, nor "there is none" as the answer to a read.
    """
    for entry in ledger:
        status = entry["status"]
        is_answer = entry.get("method") == "GET" and status == 404
        bad = 400 <= status < 500 and not entry.get("fault") and not is_answer
        if entry.get("violation") or bad:
            yield entry
