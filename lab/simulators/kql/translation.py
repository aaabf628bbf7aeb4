"""KQL into SQL that DuckDB plans cheaply.

The engine's own SQL names every column of a table in every stage and asks for types at run time.
Planning that costs far more than running it on the lab's few rows, so it is made short once: the
columns that a query does not need are left out of it (`KqlTranslator`), then the branches for types
that columns do not have (`sql_types`) and the stages (`sql_stages`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import duckdb_kql

from lab.simulators.kql.sql_stages import put_together
from lab.simulators.kql.sql_text import Query, joined, queries, quoted
from lab.simulators.kql.sql_types import Columns, Shortener

SINCE, UNTIL = "since", "until"
"""Parameters of a translation that bound TimeGenerated."""

# What ends a term for `has`: the engine writes Unicode classes, which DuckDB takes 6 ms to compile
# for every term of every query. The same as ranges takes 0.6 ms; the two differ only in rare
# symbols, combining marks and letter-like signs.
_NOT_ALPHANUMERIC = r"[^\pL\pN]"
_NOT_ALPHANUMERIC_RANGES = (
    r"[^0-9A-Za-z\x{AA}\x{B5}\x{BA}\x{C0}-\x{1FFF}\x{2C00}-\x{2DFF}\x{3040}-\x{D7FF}"
    r"\x{F900}-\x{FDFF}\x{FE70}-\x{FEFF}\x{FF10}-\x{FFDC}\x{10000}-\x{1F000}"
    r"\x{20000}-\x{3FFFF}]"
)
_QUOTED_OR_COMMENT = re.compile(r"""@"[^"]*"|@'[^']*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|//.*""")
# These see columns that they do not name; a star before a number only multiplies.
_SEES_ALL = re.compile(r"\*(?!\s+\d)|\b(getschema|pack_all|search|find|evaluate)\b")
_CHOOSES = re.compile(r"\b(project|summarize|distinct|count)\b")
_EXAMPLES = {"string": "", "datetime": datetime(2000, 1, 1), "dynamic": "[]"}  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Translation:
    """SQL, and for each placeholder in it the name of the query's parameter."""

    sql: str
    slots: dict[str, str]


class KqlTranslator:
    """Translates queries over ``tables``, whose columns ``connection`` knows."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Columns]
    ) -> None:
        # Several threads translate at once, and a connection has only one answer at a time.
        self._connection = connection.cursor()
        self._tables = tables

    def translate(self, text: str, named: Sequence[str], bounds: Iterable[str]) -> Translation:
        """Return SQL for ``text``, in which ``named`` tables have only the rows within ``bounds``.

        ``bounds`` are ``SINCE``, ``UNTIL``, both or none: parameters that the SQL then wants, too.

        Raises:
            KqlError: the query is wrong, or uses what the engine does not have.
        """
        wanted = tuple(bounds)
        small = self._with_needed(text, named, wanted)
        if small is not None:
            return small
        return self._translate(text, {name: self._tables[name] for name in named}, wanted)[0]

    def _with_needed(
        self, text: str, named: Sequence[str], bounds: Sequence[str]
    ) -> Translation | None:
        """The translation over the columns that the query needs; None if it may need all."""
        code = _QUOTED_OR_COMMENT.sub("", text)
        if not _CHOOSES.search(code) or _SEES_ALL.search(code):
            return None
        columns, others = self._mentioned(text, named)
        try:
            translation, result = self._translate(text, columns, bounds)
        except (duckdb_kql.KqlError, AssertionError):
            return None
        if result is None or others & {_root(name) for name in result}:
            return None
        return translation

    def _mentioned(self, text: str, named: Iterable[str]) -> tuple[dict[str, Columns], set[str]]:
        """The columns that the query's words name, and for each table one that they do not.

        If a result has none of the latter, the query does not show what it does not name. A
        ``join`` numbers the names that both sides have.
        """
        words = {word.lower() for word in re.findall(r"\w+", text)}
        words |= {_root(word) for word in words}
        columns: dict[str, Columns] = {}
        others = set()
        for name in named:
            rest = [column for column in self._tables[name] if column.lower() not in words]
            others |= {_root(column) for column in rest[:1]}
            columns[name] = {c: t for c, t in self._tables[name].items() if c not in rest[1:]}
        return columns, others

    def _translate(
        self, text: str, columns: Mapping[str, Columns], bounds: Sequence[str]
    ) -> tuple[Translation, Columns | None]:
        tables = {**self._tables, **columns}
        schema = {name: list(found) for name, found in tables.items()}
        translated = duckdb_kql.to_sql(text, schema=schema, allow_write=False)
        declared = [d for d in translated.declarations if d.slot in translated.slots]
        if any(d.default is not None for d in declared):
            raise duckdb_kql.KqlSchemaError("declare query_parameters", "use let instead")
        sql = str(translated).replace(_NOT_ALPHANUMERIC, _NOT_ALPHANUMERIC_RANGES)
        examples = {d.slot: _EXAMPLES.get(d.type) for d in declared}
        sql, result = Shortener(self._connection, tables).shorten(sql, examples)
        narrow = [
            Query(quoted(name), "AS ", _narrowed(name, found, bounds))
            for name, found in columns.items()
            if bounds or found != self._tables[name]
        ]
        parts, rest = queries(sql) or ([], sql)
        sql = joined(*put_together([*narrow, *parts], rest))
        return Translation(sql, {d.slot: d.name for d in declared}), result


def _narrowed(table: str, columns: Iterable[str], bounds: Sequence[str]) -> str:
    """The query for those columns of a table, and for its rows within the bounds."""
    limits = {SINCE: f"TimeGenerated >= ${SINCE}", UNTIL: f"TimeGenerated <= ${UNTIL}"}
    where = " AND ".join(limits[bound] for bound in bounds)
    names = ", ".join(map(quoted, columns))
    source = f"SELECT {names} FROM memory.main.{quoted(table)}"  # noqa: S608 - our own tables
    return f"{source} WHERE {where}" if where else source


def _root(name: str) -> str:
    return name.rstrip("0123456789")
