"""Azure Monitor Log Analytics query API over the KQL store.

Operations: ``query`` (GET and POST). The target is the workspace. azure-monitor-query drops the
path of an endpoint that ends in ``/v1``, so the API is served below ``/v1`` as well.
"""

import asyncio
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import isodate  # type: ignore[import-untyped] # comes with azure-monitor-query

from lab.simulators.entra_token import TokenAuthority, TokenError
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.kql.store import KqlStore, QueryError, Result
from lab.simulators.kql.values import moment_of
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor

_AUDIENCES = ["https://api.loganalytics.io", "https://api.loganalytics.azure.com"]


class LogAnalytics(Vendor):
    """One workspace."""

    name: ClassVar[str] = "log_analytics"

    def __init__(self, authority: TokenAuthority, store: KqlStore) -> None:
        self._authority = authority
        self._workspace = authority.settings.tourniquet_log_analytics_workspace_id.lower()
        # azure-monitor-query asks for a token of its endpoint, with or without the path.
        own = authority.own_audiences
        self._audiences = _AUDIENCES + own + [f"{origin}/loganalytics" for origin in own]
        self._store = store
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="kql")
        self.specification = Specification("azure-monitor-logs-query.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        serve = Operation("query", self._query, "workspaceId")
        return {"Query_Execute": serve, "Query_Get": serve}

    def authenticate(self, call: Call) -> Answer | None:
        """Bearer token for the API or, from the SDK, for its endpoint."""
        try:
            self._authority.check(call.headers.get("Authorization"), self._audiences)
        except TokenError as error:
            return _error(401, "InvalidTokenError", str(error))
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """The API's error body."""
        if status != 400:
            return _error(404, "PathNotFoundError", "The requested path does not exist")
        return _error(400, "BadArgumentError", "The request had some invalid properties", message)

    def close(self) -> None:
        """Stop the query threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _query(self, call: Call) -> Answer:
        if call.params["workspaceId"].lower() != self._workspace:
            message = f"The workspace '{call.params['workspaceId']}' could not be found"
            return _error(404, "WorkspaceNotFoundError", message)
        given = call.body if call.method == "POST" else call.query
        try:
            since, until = timespan(given.get("timespan"))
        except ValueError as error:
            return _error(400, "BadArgumentError", f"timespan: {error}")
        started = time.perf_counter()
        try:
            result = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._store.query, given["query"], since, until
            )
        except QueryError as error:
            return _query_error(error)
        body = _body(result)
        if "include-statistics=true" in call.headers.get("Prefer", ""):
            seconds = time.perf_counter() - started
            body["statistics"] = {"query": {"executionTime": seconds}}
        return Answer(200, body, detail={"rows": len(result.rows)})


def timespan(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Read an ISO 8601 interval: a duration that ends now, or two of start, end, duration.

    Raises:
        ValueError: it is neither.
    """
    if not text:
        return None, None
    first, _, second = text.partition("/")
    if not second:
        return datetime.now(UTC) - _duration(first), None
    if first.startswith("P"):
        end = _moment(second)
        return end - _duration(first), end
    start = _moment(first)
    return start, start + _duration(second) if second.startswith("P") else _moment(second)


def _duration(text: str) -> timedelta:
    found = isodate.parse_duration(text)
    if isinstance(found, isodate.Duration):
        found = found.totimedelta(start=datetime.now(UTC))
    return timedelta(seconds=found.total_seconds())


def _moment(text: str) -> datetime:
    # "+00:00" loses its plus sign in a query string.
    moment = moment_of(re.sub(r" (\d\d:\d\d)$", r"+\1", text))
    if moment is None:
        raise ValueError(f"{text!r} is not an ISO 8601 time")
    return moment


def _body(result: Result) -> dict[str, Any]:
    columns = [{"name": column.name, "type": column.type} for column in result.columns]
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": result.rows}]}


def _error(status: int, code: str, message: str, inner: str | None = None) -> Answer:
    error: dict[str, Any] = {"message": message, "code": code, "correlationId": str(uuid.uuid4())}
    if inner:
        error["innererror"] = {"code": "QueryValidationError", "message": inner}
    return Answer(status, {"error": error})


def _query_error(error: QueryError) -> Answer:
    kind = "syntax" if error.kind == "SyntaxError" else "semantic"
    inner = {
        "code": error.kind,
        "message": f"A {kind} error occurred.",
        "innererror": {"code": error.code, "message": str(error)},
    }
    message = "The request had some invalid properties"
    answer = _error(400, "BadArgumentError", message)
    answer.body["error"]["innererror"] = inner
    answer.violation = f"{error.code}: {error}"
    return answer
