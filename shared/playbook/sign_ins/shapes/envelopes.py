"""Records out of what carries them: batches of vendors, wrappers of collectors."""

import json
from collections.abc import Iterator

from shared.models.base import Json

_BATCHES = ("records", "value", "events", "Logs", "Records")
"""Event Hub messages, Graph pages, collectors' test files."""
_WRAPPERS = ("event", "log", "message", "_raw", "body")
_DEEPEST = 4


def unwrap(value: object, depth: int = 0) -> Iterator[Json]:
    """Yield the records inside a JSON value: itself, or those of the batch or wrapper it is.

    What is no object at any depth yields nothing.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from unwrap(item, depth + 1)
    if not isinstance(value, dict):
        return
    original = value.get("original")
    inner = _parsed(original) if isinstance(original, str) else None
    if isinstance(inner, dict):
        yield from unwrap(inner, depth + 1)
        return
    for name in _BATCHES:
        if isinstance(batch := value.get(name), list):
            yield from unwrap(batch, depth + 1)
            return
    for name in _WRAPPERS:
        carried = value.get(name)
        carried = _parsed(carried) if isinstance(carried, str) else carried
        if isinstance(carried, dict) or (isinstance(carried, list) and carried):
            yield from unwrap(carried, depth + 1)
            return
    yield value


def _parsed(text: str) -> object:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
