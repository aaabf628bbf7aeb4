"""KQL on the Log Analytics workspace, through Microsoft's own client."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.errors import NotConfigured, PermanentError, RetryableError
from shared.kql import let_statements
from shared.models.base import Json, to_utc
from shared.models.query import QueryResult
from shared.providers.azure import SDK_OPTIONS, error_from_azure, transport
from shared.providers.clouds import LOG_ANALYTICS, audience
from shared.providers.credentials import get_credential
from shared.providers.loops import PerLoop
from shared.providers.retry import CallPolicy, call_with_retries
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.monitor.query import LogsQueryPartialResult, LogsQueryResult, LogsTable
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
            return await self._ask(operation, text, start=to_utc(start), end=to_utc(end))

        return await call_with_retries(attempt, self._policy, vendor=VENDOR, operation=operation)

    async def _ask(
        self, operation: str, text: str, *, start: datetime, end: datetime
    ) -> QueryResult:
        from azure.core.exceptions import AzureError

        try:
            answer = await self._client.get().query_workspace(
                self._workspace_id or "",
                text,
                timespan=(start, end),
                server_timeout=max(1, int(self._policy.attempt_timeout)),
            )
            return read_answer(answer)
        except AzureError as error:
            raise error_from_azure(error, vendor=VENDOR, operation=operation) from error
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # The client takes the answer's shape for granted.
            message = f"garbled answer: {type(error).__name__}"
            raise RetryableError(message, vendor=VENDOR, operation=operation) from error


def read_answer(answer: "LogsQueryResult | LogsQueryPartialResult") -> QueryResult:
    """Return the SDK's answer as ours; status 200 with an error is a partial one."""
    from azure.monitor.query import LogsQueryPartialResult

    if isinstance(answer, LogsQueryPartialResult):
        error = answer.partial_error
        detail = (
            " ".join(str(part) for part in (error.code, error.message) if part) if error else ""
        )
        rows = _rows(answer.partial_data or [])
        return QueryResult(rows=rows, partial=True, detail=detail or "the answer is partial")
    return QueryResult(rows=_rows(answer.tables))


def _rows(tables: "list[LogsTable]") -> list[Json]:
    if not tables:
        return []
    table = tables[0]
    return [
        {
            name: _value(kind, value)
            for name, kind, value in zip(table.columns, table.columns_types, row, strict=True)
        }
        for row in table.rows
    ]


def _value(kind: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return to_utc(value).isoformat().replace("+00:00", "Z")
    if kind == "dynamic" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
