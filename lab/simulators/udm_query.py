"""The part of the UDM search language that hunts need; anything else is refused, not guessed.

Comparisons (``field = "text"``, ``!=``, ``= /expression/``, ``>``, ``>=``, ``<``, ``<=`` with
numbers), ``nocase``, ``and``, ``or``, ``not`` and parentheses. A repeated field fits if one of its
values does; ``!=`` if none is equal; a field that is not there equals "" and 0. Expressions are
RE2 in Google's search, so look-around and back-references are refused.
Source: cloud.google.com/chronicle/docs/investigation/udm-search.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

type Condition = Callable[[dict[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<expression>/(?:[^/\\\n]|\\.)+/)
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<operator>!=|>=|<=|=|>|<|\(|\))
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    )""",
    re.VERBOSE,
)
_NOT_RE2 = re.compile(r"\(\?[=!<]|\\[1-9]")
_NOUNS = frozenset(
    {
        *("metadata", "principal", "target", "src", "observer", "intermediary", "about"),
        *("security_result", "network", "extensions", "additional"),
    }
)
_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


class UdmError(Exception):
    """The query is not one that the search takes; the message says where."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def compile_query(query: str) -> Condition:
    """Return what tells whether an event fits.

    Raises:
        UdmError: the query is not of this language.
    """
    parser = _Parser(_tokens(query))
    condition = parser.disjunction()
    if parser.rest:
        raise UdmError(f"unexpected {parser.rest[0].text!r}")
    return condition


def values_at(event: Any, path: str) -> list[Any]:
    """Return the values of a field, of every element of what is repeated on the way."""
    found = [event]
    for part in path.split("."):
        first, *more = part.split("_")
        name = first + "".join(word.capitalize() for word in more)
        step = [one.get(name) for one in found if isinstance(one, dict)]
        found = [
            one
            for value in step
            for one in (value if isinstance(value, list) else [value])
            if one is not None
        ]
    return found


def _tokens(query: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while query[position:].strip():
        match = _TOKEN.match(query, position)
        if match is None or match.lastgroup is None:
            raise UdmError(f"cannot read {query[position : position + 20].strip()!r}")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent, one method for each level of binding."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.rest = tokens

    def disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._word("or"):
            parts.append(self._conjunction())
        return lambda event: any(part(event) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._factor()]
        while self._word("and"):
            parts.append(self._factor())
        return lambda event: all(part(event) for part in parts)

    def _factor(self) -> Condition:
        if self._word("not"):
            inner = self._factor()
            return lambda event: not inner(event)
        if self._take("operator", "("):
            inner = self.disjunction()
            if not self._take("operator", ")"):
                raise UdmError("a parenthesis is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        field = self._next("word").text
        if field.partition(".")[0] not in _NOUNS or "." not in field:
            raise UdmError(f"unknown field {field!r}")
        operator = self._next("operator").text
        value = self._next("text", "expression", "number")
        nocase = self._word("nocase")
        if value.kind == "number":
            return _number(field, operator, float(value.text))
        if operator not in ("=", "!="):
            raise UdmError(f"{operator} compares numbers")
        fits = _expression(value, nocase) if value.kind == "expression" else _text(value, nocase)

        def equal(event: dict[str, Any]) -> bool:
            return any(fits(str(one)) for one in values_at(event, field) or [""])

        return equal if operator == "=" else lambda event: not equal(event)

    def _word(self, word: str) -> bool:
        return self._take("word", word)

    def _take(self, kind: str, text: str) -> bool:
        if self.rest and self.rest[0].kind == kind and self.rest[0].text.lower() == text:
            self.rest = self.rest[1:]
            return True
        return False

    def _next(self, *kinds: str) -> _Token:
        if not self.rest or self.rest[0].kind not in kinds:
            found = repr(self.rest[0].text) if self.rest else "the end"
            raise UdmError(f"expected {' or '.join(kinds)}, not {found}")
        token, *self.rest = self.rest
        return token


def _number(field: str, operator: str, wanted: float) -> Condition:
    def numbers(event: dict[str, Any]) -> list[float]:
        return [float(one) for one in values_at(event, field)] or [0.0]

    if operator == "=":
        return lambda event: wanted in numbers(event)
    if operator == "!=":
        return lambda event: wanted not in numbers(event)
    compare = _ORDER[operator]
    return lambda event: any(compare(one, wanted) for one in numbers(event))


def _text(token: _Token, nocase: bool) -> Callable[[str], bool]:
    wanted = re.sub(r"\\(.)", _unescaped, token.text[1:-1])
    if nocase:
        return lambda value: value.lower() == wanted.lower()
    return lambda value: value == wanted


def _unescaped(match: re.Match[str]) -> str:
    known = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}
    if match[1] not in known:
        raise UdmError(f"unknown escape \\{match[1]}")
    return known[match[1]]


def _expression(token: _Token, nocase: bool) -> Callable[[str], bool]:
    text = token.text[1:-1].replace("\\/", "/")
    if _NOT_RE2.search(text):
        raise UdmError("not an expression of RE2")
    try:
        pattern = re.compile(text, re.IGNORECASE if nocase else 0)
    except re.error as error:
        raise UdmError(f"not an expression: {error}") from error
    return lambda value: pattern.search(value) is not None
