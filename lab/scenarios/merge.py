"""Templates (``like``), references between fields and relative times, for any JSON value."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lab.scenarios.times import parse_relative
from shared.models.base import Json, format_utc


def deep_merge(base: Json, over: Json) -> Json:
    """Return ``base`` with ``over`` laid on top; objects merge, everything else replaces."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        nested = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = deep_merge(old or {}, value) if nested else value
    return merged


def apply_like(value: Json, templates: Mapping[str, Json], where: str) -> Json:
    """Return an object built from the templates it names in ``like``, itself on top.

    Raises:
        KeyError: a template does not exist; the message says which and where.
    """
    names = value.get("like", [])
    merged: Json = {}
    for name in [names] if isinstance(names, str) else names:
        if name not in templates:
            known = ", ".join(sorted(templates))
            raise KeyError(f"{where}: there is no template '{name}'; there are: {known}")
        merged = deep_merge(merged, apply_like(templates[name], templates, where))
    return deep_merge(merged, {key: item for key, item in value.items() if key != "like"})


def resolve_times(value: Any, now: datetime) -> Any:
    """Replace every relative time in a JSON value by ISO 8601 UTC."""
    if isinstance(value, dict):
        return {key: resolve_times(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_times(item, now) for item in value]
    if isinstance(value, str) and (instant := parse_relative(value, now)):
        return format_utc(instant)
    return value


def resolve_references(row: Json, seed: str) -> Json:
    """Replace ``$uuid`` by an id made from ``seed`` and ``$Column`` by that column's value."""
    with_ids = {
        key: make_id(seed, key) if value == "$uuid" else value for key, value in row.items()
    }
    return {key: _refer(value, with_ids) for key, value in with_ids.items()}


def _refer(value: Any, row: Json) -> Any:
    if isinstance(value, dict):
        return {key: _refer(item, row) for key, item in value.items()}
    if isinstance(value, list):
        return [_refer(item, row) for item in value]
    if isinstance(value, str) and value.startswith("$") and value[1:] in row:
        return row[value[1:]]
    return value


def make_id(*parts: str) -> str:
    """Return a GUID that is the same for the same parts: playing twice gives the same rows."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:tourniquet:lab:" + ":".join(parts)))


def encode_for(kind: str, value: Any) -> Any:
    """Encode a value for a column type: structures in a ``string`` column are JSON text."""
    return json.dumps(value) if kind == "string" and isinstance(value, dict | list) else value
