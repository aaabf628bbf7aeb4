"""KQL values: from a tenant file into DuckDB, and from DuckDB onto the wire."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_FRACTION = re.compile(r"(\.\d{6})\d+")


def moment_of(text: object) -> datetime | None:
    """Read an ISO time (up to seven fractional digits, UTC without an offset); None if wrong."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def kql_type(value: object) -> str:
    """The type of a column that only the tenant file knows, from its first value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "real"
    return "dynamic" if isinstance(value, dict | list) else "string"


def table_problems(
    name: str, rows: list[dict[str, Any]], schema: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield ``(field, message)`` for every value that its column's type cannot hold."""
    folded = {column.lower(): column for column in schema}
    for index, row in enumerate(rows):
        for column, value in row.items():
            field = f"tables.{name}[{index}].{column}"
            known = folded.setdefault(column.lower(), column)
            if known != column:
                yield field, f"differs only in case from the column {known}"
            elif value is not None and not _fits(value, schema.get(column, "dynamic")):
                yield field, f"{json.dumps(value)[:60]} is not a {schema[column]}"


def _fits(value: Any, kind: str) -> bool:
    if kind == "datetime":
        return moment_of(value) is not None
    if kind in ("long", "int"):
        return _number(value) is not None and float(str(value)).is_integer()
    if kind in ("real", "decimal"):
        return _number(value) is not None
    if kind == "bool":
        return str(value).lower() in ("true", "false", "0", "1")
    return True


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def typed(row: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """Return ``row`` with every value as DuckDB's JSON reader wants it for its column."""
    return {column: _typed_value(value, types[column]) for column, value in row.items()}


def _typed_value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "datetime":
        moment = moment_of(value)
        return moment.astimezone(UTC).isoformat() if moment else None
    if kind in ("string", "guid"):
        return value if isinstance(value, str) else _text(value)
    if kind == "dynamic" and isinstance(value, str):
        # Exports write dynamic columns as JSON text.
        try:
            return json.loads(value) if value[:1] in "{[" else value
        except ValueError:
            return value
    if kind == "bool":
        return str(value).lower() in ("true", "1")
    if kind in ("long", "int"):
        return int(float(value))
    return value


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list | bool) else str(value)


def wire_value(value: Any, kind: str) -> Any:
    """Return a result value as the Log Analytics API writes it.

    Times are ISO with ``Z``, dynamics JSON text, a missing string is empty, timespans are
    ``[d.]hh:mm:ss[.fffffff]``.
    """
    if value is None:
        return "" if kind == "string" else None
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return _timespan(value)
    if kind == "dynamic":
        return _dynamic(value)
    if isinstance(value, Decimal):
        return str(value)
    return str(value) if isinstance(value, UUID) else value


def iso(moment: datetime) -> str:
    """ISO time in UTC with ``Z``, without a fraction that is zero."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat() + "Z"


def _dynamic(value: Any) -> Any:
    if isinstance(value, str):
        # A string inside a dynamic comes back bare, everything else as JSON text.
        return json.loads(value) if value.startswith('"') else value
    return json.dumps(value, separators=(",", ":"), default=_in_dynamic)


def _in_dynamic(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else str(value)


def _timespan(value: timedelta) -> str:
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
