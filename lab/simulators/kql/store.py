"""Log Analytics tables in DuckDB, queried with real KQL through duckdb-kql.

duckdb-kql translates KQL to SQL and refuses what it does not know, so a query either means what
it means in Azure or fails with 400. Measured with version 1.1.2.

Supported: ``let`` (scalar, tabular, ``dynamic([])``, scalar lambda), ``toscalar materialize``;
``where project project-away project-rename extend distinct count sort top take union`` (also
``isfuzzy=true`` and ``withsource=``) ``join`` (every kind) ``lookup mv-expand summarize render
getschema print range datatable``; aggregates ``count countif dcount dcountif sum sumif avg avgif
min max stdev percentile make_set make_list arg_max arg_min take_any any``; the string operators,
``in in~ has has_any has_all between matches regex``; ``bin ago now datetime`` arithmetic,
``datetime_diff format_datetime startofday hourofday``; dynamic paths, ``parse_json todynamic
bag_pack pack_array array_length set_has_element strcat_array split extract extract_all``;
``case iff coalesce isempty isnotempty tolower strcat hash_sha256 parse_ipv4``.

Not supported: ``prev next row_number serialize scan partition mv-apply parse make-series evaluate
search find fork as sample project-keep project-reorder``, tabular functions, ``minif maxif
make_set_if make_list_if make_bag percentiles count_distinct hll``, ``column_ifexists bag_keys
bag_merge set_union ipv4_is_private ipv4_is_in_range geo_distance_2points url_decode new_guid``,
``set`` statements, two columns whose names differ only in case, and ``first last time date kind
table`` or a type's name as the name of a column.
"""

import functools
import json
import re
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import duckdb_kql
from duckdb_kql.types import kusto_type

from lab.simulators.kql.general import generalised
from lab.simulators.kql.kept import KeptTranslations
from lab.simulators.kql.lint import union_conflict
from lab.simulators.kql.translation import SINCE, UNTIL, KqlTranslator
from lab.simulators.kql.values import kql_type, typed, wire_value
from lab.simulators.specification import load

_DUCKDB_TYPES = {
    "string": "VARCHAR", "datetime": "TIMESTAMP WITH TIME ZONE", "dynamic": "JSON",
    "long": "BIGINT", "int": "INTEGER", "real": "DOUBLE", "bool": "BOOLEAN", "guid": "VARCHAR",
    "timespan": "INTERVAL", "decimal": "DECIMAL(38,10)",
}  # fmt: skip


class QueryError(Exception):
    """The query is wrong, or uses what the lab's KQL engine does not have."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result: name and KQL type."""

    name: str
    type: str


@dataclass(slots=True)
class Result:
    """A result table with values as the service writes them."""

    columns: list[Column]
    rows: list[list[Any]]


class KqlStore:
    """Every known table, always there; rows come and go with the tenant."""

    def __init__(self, kept: KeptTranslations | None = None) -> None:
        self.schemas: dict[str, dict[str, str]] = load("azure-monitor-tables.json")["tables"]
        self._connection = duckdb_kql.connect()
        # The tables are small: one thread is faster than sharing them out.
        self._connection.execute("SET threads=1")
        self._lock = threading.Lock()
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._types = {name: dict(columns) for name, columns in self.schemas.items()}
        self._not_general: set[str] = set()
        self._kept = kept or KeptTranslations()
        self._translated = functools.lru_cache(maxsize=2048)(self._translate)
        for name in self.schemas:
            self._create(name)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as they were loaded."""
        return self._rows.get(table, [])

    def ready(self) -> bool:
        """Whether the engine answers."""
        return self.query("print ready = true", None, None).rows == [[True]]

    def counts(self) -> dict[str, int]:
        """Rows per table that has any."""
        return {name: len(rows) for name, rows in self._rows.items() if rows}

    def load(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Replace all rows. ``tables`` must have passed ``values.table_problems``."""
        with self._lock:
            for name in {*self._rows, *tables}:
                types = dict(self.schemas[name])
                for row in tables.get(name, ()):
                    for column, value in row.items():
                        types.setdefault(column, kql_type(value))
                if types != self._types[name]:
                    # A translation knows the columns, not the rows.
                    self._types[name] = types
                    self._translated.cache_clear()
                    self._not_general.clear()
                self._create(name)
                self._fill(name, tables.get(name, []))
            self._rows = {name: rows for name, rows in tables.items() if rows}

    def _create(self, table: str) -> None:
        columns = ", ".join(
            f'"{name}" {_DUCKDB_TYPES[kind]}' for name, kind in self._types[table].items()
        )
        self._connection.execute(f'CREATE OR REPLACE TABLE "{table}" ({columns})')

    def _fill(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        types = self._types[table]
        lines = [json.dumps(typed(row, types)) for row in rows]
        if not lines:
            return
        columns = "{" + ", ".join(f"'{n}': '{_DUCKDB_TYPES[k]}'" for n, k in types.items()) + "}"
        names = ", ".join(f'"{name}"' for name in types)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.json"
            path.write_text("\n".join(lines), encoding="utf-8")
            self._connection.execute(
                f'INSERT INTO "{table}" SELECT {names} FROM read_json(?, '  # noqa: S608 - our tables
                f"format='newline_delimited', columns={columns})",
                [str(path)],
            )

    def query(self, text: str, since: datetime | None, until: datetime | None) -> Result:
        """Run KQL; ``since`` and ``until`` bound TimeGenerated of every table the query names.

        Translation costs more than running, and the app sends the same queries again and again
        with other values, so the general form of the query is tried first: it is translated once.

        Raises:
            QueryError: syntax or semantic error, or a construct the engine does not have.
        """
        conflict = union_conflict(text, self.schemas)
        if conflict:
            raise QueryError("SemanticError", "SEM0100", conflict)
        bounds = {name: at for name, at in ((SINCE, since), (UNTIL, until)) if at}
        general, values = generalised(text)
        if values and general not in self._not_general:
            try:
                return self._run(general, values, bounds)
            except (duckdb_kql.KqlError, duckdb.Error, AssertionError):
                # Wrong either way, or the engine wants a literal where it got a parameter.
                self._not_general.add(general)
        try:
            return self._run(text, {}, bounds)
        except duckdb_kql.KqlSyntaxError as error:
            raise QueryError("SyntaxError", "SYN0002", str(error)) from error
        except duckdb_kql.KqlUnsupportedError as error:
            raise QueryError("LabUnsupported", "LAB0001", str(error)) from error
        except (duckdb_kql.KqlError, AssertionError) as error:
            raise QueryError("SemanticError", "SEM0100", str(error)) from error
        except duckdb.Error as error:
            raise _semantic(str(error)) from error

    def _run(self, text: str, values: dict[str, Any], bounds: dict[str, datetime]) -> Result:
        statement, slots = self._translated(text, tuple(bounds))
        parameters = {slot: values[name] for slot, name in slots.items()}
        wanted = {name: at for name, at in bounds.items() if name in statement.named_parameters}
        cursor = self._connection.cursor()
        try:
            cursor.execute("SET TimeZone='UTC'")
            cursor.execute(statement, parameters | wanted)
            columns = [Column(d[0], kusto_type(d[1])) for d in cursor.description or ()]
            fetched = cursor.fetchall()
        finally:
            cursor.close()
        kinds = [column.type for column in columns]
        rows = [
            [wire_value(value, kind) for value, kind in zip(row, kinds, strict=True)]
            for row in fetched
        ]
        return Result(columns, rows)

    def _translate(
        self, text: str, bounds: tuple[str, ...]
    ) -> tuple[duckdb.Statement, dict[str, str]]:
        """Return the parsed SQL and, for each placeholder in it, the name of its parameter."""
        tables = {
            name: {column: _DUCKDB_TYPES[kind] for column, kind in columns.items()}
            for name, columns in self._types.items()
        }
        found = self._kept.get(text, bounds, tables)
        if found is None:
            words = set(re.findall(r"\w+", text))
            named = [name for name in tables if name in words]
            found = KqlTranslator(self._connection, tables).translate(text, named, bounds)
            # A text with its values in it is not asked again tomorrow.
            if found.slots:
                self._kept.keep(text, bounds, tables, found)
        return duckdb.extract_statements(found.sql)[0], found.slots


def _semantic(message: str) -> QueryError:
    column = re.search(r'Referenced column "([^"]+)" not found', message)
    table = re.search(r"Table with name (\S+) does not exist", message)
    if column:
        text = f"Failed to resolve column or scalar expression named '{column[1]}'"
        return QueryError("SemanticError", "SEM0100", text)
    if table:
        text = f"Failed to resolve table or column expression named '{table[1]}'"
        return QueryError("SemanticError", "SEM0100", text)
    return QueryError("SemanticError", "SEM0001", message.splitlines()[0])
