"""Ports of what is kept: evidence, case records, which case answers for an account."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.models.base import Json
from shared.models.dependency import Seen
from shared.models.message import EvidenceItem
from shared.models.query import CasePage


class RowsWriter(Protocol):
    """Rows on their way into one item; nothing is there before they are committed."""

    rows: int
    """Rows written so far."""

    async def write(self, rows: Sequence[Json]) -> None:
        """Add rows, in order; they leave memory in compressed blocks."""
        ...

    async def commit(self, *, end: datetime, partial: str = "") -> EvidenceItem:
        """Make the item, whose rows reach up to ``end``; the item of whoever was first wins."""
        ...


class EvidenceReader(Protocol):
    """Evidence as somebody reads it who has to check it."""

    async def get(self, case_id: str, name: str) -> bytes:
        """Return an item's bytes as stored; ``NotFound`` if there is none."""
        ...

    def read(self, case_id: str, name: str) -> AsyncIterator[bytes]:
        """Return an item's bytes in parts of bounded size; ``NotFound`` if there is none."""
        ...

    async def list_items(self, case_id: str) -> list[EvidenceItem]:
        """Return what is stored about a case, by name, as it was said when it was stored.

        Something that was not stored through this port has no hash.
        """
        ...


class EvidenceStore(EvidenceReader, Protocol):
    """Where evidence is kept. Items are named within a case and never overwritten with others."""

    async def put(
        self,
        case_id: str,
        name: str,
        content: bytes,
        *,
        content_type: str,
        source: str,
        beside: bool = True,
    ) -> EvidenceItem:
        """Store one item and return its reference and hash.

        Other content under the same name is stored beside it, or, when not ``beside``, refused
        with ``Conflict``.
        """
        ...

    def write_rows(
        self, case_id: str, name: str, *, source: str, query: str, start: datetime
    ) -> RowsWriter:
        """Return a writer of rows from ``start`` on, as gzip-compressed JSON Lines."""
        ...


class CaseStore(Protocol):
    """Where case records are kept."""

    async def load(self, case_id: str) -> tuple[Json, str] | None:
        """Return the record and its ETag, or ``None`` when there is none."""
        ...

    async def save(self, case_id: str, record: Json, *, etag: str | None) -> str:
        """Write the record; ``etag=None`` creates. ``Conflict`` when somebody was faster."""
        ...

    async def claim(self, case_id: str, name: str, facts: Json) -> Json | None:
        """Record that ``name`` is about to be done; ``None`` for the first to do so.

        A later claim of the same name changes nothing and returns the facts of the first one:
        that is how a redelivered activity learns that it has been tried before.
        """
        ...

    async def get_claim(self, case_id: str, name: str) -> Json | None:
        """Return the facts of a claim, or ``None`` when nobody has claimed it."""
        ...

    async def list_cases(self, *, page_size: int, token: str | None) -> CasePage:
        """Return one page of case summaries; ``token`` comes from the page before."""
        ...


class DependencyStates(Protocol):
    """How each vendor answered last, whichever instance has seen it."""

    async def put(self, states: Mapping[str, Seen]) -> None:
        """Write states over older ones."""
        ...

    async def read(self) -> dict[str, Seen]:
        """Return the states of all vendors."""
        ...


class OpenCases(Protocol):
    """Which case answers for an account now, and the incidents that wait to join a case.

    A claim is ``{"case_id", "opened_at", "case": CaseRequest}``. A waiting incident is named so
    that names in order are incidents in order of weight (``shared.playbook.joining.waiting_name``).
    """

    async def claim(self, account_key: str, claim: Json) -> Json | None:
        """Make a case the account's open one; ``None`` when it is, else the claim that is there."""
        ...

    async def holder(self, account_key: str) -> Json | None:
        """Return the claim of the account's open case, or ``None``."""
        ...

    async def release(self, account_key: str, case_id: str) -> None:
        """End the claim if it is still this case's; a later case's claim is left alone."""
        ...

    async def put_joining(self, case_id: str, name: str, incident: Json) -> None:
        """Let an incident wait for the case; under the same name again it changes nothing."""
        ...

    async def list_joining(self, case_id: str) -> list[str]:
        """Return the names of waiting incidents, in order; a bounded number at a time."""
        ...

    async def get_joining(self, case_id: str, name: str) -> Json | None:
        """Return one waiting incident, ``None`` when it has been taken away."""
        ...

    async def drop_joining(self, case_id: str, name: str) -> None:
        """Take a waiting incident away; one that is not there is fine."""
        ...
