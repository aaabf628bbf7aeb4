"""SQL without the branches that a column's type decides.

duckdb-kql does not know the columns' types, so wherever they matter it writes a CASE over
``typeof`` with a branch for each type. DuckDB knows them once it has bound the query, and then
throws all branches but one away: after it has parsed and bound them. Here the type is asked for
once, and the branch that it chooses takes the CASE's place.

Only a CASE of which all is certain is replaced: its column has one type in everything that the
query at hand reads, and what is put in its place has the type of the whole.
"""

import re
from collections.abc import Mapping
from itertools import compress, pairwise
from typing import Any

import duckdb

from lab.simulators.kql.sql_cases import replaced_cases, with_replaced
from lab.simulators.kql.sql_stages import put_together
from lab.simulators.kql.sql_text import (
    Query,
    joined,
    nested,
    queries,
    quoted,
    tokens,
    unquoted,
    words,
)

type Columns = dict[str, str]
"""Column name to DuckDB type."""


class Shortener:
    """Shortens queries over ``tables``; asks ``connection`` for nothing but types."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Columns]
    ) -> None:
        self._connection = connection
        self._tables = tables

    def shorten(self, sql: str, parameters: Mapping[str, Any]) -> tuple[str, Columns | None]:
        """Return SQL that means the same, and the columns of its result if they are certain.

        ``parameters`` are any values of the right types.
        """
        return self._query(sql, dict(self._tables), parameters)

    def _query(
        self, sql: str, scope: dict[str, Columns | None], parameters: Mapping[str, Any]
    ) -> tuple[str, Columns | None]:
        split = queries(sql)
        if split is None:
            return self._select(sql, scope, parameters)
        parts, rest = split
        inside = dict(scope)
        done = []
        for part in parts:
            body, columns = self._query(part.body, inside, parameters)
            inside[unquoted(part.name)] = columns
            done.append(Query(part.name, part.head, body))
        rest, columns = self._query(rest, inside, parameters)
        return joined(*put_together(done, rest)), columns

    def _select(
        self, sql: str, scope: dict[str, Columns | None], parameters: Mapping[str, Any]
    ) -> tuple[str, Columns | None]:
        inside = dict(scope)
        inner = {}
        for start, end in reversed(list(nested(sql))):
            name = f"_nested{start}"
            text, inside[name] = self._query(sql[start + 1 : end - 1], scope, parameters)
            inner[quoted(name)] = f"({text})"
            sql = f"{sql[:start]}{quoted(name)}{sql[end:]}"
        asking = _Asking(self._connection, sql, inside, parameters)
        short = asking.short()
        columns = asking.columns(short)
        for name, text in inner.items():
            short = short.replace(name, text)
        return short, columns


class _Asking:
    """What DuckDB says about one query without a WITH, given the columns of what it reads."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        sql: str,
        scope: Mapping[str, Columns | None],
        parameters: Mapping[str, Any],
    ) -> None:
        self._connection = connection
        self._parameters = parameters
        self._sql = sql
        names = set(map(unquoted, words(sql)))
        self._read = {name: columns for name, columns in scope.items() if name in names}

    def short(self) -> str:
        """The query with every CASE over a known type replaced by the branch it chooses."""
        types = self._types() if "typeof(" in self._sql else {}
        found = list(dict.fromkeys(replaced_cases(self._sql, types))) if types else []
        if not found:
            return self._sql
        asked = ", ".join(f"typeof({case}) = typeof({short})" for case, short in found)
        rows = self._ask(f"SELECT {asked} FROM ({_empty(types)})")  # noqa: S608 - SQL of the engine
        fits = rows[0] if rows else [False] * len(found)
        return with_replaced(self._sql, compress(found, fits))

    def columns(self, sql: str) -> Columns | None:
        """The columns of ``sql``, which is the query or the same in short; None if uncertain."""
        if len(self._read) == 1 and re.match(r"SELECT \* FROM \S+($| WHERE| ORDER| LIMIT)", sql):
            return next(iter(self._read.values()))
        stubs = []
        for name, columns in self._read.items():
            if columns is None:
                return None
            stubs.append(f"{quoted(name)} AS ({_empty(columns)})")
        rows = self._ask(f"DESCRIBE {'WITH ' if stubs else ''}{', '.join(stubs)} {sql}")
        return {row[0]: row[1] for row in rows} if rows else None

    def _types(self) -> Columns:
        """The columns that have one type wherever the query may get them from."""
        types: dict[str, set[str]] = {}
        for columns in self._read.values():
            if columns is None:
                return {}
            for name, kind in columns.items():
                types.setdefault(name, set()).add(kind)
        found = tokens(self._sql)
        made = {
            name.name for word, name in pairwise(found) if name.depth and word.text.upper() == "AS"
        }
        return {
            name: min(kinds)
            for name, kinds in types.items()
            if len(kinds) == 1 and name not in made
        }

    def _ask(self, sql: str) -> list[Any] | None:
        used = {k: v for k, v in self._parameters.items() if re.search(rf"\${k}\b", sql)}
        try:
            return self._connection.execute(sql, used).fetchall()
        except duckdb.Error:
            return None


def _empty(columns: Columns) -> str:
    """A query whose result has these columns."""
    return "SELECT " + ", ".join(
        f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in columns.items()
    )
