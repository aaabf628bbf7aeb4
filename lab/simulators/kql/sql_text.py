"""SQL as text that is taken apart: its tokens, and the queries of its WITH.

Just enough of SQL for what duckdb-kql writes. What is not understood is left as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$?[A-Za-z_]\w*|\d[\w.]*|\S""")

_BEGINS_WITH = re.compile(r"\s*WITH\s", re.IGNORECASE)
_NESTED_WITH = re.compile(r"\(\s*WITH\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, name, literal or sign; ``depth`` counts the parentheses around it."""

    text: str
    start: int
    end: int
    depth: int

    @property
    def name(self) -> str:
        """What a name names, without its quotes."""
        return unquoted(self.text)


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a WITH: its name as written, the words up to its text, its text."""

    name: str
    head: str
    body: str

    def __str__(self) -> str:
        return f"{self.name} {self.head}({self.body})"


def tokens(sql: str) -> list[Token]:
    """Return the tokens of ``sql``; a parenthesis has the depth of what is around it."""
    found, depth = [], 0
    for match in _TOKEN.finditer(sql):
        text = match.group()
        depth -= text == ")"
        found.append(Token(text, match.start(), match.end(), depth))
        depth += text == "("
    return found


def words(sql: str) -> list[str]:
    """Return the texts of the tokens of ``sql``."""
    return _TOKEN.findall(sql)


def unquoted(name: str) -> str:
    """Return a name without its quotes."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def closing(found: list[Token], opening: int) -> int:
    """Return the index of the parenthesis that closes the one at index ``opening``."""
    depth = found[opening].depth
    return next(
        i
        for i in range(opening + 1, len(found))
        if found[i].text == ")" and found[i].depth == depth
    )


def queries(sql: str) -> tuple[list[Query], str] | None:
    """Return the queries of the WITH that ``sql`` begins with, and what follows; None without."""
    if not _BEGINS_WITH.match(sql):
        return None
    found = tokens(sql)
    parts: list[Query] = []
    at = 1
    while True:
        name = found[at]
        opening = next((i for i in range(at + 1, len(found)) if found[i].text == "("), None)
        if opening is None or found[at + 1].text.upper() != "AS":
            return None
        end = closing(found, opening)
        head = sql[found[at + 1].start : found[opening].start]
        body = sql[found[opening].end : found[end].start]
        parts.append(Query(name.text, head, body))
        at = end + 2
        if found[end + 1].text != ",":
            return parts, sql[found[end + 1].start :]


def joined(parts: list[Query], rest: str) -> str:
    """Return the SQL of a WITH and the query that follows it."""
    return f"WITH {', '.join(map(str, parts))} {rest}" if parts else rest


def nested(sql: str) -> Iterator[tuple[int, int]]:
    """Yield where every outermost ``(WITH ...)`` begins and ends."""
    found = tokens(sql) if _NESTED_WITH.search(sql) else []
    done = 0
    for i, token in enumerate(found[:-1]):
        if token.start >= done and token.text == "(" and found[i + 1].text.upper() == "WITH":
            done = found[closing(found, i)].end
            yield token.start, done
