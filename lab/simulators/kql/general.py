"""The general form of a query: the values in its leading ``let`` statements as parameters.

Log Analytics has no query parameters, so the app writes its values as ``let`` literals in front of
a constant query. Lifted out, what is left is the same text every time.
"""

import json
import re
from datetime import UTC
from typing import Any

from lab.simulators.kql.values import moment_of

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_LITERAL = re.compile(
    rf"""\s*let\s+(?P<name>[A-Za-z_]\w*)\s*=\s*(?:
        (?P<text>{_STRING})
      | datetime\(\s*(?P<time>[0-9T:.\-+Z\ ]+?)\s*\)
      | dynamic\(\s*(?P<list>\[(?:\s*{_STRING}\s*,?)*\s*\])\s*\)
    )\s*;""",
    re.VERBOSE,
)
# Other plain literals stay where they are: numbers and durations are often wanted as constants.
_PLAIN = re.compile(r"\s*let\s+[A-Za-z_]\w*\s*=\s*[\w.()+\-]+\s*;")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def generalised(text: str) -> tuple[str, dict[str, Any]]:
    """Return the query with its string, time and list literals declared as parameters.

    Returns:
        The general text and the parameters' values; the text as it is and nothing if it has no
        such literal in front.
    """
    values: dict[str, Any] = {}
    declared: list[str] = []
    kept: list[str] = []
    rest = text
    while "declare" not in text:
        literal, plain = _LITERAL.match(rest), _PLAIN.match(rest)
        found = literal or plain
        if found is None:
            break
        if literal is not None:
            kind, value = _value(literal)
            declared.append(f"{literal['name']}:{kind}")
            values[literal["name"]] = value
        else:
            kept.append(found.group())
        rest = rest[found.end() :]
    if not declared or None in values.values():
        return text, {}
    return f"declare query_parameters({', '.join(declared)});{''.join(kept)}{rest}", values


def _value(literal: re.Match[str]) -> tuple[str, Any]:
    if literal["text"] is not None:
        return "string", unescaped(literal["text"][1:-1])
    if literal["time"] is not None:
        moment = moment_of(literal["time"])
        return "datetime", moment and moment.astimezone(UTC).replace(tzinfo=None)
    items = re.findall(_STRING, literal["list"])
    return "dynamic", json.dumps([unescaped(item[1:-1]) for item in items])


def unescaped(text: str) -> str:
    """Return what a KQL string literal between double quotes means."""
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text)
