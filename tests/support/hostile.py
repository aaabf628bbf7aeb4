"""Hostile values, and a case record with one of them in every field that a sender can reach."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.models.base import Json
from shared.models.case import CaseRecord

FILE = Path(__file__).parents[1] / "data" / "hostile" / "values.json"
OWN_WORDS = frozenset(
    {
        *("case_id", "links", "sla", "sha256", "alert_type", "mode", "severity", "kinds"),
        *("at", "time", "created_at", "collected_at", "first_activity_at", "last_activity_at"),
        *("started_at", "finished_at", "detected_at", "received_at", "last_known_logon_time"),
    }
)
"""Fields that the app writes by itself, or that intake has checked: no sender's words."""


def hostile_values() -> dict[str, str]:
    """Return the corpus by the name of each value."""
    listed: list[Json] = json.loads(FILE.read_text(encoding="utf-8"))
    return {one["id"]: one["text"] * one.get("times", 1) for one in listed}


def reachable(record: Json) -> list[tuple[Any, ...]]:
    """Return the path of every text of a record that the contract lets be any text."""
    return [path for path in _texts(record, ()) if _takes_any_text(record, path)]


def with_text(record: Json, paths: list[tuple[Any, ...]], text: str) -> Json:
    """Return the record with the text at all these places."""
    made: Json = json.loads(json.dumps(record))
    for path in paths:
        _put(made, path, text)
    return made


def _texts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            if key not in OWN_WORDS:
                yield from _texts(inner, (*path, key))


def _takes_any_text(record: Json, path: tuple[Any, ...]) -> bool:
    try:
        CaseRecord.model_validate(with_text(record, [path], "any text"))
    except ValidationError:
        return False
    return True


def _put(record: Json, path: tuple[Any, ...], text: str) -> None:
    holder: Any = record
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = text
