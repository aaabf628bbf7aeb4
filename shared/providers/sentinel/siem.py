"""The ``Siem`` port: queries on the workspace, incidents through Azure Resource Manager.

Incidents are plain ARM calls (api-version 2025-09-01, stable): the SDK's stable release is from
2021, and importing it takes longer than the calls.
"""

from datetime import datetime
from functools import cached_property

from shared.models.base import Json
from shared.models.query import QueryLanguage, QueryResult
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient
from shared.providers.sentinel.comments import write_comment
from shared.providers.sentinel.incidents import API_VERSION, VENDOR, incident_path
from shared.providers.sentinel.workspace import Workspace
from shared.settings import Settings


class Sentinel:
    """Queries and incidents of one Sentinel workspace."""

    language: QueryLanguage = "kql"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._workspace = Workspace(settings)

    @cached_property
    def _arm(self) -> VendorClient:
        url = self._settings.arm_url
        authorize = bearer(scope(RESOURCE_MANAGER, url))
        return VendorClient(VENDOR, url, settings=self._settings, authorize=authorize)

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        """Run a KQL query; ``parameters`` become escaped ``let`` literals in front of it."""
        return await self._workspace.query("query", query, parameters, start=start, end=end)

    async def get_incident(self, incident_id: str) -> Json:
        """Return the incident (``id``, ``etag``, ``properties``) as Sentinel has it now.

        Raises:
            NotSupported: the id is not a Sentinel incident's ARM id.
        """
        answer = await self._arm.request(
            "incidents.get", "GET", incident_path(incident_id), params={"api-version": API_VERSION}
        )
        return self._arm.parse_object(answer.body, operation="incidents.get")

    def takes_comments_on(self, incident_id: str) -> bool:
        """Whether the id is a Sentinel incident's ARM id."""
        return incident_id.startswith("/subscriptions/")

    async def comment_on_incident(self, incident_id: str, *, key: str, text: str) -> None:
        """Add a comment, or replace the one with the same ``key``; cut at 30,000 characters.

        Raises:
            NotSupported: the id is not a Sentinel incident's ARM id.
            PermanentError: the incident has no room for another, and none of the case's.
        """
        await write_comment(self._arm, incident_id, key=key, text=text)

    async def look_up_account(self, name: str, *, start: datetime, end: datetime) -> Json | None:
        """Return ``None``: Sentinel keeps no summary of an account that an app could read."""
        return None
