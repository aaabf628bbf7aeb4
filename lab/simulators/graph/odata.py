"""The OData query options the app can use: $filter, $select, $top with next links, $count."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from lab.simulators.exchange import Answer, Call, RefusalError

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),']+))", re.DOTALL
)
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda value, part: part in value,
}

type Test = Callable[[dict[str, Any]], bool]


def bad_request(message: str, code: str = "BadRequest") -> RefusalError:
    """Graph's 400 for a wrong query option."""
    return RefusalError(Answer(400, {"error": {"code": code, "message": message}}))


class _Parser:
    """Recursive descent over ``or``, ``and``, ``not``, comparisons and the text functions."""

    def __init__(self, text: str) -> None:
        self._tokens = [m.group().strip() for m in _TOKEN.finditer(text)]
        self._at = 0
        self._text = text

    def parse(self) -> Test:
        test = self._either()
        if self._at != len(self._tokens):
            raise self._wrong()
        return test

    def _wrong(self) -> RefusalError:
        return bad_request(f"Invalid filter clause: {self._text}")

    def _next(self, wanted: str | None = None) -> str:
        if self._at >= len(self._tokens):
            raise self._wrong()
        token = self._tokens[self._at]
        if wanted is not None and token != wanted:
            raise self._wrong()
        self._at += 1
        return token

    def _is(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._is("or"):
            tests.append(self._both())
        return lambda item: any(test(item) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._is("and"):
            tests.append(self._single())
        return lambda item: all(test(item) for test in tests)

    def _single(self) -> Test:
        if self._is("not"):
            inner = self._single()
            return lambda item: not inner(item)
        if self._is("("):
            test = self._either()
            self._next(")")
            return test
        word = self._next()
        if word.lower() in _FUNCTIONS:
            return self._function(_FUNCTIONS[word.lower()])
        operator, literal = self._next().lower(), _literal(self._next())
        compare = _comparison(operator)
        if compare is None:
            raise self._wrong()
        return lambda item: compare(_value(item, word), literal)

    def _function(self, function: Callable[[str, str], bool]) -> Test:
        self._next("(")
        name = self._next()
        self._next(",")
        part = str(_literal(self._next())).lower()
        self._next(")")
        return lambda item: function(str(_value(item, name) or "").lower(), part)


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    simple: dict[str, Any] = {"true": True, "false": False, "null": None}
    if token.lower() in simple:
        return simple[token.lower()]
    return int(token) if re.fullmatch(r"-?\d+", token) else token


def _value(item: dict[str, Any], path: str) -> Any:
    value: Any = item
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _comparison(operator: str) -> Callable[[Any, Any], bool] | None:
    # Graph compares text without regard to case; ISO times of one zone compare as text.
    def ordered(check: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        return lambda a, b: a is not None and b is not None and check(_fold(a), _fold(b))

    return {
        "eq": lambda a, b: _fold(a) == _fold(b),
        "ne": lambda a, b: _fold(a) != _fold(b),
        "gt": ordered(lambda a, b: bool(a > b)),
        "ge": ordered(lambda a, b: bool(a >= b)),
        "lt": ordered(lambda a, b: bool(a < b)),
        "le": ordered(lambda a, b: bool(a <= b)),
    }.get(operator)


def _fold(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def filtered(call: Call, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what ``$filter`` lets through, everything without one."""
    if not call.query.get("$filter"):
        return items
    test = _Parser(call.query["$filter"]).parse()
    return [item for item in items if test(item)]


def collection(call: Call, items: list[dict[str, Any]], *, page: int = 100) -> Answer:
    """Answer a list: filtered, paged with ``@odata.nextLink``, and trimmed to ``$select``."""
    items = filtered(call, items)
    size = max(1, min(int(call.query.get("$top", page)), 999 if page < 999 else page))
    start = int(call.query.get("$skiptoken", "0"))
    shown = items[start : start + size]
    body: dict[str, Any] = {"value": [selected(call, item, None) for item in shown]}
    if call.query.get("$count") == "true":
        body["@odata.count"] = len(items)
    if start + size < len(items):
        query = {**call.query, "$skiptoken": str(start + size)}
        body["@odata.nextLink"] = f"{call.base_url}{call.path}?{urlencode(query)}"
    return Answer(200, body)


def selected(
    call: Call,
    item: dict[str, Any],
    defaults: tuple[str, ...] | None,
    known: set[str] | None = None,
) -> dict[str, Any]:
    """Return the properties asked for with ``$select``, else ``defaults`` (``None``: all).

    Raises:
        RefusalError: 400, a property that the type does not have (checked against ``known``).
    """
    names = [n.strip() for n in call.query.get("$select", "").split(",") if n.strip()]
    if not names:
        if defaults is None:
            return item
        return {name: item.get(name) for name in defaults}
    unknown = [n for n in names if known is not None and n not in known]
    if unknown:
        raise bad_request(
            "Parsing OData Select and Expand failed: Could not find a property named "
            f"'{unknown[0]}' on type 'microsoft.graph.user'."
        )
    kept = {name: item[name] for name in names if name in item}
    marks = {key: value for key, value in item.items() if key.startswith("@odata.")}
    nulls = {name: None for name in names if known is not None and name not in item}
    return marks | nulls | kept
