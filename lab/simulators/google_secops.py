"""Google SecOps: UDM search over the tenant's log tables, and summaries of users.

Operations: ``udmSearch``, ``summarizeEntitiesFromQuery``, ``summarizeEntity``; the target is the
query or the entity. The search knows the part of the language that ``udm_query`` names, and answers
everything else with 400. It returns at most so many events as are asked for, the newest, and says
when there are more. A summary's alerts are not simulated: there are none.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.google_instance import GoogleInstance
from lab.simulators.google_token import GoogleTokens, google_error
from lab.simulators.specification import Specification
from lab.simulators.udm_events import Row, events_of
from lab.simulators.udm_query import UdmError, compile_query, values_at

_MOST = 10_000
_EMAIL = re.compile(r'email = "(?P<name>[^"\\]+)"')


class GoogleSecOps(GoogleInstance):
    """The SIEM of one instance."""

    name: ClassVar[str] = "google_secops"

    def __init__(
        self,
        settings: SimulatorSettings,
        tokens: GoogleTokens,
        rows_of: Callable[[str], list[Row]],
    ) -> None:
        super().__init__(settings, tokens)
        self._rows_of = rows_of
        self.specification = Specification("google-secops.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "udmSearch": Operation("udmSearch", self._search, "query"),
            "summarizeEntitiesFromQuery": Operation(
                "summarizeEntitiesFromQuery", self._entities, "query"
            ),
            "summarizeEntity": Operation("summarizeEntity", self._entity, "entityId"),
        }

    async def _search(self, call: Call) -> Answer:
        try:
            fits = compile_query(call.query["query"])
        except UdmError as error:
            raise RefusalError(google_error(400, f"compilation error: {error}")) from error
        start, end = _range(call, "timeRange.start_time", "timeRange.end_time")
        most = min(int(call.query.get("limit") or _MOST), _MOST)
        found = [
            event
            for event in events_of(self._rows_of)
            if start <= _time(event) < end and fits(event)
        ]
        found.sort(key=_time, reverse=True)
        shown = [
            {"name": f"{self._instance}/events/{one['metadata']['id']}", "udm": one}
            for one in found[:most]
        ]
        body: dict[str, Any] = {"events": shown}
        if len(found) > most:
            body["moreDataAvailable"] = True
        return Answer(200, body)

    async def _entities(self, call: Call) -> Answer:
        match = _EMAIL.fullmatch(call.query["query"])
        if match is None or match["name"] != match["name"].lower():
            raise RefusalError(google_error(400, "unsupported query"))
        _range(call, "timeRange.startTime", "timeRange.endTime")
        times = self._times(match["name"])
        if not times:
            return Answer(200, {})
        digest = hashlib.sha256(match["name"].encode()).hexdigest()[:16]
        entity = {
            "name": f"{self._instance}/entities/{digest}",
            "metadata": {"entityType": "USER"},
            "metric": {"firstSeen": times[0], "lastSeen": times[-1]},
            "entity": {"user": {"emailAddresses": [match["name"]]}},
        }
        return Answer(200, {"entitySummaries": [{"entity": [entity]}]})

    async def _entity(self, call: Call) -> Answer:
        _range(call, "timeRange.startTime", "timeRange.endTime")
        return Answer(200, {"alertCounts": [], "hasMoreAlerts": False})

    def _times(self, name: str) -> list[str]:
        return sorted(
            event["metadata"]["eventTimestamp"]
            for event in events_of(self._rows_of)
            if name in values_at(event, "target.user.email_addresses")
            or name in values_at(event, "principal.user.email_addresses")
        )


def _range(call: Call, first: str, last: str) -> tuple[datetime, datetime]:
    start, end = (datetime.fromisoformat(call.query[name]) for name in (first, last))
    if start >= end:
        raise RefusalError(google_error(400, "the time range is empty"))
    return start, end


def _time(event: Row) -> datetime:
    return datetime.fromisoformat(event["metadata"]["eventTimestamp"])
