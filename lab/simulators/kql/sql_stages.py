"""Stages of a pipeline in one query.

duckdb-kql writes every stage of a KQL pipeline as a query of its own over all columns of the one
before; DuckDB binds each of them, then puts them together. Put together before, they are bound
once. Only what is the same by the meaning of SQL is: a filter of a filter is one filter with AND,
sorting and limiting come after filtering.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lab.simulators.kql.sql_text import Query, Token, tokens, words

_CLAUSES = {"WHERE": 1, "GROUP": 2, "ORDER": 3, "LIMIT": 4}


@dataclass(frozen=True, slots=True)
class _Stage:
    """``SELECT columns FROM source`` and its clauses, as text."""

    columns: str
    source: str
    where: str = ""
    group: str = ""
    order: str = ""
    limit: str = ""

    def __str__(self) -> str:
        clauses = (
            f" WHERE {self.where}" if self.where else "",
            f" GROUP {self.group}" if self.group else "",
            f" ORDER {self.order}" if self.order else "",
            f" LIMIT {self.limit}" if self.limit else "",
        )
        # Only ever text that was taken apart.
        ends = "".join(clauses)
        return f"SELECT {self.columns} FROM {self.source}{ends}"  # noqa: S608 - the engine's SQL


def put_together(parts: Sequence[Query], rest: str) -> tuple[list[Query], str]:
    """Put stages that only the next one reads into it; return what is left."""
    everything = [*parts, Query("", "", rest)]
    uses = Counter(word for part in everything for word in words(part.body))
    for part in parts:
        # A table's name is also that of the query that has some of its rows.
        uses[part.name] -= words(part.body).count(part.name)
    kept: list[Query] = []
    for part in everything:
        before = kept[-1] if kept else None
        if before and before.head.strip().upper() == "AS" and uses[before.name] == 1:
            both = _both(before, part.body)
            if both is not None:
                kept[-1] = replace(part, body=both)
                continue
        kept.append(part)
    return kept[:-1], kept[-1].body


def _both(before: Query, text: str) -> str | None:
    inner, outer = _read(before.body), _read(text)
    if inner is None or outer is None or outer.source != before.name:
        return None
    if inner.limit or inner.group or (inner.order and (outer.where or outer.order)):
        return _limited(inner, outer)
    if outer.columns == "*" and not (outer.where or outer.group or outer.order):
        return _limited(inner, outer)
    if inner.order or not _is_plain(inner.columns):
        return None
    where = " AND ".join(f"({text})" for text in (inner.where, outer.where) if text)
    columns = inner.columns if outer.columns == "*" else outer.columns
    return str(replace(outer, columns=columns, source=inner.source, where=where))


def _limited(inner: _Stage, outer: _Stage) -> str | None:
    """A stage that only takes what is there, or the first of it."""
    if outer != _Stage("*", outer.source, limit=outer.limit) or (inner.limit and outer.limit):
        return None
    return str(replace(inner, limit=inner.limit or outer.limit))


def _is_plain(columns: str) -> bool:
    """Whether every column is one of the source under its own name."""
    return columns == "*" or all(
        token.text == "," if i % 2 else token.text.startswith('"')
        for i, token in enumerate(tokens(columns))
    )


def _read(sql: str) -> _Stage | None:
    """Take a query apart; None if it has anything that a stage has not."""
    found = [token for token in tokens(sql) if token.depth == 0]
    said = [token.text.upper() for token in found]
    if said[:1] != ["SELECT"] or "FROM" not in said:
        return None
    after = said.index("FROM") + 1
    columns = sql[found[0].end : found[after - 1].start].strip()
    if "DISTINCT" in said[:after] or (columns != "*" and _has_star(said[1:after])):
        return None
    end = after + 1
    while end + 1 < len(said) and said[end] == ".":
        end += 2
    source = sql[found[after].start : found[end - 1].end]
    clauses = _clauses(sql, found[end:])
    if clauses is None or source == "(":
        return None
    return _Stage(columns, source, **clauses)


def _clauses(sql: str, found: list[Token]) -> dict[str, str] | None:
    if not found:
        return {}
    starts = [i for i, token in enumerate(found) if token.text.upper() in _CLAUSES]
    order = [_CLAUSES[found[i].text.upper()] for i in starts]
    if starts[:1] != [0] or order != sorted(set(order)):
        return None
    if {"UNION", "HAVING", "QUALIFY", "WINDOW", "OFFSET", "EXCEPT", "INTERSECT", "SAMPLE"} & {
        token.text.upper() for token in found
    }:
        return None
    ends = [found[i].start for i in starts[1:]] + [len(sql)]
    return {
        found[i].text.lower(): sql[found[i].end : end].strip()
        for i, end in zip(starts, ends, strict=True)
    }


def _has_star(said: list[str]) -> bool:
    return any(word == "*" and (i == 0 or said[i - 1] in (",", ".")) for i, word in enumerate(said))
