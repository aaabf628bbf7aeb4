"""Exporting one table: page by page out of the log, block by block into the store.

A page is at most ``PAGE_ROWS`` rows; a window with more, or one that the log refuses to answer
whole, is cut into windows that fit. Pages become parts of at most ``PART_ROWS`` rows, each an item
of its own that appears whole or not at all, so that an export that was interrupted goes on behind
its last part: a part's item says up to when its rows reach, and the next begins there. Of two
that export the same at once only one makes each part, and the other goes on behind it.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.models.base import Json, parse_utc
from shared.models.message import EvidenceItem
from shared.models.query import QueryResult
from shared.playbook.acting.exports import EvidenceExport
from shared.ports import EvidenceStore, Siem

PAGE_ROWS = 5_000
"""Rows in memory at a time: sign-ins have 5 to 10 KB each. Log Analytics gives up to 500,000 rows
or 64 MB in one answer."""
PART_ROWS = 250_000
"""Rows of one item; an interrupted export loses at most so many."""
_CUTS = 512
"""Into how many equal steps a window is divided when its rows are counted."""
_SHORTEST = timedelta(microseconds=1)
"""What Python's times resolve; a window of this length is not cut any further."""

_TOO_LARGE = re.compile(r"too.?large|exceed|response.?size", re.IGNORECASE)
"""How Log Analytics says that an answer was cut (``E_QUERY_RESULT_SET_TOO_LARGE``, "exceeded the
internal record count limit"); other partial answers get no better in smaller windows."""


@dataclass(frozen=True)
class Page:
    """Rows of one window, sorted, and up to when they reach."""

    rows: list[Json]
    end: datetime
    partial: str = ""


@dataclass(frozen=True)
class TableExport:
    """One table's export for one case: where from, where to, and which rows."""

    siem: Siem
    store: EvidenceStore
    case_id: str
    export: EvidenceExport
    parameters: Json
    start: datetime
    end: datetime
    folder: str = ""
    """Folder of a later round of the same case, with a slash at its end."""
    page_rows: int = PAGE_ROWS
    part_rows: int = PART_ROWS

    async def run(self, found: dict[str, EvidenceItem]) -> list[EvidenceItem]:
        """Export what is not stored yet; return all parts in order.

        Args:
            found: what is stored already, by name.

        Raises:
            TourniquetError: see ``shared.errors``; parts that are finished stay.
        """
        parts: list[EvidenceItem] = []
        position = self.start
        while position < self.end or not parts:
            name = self.part_name(len(parts) + 1)
            item = found.get(name) or await self._write_part(name, position)
            parts.append(item.model_copy(update={"query": self.export.query}))
            if item.time_range is None or item.time_range[1] <= position:
                break
            position = item.time_range[1]
        return parts

    def part_name(self, number: int) -> str:
        """Return the name of a part: the export's own, from the second on with the number."""
        return f"{self.folder}{self.export.part_name(number)}"

    async def _write_part(self, name: str, start: datetime) -> EvidenceItem:
        writer = self.store.write_rows(
            self.case_id, name, source=self.export.source, query=self.export.query, start=start
        )
        reached, partial = start, ""
        async for page in self._pages(start):
            await writer.write(page.rows)
            reached, partial = page.end, partial or page.partial
            if writer.rows >= self.part_rows:
                break
        return await writer.commit(end=reached, partial=partial)

    async def _pages(self, start: datetime) -> AsyncIterator[Page]:
        """Yield the pages from ``start`` on, oldest first."""
        windows = [(start, self.end)]
        while windows:
            begin, end = windows.pop()
            answer = await self._ask(begin, end, self.page_rows + 1)
            too_many = len(answer.rows) > self.page_rows
            if end - begin > _SHORTEST and (too_many or _is_cut_short(answer)):
                windows += reversed(await self._cut(begin, end))
                continue
            if too_many:
                # More rows in a microsecond than a page has: whatever the log gives at once.
                answer = await self._ask(begin, end, None)
            detail = answer.detail or "the log's answer was partial"
            yield Page(_sorted(answer.rows), end, detail if answer.partial else "")

    async def _cut(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return smaller windows that make up this one, oldest first, by how many rows they have.

        When counting does not help (rows that are few and large, or a count that is partial), the
        window is cut in half.
        """
        step = max((end - begin) / _CUTS, _SHORTEST)
        counts = self.export.counts()
        counted = await self._run(counts, begin, end, pageStep=step) if counts else QueryResult()
        cuts = [begin]
        rows = 0
        for line in [] if counted.partial else counted.rows:
            moment = parse_utc(line["Start"])
            if rows and rows + line["Rows"] > self.page_rows and moment > cuts[-1]:
                cuts.append(moment)
                rows = 0
            rows += line["Rows"]
            if rows > self.page_rows and cuts[-1] < moment + step < end:
                # This step alone is too much: it is a window of its own, to be cut again.
                cuts.append(moment + step)
                rows = 0
        if len(cuts) == 1:
            cuts.append(begin + (end - begin) / 2)
        return list(zip(cuts, [*cuts[1:], end], strict=True))

    async def _ask(self, begin: datetime, end: datetime, limit: int | None) -> QueryResult:
        return await self._run(self.export.page(limit), begin, end)

    async def _run(
        self, query: str, begin: datetime, end: datetime, **more: timedelta
    ) -> QueryResult:
        window = {"pageStart": begin, "pageEnd": end, **more}
        return await self.siem.run_query(
            query, parameters=self.parameters | window, start=begin, end=end
        )


def _is_cut_short(answer: QueryResult) -> bool:
    """Return whether the log left rows out because they were too much for one answer."""
    return answer.partial and len(answer.rows) > 1 and bool(_TOO_LARGE.search(answer.detail))


def _sorted(rows: list[Json]) -> list[Json]:
    """Return rows by time, and by content where the time is the same: the same bytes each time."""
    return sorted(rows, key=lambda row: (moment_of(row), repr(row)))


def moment_of(row: Json) -> datetime:
    """Return when a row of a log happened."""
    return parse_utc(row["TimeGenerated"])
