"""What the simulated vendors hold once a scenario is over, by path and pattern.

A path leads through ``GET /_lab/tenant``: names and places in lists with dots between, ``*`` for
every one (``incidents.*.properties.severity``). A pattern is a text in which ``*`` stands for
anything; it must fit one of the values that are there.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from shared.models.base import Json

EVERY = "*"
_SHOWN = 300
"""Characters of what was found instead."""


def values_at(held: Any, path: str) -> list[str]:
    """Return every value that a path leads to, as text; a list or object is none."""
    found = [held]
    for step in path.split("."):
        found = [value for one in found for value in _below(one, step)]
    return [str(one) for one in found if not isinstance(one, dict | list)]


def unlike(held: Json, path: str, patterns: Iterable[str]) -> str | None:
    """Return which pattern fits nothing at a path, and what is there; ``None``: each fits."""
    values = values_at(held, path)
    for pattern in patterns:
        if not any(fnmatchcase(value, _literal(pattern)) for value in values):
            seen = " | ".join(values)[:_SHOWN] or "nothing"
            return f"no {pattern} at {path}: {seen}"
    return None


def _below(value: Any, step: str) -> list[Any]:
    if isinstance(value, list):
        if step == EVERY:
            return value
        return [value[int(step)]] if step.isdecimal() and int(step) < len(value) else []
    if isinstance(value, dict):
        return list(value.values()) if step == EVERY else [value[step]] if step in value else []
    return []


def _literal(pattern: str) -> str:
    """Return the pattern in which nothing but ``*`` has a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
