"""The UDM search (the seed's ``search_security_events``), with the query in UDM's own language.

One search returns at most 10,000 events and no page token; it says when there are more. Natural
language, which ``secops-mcp`` translates, is not used: the same question must be the same query.
"""

from datetime import datetime

from shared.errors import PermanentError
from shared.models.base import Json, format_utc
from shared.models.query import QueryResult
from shared.providers.google_secops.api import GoogleSecOpsApi
from shared.providers.google_secops.models import Events
from shared.settings import Settings
from shared.udm import render

VENDOR = "google_secops"
MOST_EVENTS = 10_000
"""The API's own limit."""
TOO_LARGE = f"the search found more than {MOST_EVENTS} events: too large for one answer"
NO_TIME = "events without a time were left out"


class UdmSearch:
    """Searches in one instance."""

    def __init__(self, settings: Settings) -> None:
        longer = max(settings.call_timeout_seconds, settings.query_timeout_seconds)
        patient = settings.model_copy(
            update={
                "call_timeout_seconds": longer,
                "call_budget_seconds": max(settings.call_budget_seconds, longer),
            }
        )
        self.api = GoogleSecOpsApi(patient, VENDOR)

    async def run(
        self, query: str, parameters: Json, *, start: datetime, end: datetime
    ) -> QueryResult:
        """Return the events of ``[start, end)``, oldest first, each with ``TimeGenerated``.

        Raises:
            NotConfigured: no address, instance or credentials.
            PermanentError: the query is wrong, or a value cannot be written in it.
            TourniquetError: otherwise see ``shared.errors``.
        """
        operation = "udmSearch"
        try:
            text = render(query, parameters)
        except ValueError as error:
            raise PermanentError(str(error), vendor=VENDOR, operation=operation) from error
        params: dict[str, str | int] = {
            "query": text,
            "timeRange.start_time": format_utc(start),
            "timeRange.end_time": format_utc(end),
            "limit": MOST_EVENTS,
        }
        answer = await self.api.call(operation, "GET", ":udmSearch", params=params)
        found = self.api.client.parse(Events, answer.body, operation=operation)
        timed = [(one.time, one.udm) for one in found.events if one.time is not None]
        missing = [TOO_LARGE] if found.more else []
        missing += [NO_TIME] if len(timed) < len(found.events) else []
        rows = [{"TimeGenerated": time, **udm} for time, udm in timed]
        rows.sort(key=lambda row: row["TimeGenerated"])
        return QueryResult(rows=rows, partial=bool(missing), detail="; ".join(missing))
