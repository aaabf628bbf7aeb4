"""In-memory stores, ticketing and channels behind the ports, which can be told to fail."""

import asyncio
import gzip
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.base import Json
from shared.models.evidence import COLLECTOR
from shared.models.message import (
    EvidenceItem,
    Notification,
    NotificationReceipt,
    Ticket,
    TicketReference,
)
from shared.models.query import CasePage

COLLECTED_AT = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


class Fake:
    """Counts calls; raises what ``failing`` says for a method.

    Activities of a durable engine come on threads of their own: what a store does in one step is
    done under ``step``.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.step = threading.RLock()

    def called(self, method: str) -> int:
        """Return how often a method was called."""
        return self.calls.count(method)

    def _call(self, method: str) -> None:
        self.calls.append(method)
        if method in self.failing:
            raise self.failing[method]


class FakeEvidence(Fake):
    """Keeps items in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs: dict[str, bytes] = {}
        self.items: dict[str, EvidenceItem] = {}

    def keep(self, case_id: str, name: str, content: bytes, **facts: Any) -> EvidenceItem:
        """Keep an item unless there is one of this name; return the one that is there then."""
        full_name = f"{case_id}/{name}"
        if full_name not in self.blobs:
            self.blobs[full_name] = content
            self.items[full_name] = EvidenceItem(
                name=name,
                url=f"https://blobs.example/evidence/{case_id}/{name}",
                sha256=hashlib.sha256(content).hexdigest(),
                size=len(content),
                collector=COLLECTOR,
                collected_at=COLLECTED_AT,
                **facts,
            )
        return self.items[full_name]

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
        self._call("put")
        digest = hashlib.sha256(content).hexdigest()
        item = self.keep(case_id, name, content, source=source)
        if item.sha256 == digest:
            return item
        if not beside:
            raise Conflict("other evidence has this name already", vendor="blob")
        stem, dot, extension = name.partition(".")
        return self.keep(case_id, f"{stem}-{digest[:16]}{dot}{extension}", content, source=source)

    def write_rows(
        self, case_id: str, name: str, *, source: str, query: str, start: datetime
    ) -> "FakeRowsWriter":
        return FakeRowsWriter(self, case_id, name, source, query, start)

    async def get(self, case_id: str, name: str) -> bytes:
        self._call("get")
        try:
            return self.blobs[f"{case_id}/{name}"]
        except KeyError:
            raise NotFound("there is no such item", vendor="blob", operation="get") from None

    async def read(self, case_id: str, name: str) -> AsyncIterator[bytes]:
        content = await self.get(case_id, name)
        for offset in range(0, len(content), 1000):
            yield content[offset : offset + 1000]

    async def list_items(self, case_id: str) -> list[EvidenceItem]:
        self._call("list_items")
        names = sorted(name for name in self.blobs if name.startswith(f"{case_id}/"))
        return [self._listed(name) for name in names]

    def _listed(self, full_name: str) -> EvidenceItem:
        """Return the item; something put there by a test has no hash, as in the store."""
        known = self.items.get(full_name)
        size = len(self.blobs[full_name])
        if known is not None:
            return known.model_copy(update={"size": size, "query": None})
        return EvidenceItem(
            name=full_name.partition("/")[2],
            url=f"https://blobs.example/evidence/{full_name}",
            sha256="",
            size=size,
            source="not known",
            collected_at=COLLECTED_AT,
        )


class FakeRowsWriter:
    """Keeps rows until they are committed; the item that is there already wins."""

    def __init__(
        self,
        store: FakeEvidence,
        case_id: str,
        name: str,
        source: str,
        query: str,
        start: datetime,
    ) -> None:
        self.rows = 0
        self._store, self._case_id, self._name = store, case_id, name
        self._source, self._query, self._start = source, query, start
        self._lines: list[str] = []

    async def write(self, rows: Sequence[Json]) -> None:
        self._store._call("write_rows")
        self._lines += [json.dumps(row) + "\n" for row in rows]
        self.rows += len(rows)

    async def commit(self, *, end: datetime, partial: str = "") -> EvidenceItem:
        self._store._call("commit")
        return self._store.keep(
            self._case_id,
            self._name,
            gzip.compress("".join(self._lines).encode(), mtime=0),
            source=self._source,
            query=self._query,
            rows=self.rows,
            time_range=(self._start, end),
            partial=partial,
        )


class FakeCases(Fake):
    """Keeps records with ETags; ``rival`` may change a record between load and save."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, Json] = {}
        self.rivals: list[Json] = []
        self.claims: dict[str, Json] = {}

    def _etag(self, case_id: str) -> str | None:
        found = self.records.get(case_id)
        text = json.dumps(found, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest() if found else None

    async def load(self, case_id: str) -> tuple[Json, str] | None:
        self._call("load")
        with self.step:
            etag = self._etag(case_id)
            return (json.loads(json.dumps(self.records[case_id])), etag) if etag else None

    async def save(self, case_id: str, record: Json, *, etag: str | None) -> str:
        self._call("save")
        with self.step:
            if self.rivals:
                self.records[case_id] = self.rivals.pop(0)
            if etag != self._etag(case_id):
                raise Conflict("somebody was faster", vendor="blob", operation="save", status=412)
            self.records[case_id] = record
            return self._etag(case_id) or ""

    async def claim(self, case_id: str, name: str, facts: Json) -> Json | None:
        self._call("claim")
        with self.step:
            found = self.claims.get(f"{case_id}/{name}")
            self.claims.setdefault(f"{case_id}/{name}", facts)
        return found

    async def get_claim(self, case_id: str, name: str) -> Json | None:
        self._call("get_claim")
        return self.claims.get(f"{case_id}/{name}")

    async def list_cases(self, *, page_size: int, token: str | None) -> CasePage:
        self._call("list_cases")
        if token is not None and not (token.isascii() and token.isdigit()):
            raise PermanentError("not a page token", vendor="blob", operation="record.list")
        ids = sorted(self.records)[int(token or 0) :][:page_size]
        return CasePage(cases=[{"case_id": case_id} for case_id in ids])


class FakeOpenCases(Fake):
    """Keeps the accounts' open cases, and the incidents that wait to join them."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[str, Json] = {}
        self.joining: dict[str, dict[str, Json]] = {}

    async def claim(self, account_key: str, claim: Json) -> Json | None:
        self._call("claim")
        await asyncio.sleep(0)
        with self.step:
            found = self.claims.get(account_key)
            self.claims.setdefault(account_key, claim)
        return found

    async def holder(self, account_key: str) -> Json | None:
        self._call("holder")
        await asyncio.sleep(0)
        return self.claims.get(account_key)

    async def release(self, account_key: str, case_id: str) -> None:
        self._call("release")
        with self.step:
            if (self.claims.get(account_key) or {}).get("case_id") == case_id:
                del self.claims[account_key]

    async def put_joining(self, case_id: str, name: str, incident: Json) -> None:
        self._call("put_joining")
        self.joining.setdefault(case_id, {}).setdefault(name, incident)
        await asyncio.sleep(0)

    async def list_joining(self, case_id: str) -> list[str]:
        self._call("list_joining")
        return sorted(self.joining.get(case_id, {}))

    async def get_joining(self, case_id: str, name: str) -> Json | None:
        self._call("get_joining")
        return self.joining.get(case_id, {}).get(name)

    async def drop_joining(self, case_id: str, name: str) -> None:
        self._call("drop_joining")
        self.joining.get(case_id, {}).pop(name, None)


class FakeTicketing(Fake):
    """Keeps the tickets it was given."""

    name = "tickets"

    def __init__(self) -> None:
        super().__init__()
        self.tickets: list[Ticket] = []
        self.ticket_id = "INC0010001"
        self.is_there = True
        """Whether the case has its ticket already."""

    async def upsert(self, ticket: Ticket) -> TicketReference:
        self._call("upsert")
        if ticket.must_exist and not self.is_there:
            raise NotFound("the case has no ticket", vendor=self.name)
        self.tickets.append(ticket)
        url = f"https://itsm.example/{self.ticket_id}"
        return TicketReference(ticket_id=self.ticket_id, url=url)


class FakeNotifier(Fake):
    """Keeps the messages it was given."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.channel = channel
        self.reference: str | None = None
        self.messages: list[Notification] = []

    async def notify(self, notification: Notification) -> NotificationReceipt:
        self._call("notify")
        self.messages.append(notification)
        return NotificationReceipt(channel=self.channel, reference=self.reference)
