"""The ``Siem`` port on Google SecOps: UDM searches, the SOAR's cases, the entity's own summary."""

import hashlib
from datetime import datetime

from shared.errors import NotSupported
from shared.models.base import Json, format_utc
from shared.models.query import QueryLanguage, QueryResult
from shared.providers.google_secops.models import Entity, FoundEntities, Summary
from shared.providers.google_secops.search import VENDOR, UdmSearch
from shared.providers.google_secops_soar.cases import GoogleSecOpsCases
from shared.providers.google_secops_soar.models import case_number
from shared.settings import Settings
from shared.udm import literal


class GoogleSecOps:
    """Events and cases of one instance."""

    language: QueryLanguage = "udm"

    def __init__(self, settings: Settings) -> None:
        self._search = UdmSearch(settings)
        self._cases = GoogleSecOpsCases(settings)
        self._cases_are_tickets = settings.google_secops_case_assignee is not None

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Run a UDM search; values go where the query says ``${name}``, as escaped literals."""
        return await self._search.run(query, parameters, start=start, end=end)

    async def get_incident(self, incident_id: str) -> Json:
        """Return the SOAR's case, named by its number or its resource name.

        Raises:
            NotSupported: the id is neither.
        """
        number = _number(incident_id)
        case = await self._cases.get(number)
        return {
            "name": case.name,
            "properties": {
                "title": case.display_name,
                "status": case.status,
                "owner": {"assignedTo": case.assignee},
                "additionalData": {
                    "alertsCount": await self._cases.count_alerts(number),
                    "commentsCount": len(await self._cases.comments(number)),
                },
            },
        }

    def takes_comments_on(self, incident_id: str) -> bool:
        """Whether the id is a case's, and cases are not our tickets, which have the same notes."""
        return case_number(incident_id) is not None and not self._cases_are_tickets

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        """Write a comment on the SOAR's case; the same text with the same ``key`` only once.

        Raises:
            NotSupported: the id is neither a case's number nor its resource name.
        """
        content = f"{key}\n{text}"
        mark = f"[tourniquet {hashlib.sha256(content.encode()).hexdigest()[:12]}]"
        await self._cases.comment(_number(incident_id), text, mark)

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        """Return when the user was first and last seen, and which rules alerted about it.

        A name without ``@`` is taken for a host's by Google, and is not asked for.
        """
        if "@" not in name:
            return None
        entity = await self._find_user(name.lower(), start, end)
        if entity is None:
            return None
        operation = "summarizeEntity"
        params: dict[str, str | int] = {
            "entityId": entity.id,
            "timeRange.startTime": format_utc(start),
            "timeRange.endTime": format_utc(end),
            "returnAlerts": "true",
        }
        answer = await self._search.api.call(operation, "GET", ":summarizeEntity", params=params)
        summary = self._search.api.client.parse(Summary, answer.body, operation=operation)
        return {
            "first_seen": entity.metric.first_seen,
            "last_seen": entity.metric.last_seen,
            "alerts": {one.rule: one.count for one in summary.alert_counts},
        }

    async def _find_user(self, name: str, start: datetime, end: datetime) -> Entity | None:
        operation = "summarizeEntitiesFromQuery"
        params: dict[str, str | int] = {
            "query": f"email = {literal(name)}",
            "timeRange.startTime": format_utc(start),
            "timeRange.endTime": format_utc(end),
        }
        answer = await self._search.api.call(
            operation, "GET", ":summarizeEntitiesFromQuery", params=params
        )
        found = self._search.api.client.parse(FoundEntities, answer.body, operation=operation)
        entities = [one for summary in found.summaries for one in summary.entities]
        return next((one for one in entities if one.is_user), None)


def _number(incident_id: str) -> str:
    number = case_number(incident_id)
    if number is None:
        raise NotSupported("the case did not come from a case of Google SecOps", vendor=VENDOR)
    return number
