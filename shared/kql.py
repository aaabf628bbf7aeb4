"""Values in KQL: the only place where data becomes query text.

The Log Analytics API has no parameters, so values travel as ``let`` literals in front of a query
that is itself constant text. Only the escapes Kusto documents are used (backslash, quote, newline,
return, tab); a string with any other control character is refused, since no account, address or
rule has one.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.models.base import to_utc

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LINE_SEPARATORS = "\u2028\u2029"


def literal(value: object) -> str:
    """Return a value as a KQL literal: text, number, truth value, time, duration, list, ``None``.

    Raises:
        ValueError: the value cannot be written as a literal.
    """
    match value:
        case None:
            return "dynamic(null)"
        case bool():
            return "true" if value else "false"
        case int():
            return f"long({value})"
        case float():
            return f"real({value!r})"
        case str():
            return _quote(value)
        case datetime():
            return f"datetime({to_utc(value).isoformat().replace('+00:00', 'Z')})"
        case timedelta():
            return f"time({value.total_seconds():.6f}s)"
        case list() | tuple():
            return f"dynamic([{', '.join(_element(item) for item in value)}])"
        case _:
            raise ValueError(f"no KQL literal for a {type(value).__name__}")


def let_statements(parameters: Mapping[str, Any]) -> str:
    """Return one ``let`` line per parameter, to stand in front of a query.

    Raises:
        ValueError: a name is not an identifier, or a value cannot be written.
    """
    for name in parameters:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a KQL name: {name!r}")
    return "".join(f"let {name} = {literal(value)};\n" for name, value in parameters.items())


def _element(value: object) -> str:
    match value:
        case str():
            return _quote(value)
        case None | bool() | int() | float():
            return json.dumps(value, allow_nan=False)
        case _:
            raise ValueError(f"no KQL list of {type(value).__name__}")


def _quote(text: str) -> str:
    for character in text:
        category = unicodedata.category(character)
        plain = character in _ESCAPES or (
            category not in ("Cc", "Cs") and character not in _LINE_SEPARATORS
        )
        if not plain:
            raise ValueError(f"the character U+{ord(character):04X} cannot be in a KQL string")
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'
