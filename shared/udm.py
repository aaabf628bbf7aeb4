"""Values in UDM queries of Google SecOps: the only place where data becomes query text.

The search takes no parameters, so a query is constant text with ``${name}`` where a value goes, and
``${any <field> <name>}`` where a list of alternatives goes. Strings are quoted as YARA-L quotes
them (backslash and quote are escaped); one with a control character is refused, since no account,
address or rule has one.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.models.base import format_utc

_PLACE = re.compile(r"\$\{(?:any (?P<field>[a-z_][a-z0-9_.]*) )?(?P<name>[A-Za-z_]\w*)\}")
_MOST_ALTERNATIVES = 100
_LINE_SEPARATORS = "\u2028\u2029"
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - a value that no event has
"""Stands for an empty list: a comparison with "" would match every event without a value."""


def literal(value: object) -> str:
    """Return a value as it stands in a UDM query: text, number or truth value, time as text.

    Raises:
        ValueError: the value cannot be written.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quote(value)
        case datetime():
            return _quote(format_utc(value))
        case _:
            raise ValueError(f"no UDM literal for a {type(value).__name__}")


def any_of(field: str, values: Sequence[object]) -> str:
    """Return the condition that a field has one of the values.

    Raises:
        ValueError: a value cannot be written, or there are more than a hundred.
    """
    if len(values) > _MOST_ALTERNATIVES:
        raise ValueError(f"more than {_MOST_ALTERNATIVES} values for {field}")
    wanted = list(values) or [NO_ADDRESS]
    return f"({' or '.join(f'{field} = {literal(one)}' for one in wanted)})"


def render(query: str, parameters: Mapping[str, Any]) -> str:
    """Return a query with its values in place.

    Raises:
        ValueError: a value is missing, or cannot be written.
    """

    def fill(match: re.Match[str]) -> str:
        name, field = match["name"], match["field"]
        if name not in parameters:
            raise ValueError(f"no value for {name}")
        value = parameters[name]
        if field is None:
            return literal(value)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{name} is not a list")
        return any_of(field, value)

    return _PLACE.sub(fill, query)


def _quote(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") or character in _LINE_SEPARATORS:
            raise ValueError(f"the character U+{ord(character):04X} cannot be in a UDM string")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
