"""A query's answer as rows.

Tables of typed columns and of rows, see
https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format. Microsoft's client would
first build models of all of it, which took longer than everything else of a query.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.models.base import Json, to_utc
from shared.models.query import QueryResult


def read_answer(answer: Json) -> QueryResult:
    """Return the first table's rows; status 200 with an error is a partial answer.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: this is not an answer to a query.
    """
    rows = _rows(answer["tables"])
    error = answer.get("error")
    if not error:
        return QueryResult(rows=rows)
    detail = " ".join(str(error[name]) for name in ("code", "message") if error.get(name))
    return QueryResult(rows=rows, partial=True, detail=detail or "the answer is partial")


def _rows(tables: list[Json]) -> list[Json]:
    if not tables:
        return []
    columns = [(column["name"], _READERS.get(column["type"])) for column in tables[0]["columns"]]
    return [
        {
            name: value if read is None or not isinstance(value, str) else read(value)
            for (name, read), value in zip(columns, row, strict=True)
        }
        for row in tables[0]["rows"]
    ]


def _moment(text: str) -> str:
    """A time in UTC and at most microseconds, as everywhere in a case; ticks are cut off."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return to_utc(moment).isoformat().replace("+00:00", "Z")


def _dynamic(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_READERS: dict[str, Callable[[str], Any]] = {"datetime": _moment, "dynamic": _dynamic}
