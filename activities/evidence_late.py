"""Rows that come late to the logs: a second pass at the end of the watch, no row twice.

Logs arrive minutes to hours after what they tell of. The first pass took what was there; this one
reads the same time range once more and keeps what the first did not, and what happened since. Both
are sorted by time, so that they are compared as they stream by, whatever their size.
"""

import asyncio
import json
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from activities.evidence import (
    AT_ONCE,
    exports_of,
    folder_of,
    hostile_in,
    parameters_of,
    raise_if_store_is_away,
    stored,
)
from activities.evidence_export import TableExport, moment_of
from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import NotConfigured
from shared.models.base import Json, parse_utc
from shared.models.case import CaseRequest
from shared.models.evidence import Missing
from shared.models.message import EvidenceItem
from shared.playbook.acting.evidence import missing_export
from shared.playbook.acting.exports import EvidenceExport
from shared.ports import EvidenceReader, RowsWriter
from shared.settings import get_settings

FOLDER = "late/"
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 1024 * 1024
"""Bytes that are unpacked at a time."""


async def export_late_rows(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Export the rows that the first pass could not have: they came later, or happened later.

    Input: ``{"case": CaseRequest, "user_principal_name", "round": of the latest export, "until"}``.
    With ``hostile``, the addresses that logs are asked by, too.
    Output: ``{"items": [EvidenceItem], "missing": [Missing]}``; a table with nothing new has no
    item, unless the log's answer was partial: then it is missing, too. A table whose number of
    rows is what was exported is not read again.

    Effect: blobs ``<case_id>/<run>/late/...`` in the evidence container; none is ever overwritten.
    Idempotency: parts that are stored are not exported again; a run that was interrupted goes on
    behind its last part.
    Permission: Log Analytics Reader; Storage Blob Data Contributor on the evidence container.

    Raises:
        RetryableError: the store does not answer; what is stored by then stays.
        Unauthenticated: our token for the store is refused, or there is none now; the same.
    """
    case = CaseRequest.model_validate(payload["case"])
    parameters = parameters_of(case, payload)
    settings, providers = get_settings(), get_providers()
    start, until = case.now - timedelta(hours=settings.look_back_hours), parse_utc(payload["until"])
    try:
        store, siem = providers.require("evidence"), providers.require("siem")
    except NotConfigured:
        return {"items": [], "missing": []}
    found = await stored(store, case.case_id)
    gate = asyncio.Semaphore(AT_ONCE)

    async def export_one(export: EvidenceExport) -> list[EvidenceItem]:
        pass_ = LatePass(
            siem,
            store,
            case.case_id,
            export,
            parameters,
            start,
            until,
            folder=f"{folder_of(case.run)}{FOLDER}",
            since=case.now,
            known=first_parts(export, found, int(payload["round"]), case.run),
        )
        async with gate:
            return await pass_.run(found)

    exports = exports_of(siem, settings, hostile_in(payload))
    done = await asyncio.gather(*map(export_one, exports), return_exceptions=True)
    items: list[EvidenceItem] = []
    missing: list[Missing] = []
    for export, parts in zip(exports, done, strict=True):
        if isinstance(parts, BaseException):
            raise_if_store_is_away(parts)
            why = f"rows that came late: {explain(parts)}"
            missing.append(missing_export(export, why, start, until))
            continue
        items += parts
        missing += [
            missing_export(export, f"rows that came late: partial, {part.partial}", start, until)
            for part in parts
            if part.partial
        ]
    return {
        "items": [item.to_json() for item in items],
        "missing": [one.to_json() for one in missing],
    }


def first_parts(
    export: EvidenceExport, found: dict[str, EvidenceItem], number: int, run: str = ""
) -> list[EvidenceItem]:
    """Return what the latest round that exported the table has of it, in order."""
    for round_ in range(number, 0, -1):
        folder = folder_of(run, round_)
        parts: list[EvidenceItem] = []
        while (item := found.get(f"{folder}{export.part_name(len(parts) + 1)}")) is not None:
            parts.append(item)
        if parts:
            return parts
    return []


@dataclass(frozen=True)
class LatePass(TableExport):
    """One table's second pass."""

    since: datetime = field(kw_only=True)
    """Up to when the first pass reached."""
    known: list[EvidenceItem] = field(kw_only=True)
    """What the first pass has stored."""

    async def run(self, found: dict[str, EvidenceItem]) -> list[EvidenceItem]:
        """Export what is new and not stored yet; return all parts in order, none if none is.

        Raises:
            TourniquetError: see ``shared.errors``; parts that are finished stay.
        """
        parts: list[EvidenceItem] = []
        position = self.since if await self._is_all_known() else self.start
        known = KnownRows(self.store, self.case_id, self.known)
        while position < self.end:
            name = self.part_name(len(parts) + 1)
            item = found.get(name) or await self._write_late(name, position, known)
            if item is None or item.time_range is None:
                break
            parts.append(item.model_copy(update={"query": self.export.query}))
            if item.time_range[1] <= position:
                break
            position = item.time_range[1]
        return parts

    async def _is_all_known(self) -> bool:
        """Return whether the log has as many rows of the first pass's time as were exported."""
        ranges = [item.time_range for item in self.known if item.time_range]
        if not ranges or ranges[-1][1] < self.since or any(item.partial for item in self.known):
            return False
        counts = self.export.counts()
        if not counts:
            return False
        answer = await self._run(counts, self.start, self.since, pageStep=self.since - self.start)
        rows = sum(int(row.get("Rows", 0)) for row in answer.rows)
        return not answer.partial and rows == sum(item.rows or 0 for item in self.known)

    async def _write_late(
        self, name: str, start: datetime, known: "KnownRows"
    ) -> EvidenceItem | None:
        def begin() -> RowsWriter:
            return self.store.write_rows(
                self.case_id, name, source=self.export.source, query=self.export.query, start=start
            )

        writer, reached, partial = None, start, ""
        async for page in self._pages(start):
            rows = await known.without(page.rows)
            if rows:
                writer = writer or begin()
                await writer.write(rows)
            reached, partial = page.end, partial or page.partial
            if writer is not None and writer.rows >= self.part_rows:
                break
        if writer is None and partial:
            # That nothing new is there is not known: an item without rows says so.
            writer = begin()
        return await writer.commit(end=reached, partial=partial) if writer is not None else None


class KnownRows:
    """The rows that are stored, as a stream by time; it only goes forward."""

    def __init__(self, store: EvidenceReader, case_id: str, parts: list[EvidenceItem]) -> None:
        self._rows = _stream(store, case_id, parts)
        self._next: Json | None = None
        self._begun = False

    async def without(self, rows: list[Json]) -> list[Json]:
        """Return the rows, sorted by time, that are not stored; each stored one counts once."""
        new: list[Json] = []
        at: datetime | None = None
        known: Counter[str] = Counter()
        for row in rows:
            if moment_of(row) != at:
                at = moment_of(row)
                known = await self._at(at)
            if known[_same(row)] > 0:
                known[_same(row)] -= 1
            else:
                new.append(row)
        return new

    async def _at(self, moment: datetime) -> Counter[str]:
        """Return the stored rows of one moment; those before it are passed over."""
        if not self._begun:
            self._begun = True
            await self._go_on()
        while self._next is not None and moment_of(self._next) < moment:
            await self._go_on()
        found: Counter[str] = Counter()
        while self._next is not None and moment_of(self._next) == moment:
            found[_same(self._next)] += 1
            await self._go_on()
        return found

    async def _go_on(self) -> None:
        self._next = await anext(self._rows, None)


def _same(row: Json) -> str:
    """Return what two rows have in common that are one: a column may be new, and empty, since."""
    kept = {key: value for key, value in row.items() if value not in (None, "")}
    return json.dumps(kept, sort_keys=True, default=str)


async def _stream(
    store: EvidenceReader, case_id: str, parts: list[EvidenceItem]
) -> AsyncIterator[Json]:
    for part in parts:
        unpack, rest = zlib.decompressobj(_GZIP), b""
        async for packed in store.read(case_id, part.name):
            while packed:
                lines = (rest + unpack.decompress(packed, _PIECE)).split(b"\n")
                packed = unpack.unconsumed_tail
                rest = lines.pop()
                for line in lines:
                    yield json.loads(line)
