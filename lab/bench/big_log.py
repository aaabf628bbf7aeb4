"""A log with as many rows as one likes, made as they are asked for, which answers like the SIEM."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.query import QueryLanguage, QueryResult

START = datetime(2026, 11, 17, 12, tzinfo=UTC)
AWAY = RetryableError("timed out", vendor="log_analytics", operation="query")


class BigLog:
    """Row ``n`` happened ``when(n)`` after the start; ``when`` never decreases.

    ``service_limit`` is how many rows one answer has at most, as Log Analytics has 500,000.
    """

    language: QueryLanguage = "kql"

    def __init__(
        self,
        rows: int,
        when: Callable[[int], timedelta],
        *,
        service_limit: int = 500_000,
        filler: int = 0,
    ) -> None:
        self.rows, self._when = rows, when
        self._limit, self._filler = service_limit, filler
        self.asked: list[tuple[datetime, datetime]] = []
        self.largest = 0
        self.fail_after: int | None = None
        """Answers before the log goes away."""

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Answer a page or a count, as ``EvidenceExport`` asks for it."""
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise AWAY
        begin, until = parameters["pageStart"], parameters["pageEnd"]
        self.asked.append((begin, until))
        first, last = self._first(begin), self._first(until)
        if "summarize" in query:
            return self._counted(first, last, parameters["pageStep"])
        most = int(query.rpartition("take ")[2]) if "take " in query else last - first
        found = min(last - first, most)
        given = min(found, self._limit)
        self.largest = max(self.largest, given)
        return QueryResult(
            rows=[self.row(n) for n in range(first, first + given)],
            partial=given < found,
            detail="E_QUERY_RESULT_SET_TOO_LARGE" if given < found else "",
        )

    def row(self, n: int) -> Json:
        """Return one row."""
        at = (START + self._when(n)).isoformat().replace("+00:00", "Z")
        # Drawn, because what repeats hardly takes room once it is packed.
        drawn = random.Random(n).getrandbits(4 * self._filler) if self._filler else 0
        text = f"{drawn:0{self._filler}x}" if self._filler else ""
        return {"TimeGenerated": at, "Id": n, "UserAgent": text}

    def _first(self, moment: datetime) -> int:
        """Return the number of the first row at or after a moment."""
        low, high = 0, self.rows
        while low < high:
            middle = (low + high) // 2
            if START + self._when(middle) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _counted(self, first: int, last: int, step: timedelta) -> QueryResult:
        epoch = datetime(1, 1, 1, tzinfo=UTC)
        lines: list[Json] = []
        while first < last:
            moment = START + self._when(first)
            begin = moment - (moment - epoch) % step
            following = min(self._first(begin + step), last)
            lines.append({"Start": begin.isoformat(), "Rows": following - first})
            first = following
        return QueryResult(rows=lines)

    async def get_incident(self, incident_id: str) -> Json:
        """There is none."""
        return {"id": incident_id}

    def takes_comments_on(self, incident_id: str) -> bool:
        """It takes none."""
        return False

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        """Nobody reads it."""

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        """It knows nobody."""
        return None
