"""Values as sign-in rows really have them: JSON in text, odd addresses, odd dates, nothing."""

import json
import math
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Any

from shared.models.base import Json, parse_utc


class Row:
    """A log row read tolerantly; what could not be read is noted, not raised."""

    def __init__(self, columns: Json) -> None:
        self._columns = columns
        self.notes: list[str] = []

    def text(self, *names: str) -> str | None:
        """Return the first of the columns that has text (numbers are written out)."""
        for name in names:
            value = self._columns.get(name)
            if isinstance(value, str) and value.strip():
                return value.strip()
            if isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
        return None

    def time(self, *names: str) -> datetime | None:
        """Return the first of the columns that has a time."""
        for name in names:
            value = self._columns.get(name)
            if not value:
                continue
            try:
                return parse_utc(value)
            except (TypeError, ValueError):
                self.notes.append(f"{name} is not a time: {value!r:.60}")
        return None

    def object(self, name: str) -> Json:
        """Return a dynamic column, or a string column that holds an object."""
        value = self._json(name)
        return value if isinstance(value, dict) else {}

    def objects(self, name: str) -> list[Json]:
        """Return a column that holds a list of objects."""
        value = self._json(name)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def integer(self, name: str) -> int | None:
        """Return a column that holds a whole number, as number or text."""
        value = self.text(name)
        try:
            return int(float(value)) if value else None
        except (ValueError, OverflowError):
            self.notes.append(f"{name} is not a number: {value!r:.60}")
            return None

    def address(self, name: str) -> str | None:
        """Return an address column in its usual form; ``None`` if there is none in it."""
        value = self.text(name)
        if value is None:
            return None
        address = clean_address(value)
        if address is None:
            self.notes.append(f"{name} is not an address: {value!r:.60}")
        return address

    def _json(self, name: str) -> Any:
        value = self._columns.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            self.notes.append(f"{name} is not JSON")
            return None


def clean_address(text: str) -> str | None:
    """Return an address without port, brackets, zone or IPv4-in-IPv6 wrapping.

    Sign-in logs have ``198.51.100.7:50411``, ``[2001:db8::7]:443`` and ``::ffff:198.51.100.7``.
    """
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def coordinate(value: object, *, limit: float) -> float | None:
    """Return a latitude or longitude in degrees if it is one."""
    try:
        degrees = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return degrees if math.isfinite(degrees) and abs(degrees) <= limit else None
