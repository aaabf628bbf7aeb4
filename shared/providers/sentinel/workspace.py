"""KQL on the Log Analytics workspace, through Microsoft's own client."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.errors import NotConfigured, PermanentError, RetryableError
from shared.kql import let_statements
from shared.models.base import to_utc
from shared.models.query import QueryResult
from shared.providers.azure import SDK_OPTIONS, error_from_azure, transport
from shared.providers.clouds import LOG_ANALYTICS, audience
from shared.providers.credentials import get_credential
from shared.providers.loops import PerLoop
from shared.providers.retry import CallPolicy, call_with_retries
from shared.providers.sentinel.query_answer import read_answer
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.monitor.query.aio import LogsQueryClient

VENDOR = "log_analytics"


class Workspace:
    """One Log Analytics workspace."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.log_analytics_url.rstrip("/")
        self._workspace_id = settings.log_analytics_workspace_id
        self._policy = CallPolicy(
            attempt_timeout=settings.query_timeout_seconds,
            budget=max(settings.call_budget_seconds, settings.query_timeout_seconds),
            attempts=settings.call_attempts,
        )
        self._client = PerLoop(self._build)

    def _build(self) -> "LogsQueryClient":
        from azure.monitor.query.aio import LogsQueryClient

        return LogsQueryClient(
            get_credential(),
            # The client cuts a whole path off an endpoint that ends with the version.
            endpoint=self._url.removesuffix("/v1"),
            audience=audience(LOG_ANALYTICS, self._url),
            transport=transport(VENDOR),
            **SDK_OPTIONS,
        )

    async def query(
        self,
        operation: str,
        kql: str,
        parameters: Mapping[str, Any],
        *,
        start: datetime,
        end: datetime,
    ) -> QueryResult:
        """Run a query over ``[start, end]`` with its parameters as ``let`` literals.

        Raises:
            NotConfigured: no workspace is set.
            PermanentError: the query is wrong (a missing table or column), or a parameter cannot
                be written in KQL.
            TourniquetError: otherwise see ``shared.errors``.
        """
        if not self._workspace_id:
            raise NotConfigured(
                "TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID is not set",
                vendor=VENDOR,
                operation=operation,
            )
        try:
            text = let_statements(parameters) + kql
        except ValueError as error:
            raise PermanentError(str(error), vendor=VENDOR, operation=operation) from error

        async def attempt() -> QueryResult:
            return await self._ask(operation, text, start=start, end=end)

        return await call_with_retries(attempt, self._policy, vendor=VENDOR, operation=operation)

    async def _ask(
        self, operation: str, text: str, *, start: datetime, end: datetime
    ) -> QueryResult:
        from azure.core.exceptions import AzureError
        from azure.core.rest import HttpRequest

        request = HttpRequest(
            "POST",
            f"/workspaces/{quote(self._workspace_id or '', safe='')}/query",
            headers={"Prefer": f"wait={max(1, int(self._policy.attempt_timeout))}"},
            json={"query": text, "timespan": f"{_instant(start)}/{_instant(end)}"},
        )
        try:
            answer = await self._client.get().send_request(request)
            answer.raise_for_status()
            return read_answer(answer.json())
        except AzureError as error:
            raise error_from_azure(error, vendor=VENDOR, operation=operation) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"garbled answer: {type(error).__name__}"
            raise RetryableError(message, vendor=VENDOR, operation=operation) from error


def _instant(value: datetime) -> str:
    return to_utc(value).isoformat().replace("+00:00", "Z")
