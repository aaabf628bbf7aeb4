"""Ports of what is kept: evidence, case records, which case answers for an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.models.base import Json
from shared.models.message import EvidenceItem
from shared.models.query import CasePage


class EvidenceStore(Protocol):
    """Where evidence is kept. Items are named within a case and never overwritten with others."""

    async def put(
        self, case_id: str, name: str, content: bytes, *, content_type: str, source: str
    ) -> EvidenceItem:
        """Store one item and return its reference and hash."""
        ...

    async def put_rows(
        self,
        case_id: str,
        name: str,
        rows: Sequence[Json],
        *,
        source: str,
        query: str,
        start: datetime,
        end: datetime,
    ) -> EvidenceItem:
        """Store rows as gzip-compressed JSON Lines and return the item's reference and hash."""
        ...

    async def get(self, case_id: str, name: str) -> bytes:
        """Return an item's bytes as stored; ``NotFound`` if there is none."""
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
