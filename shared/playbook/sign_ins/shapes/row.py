"""Values as sign-in rows really have them: JSON in text, odd addresses, odd dates, nothing."""

import json
import math
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from shared.models.base import Json
from shared.playbook.addresses import normalise_address
from shared.playbook.sign_ins.shapes.times import read_time

_SUFFIX = re.compile(r"_(dynamic|string|[sdbgt])$")
"""What exports and custom tables (``_CL``) append to a column's name to tell its type."""
_NOTHING = frozenset({"", "-", "null", "<null>", "n/a", "nan", "not available"})
"""Texts that stand for "no value"."""
_LONGEST_NOTHING = max(map(len, _NOTHING))
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})

_clean_address = lru_cache(maxsize=16_384)(normalise_address)


@lru_cache(maxsize=8192)
def fold(name: str) -> str:
    """Return a column name as it is compared: the same for every export of one column.

    ``CreatedDateTime [UTC]``, ``createdDateTime`` and ``createddatetime`` are one column; so are
    ``DeviceDetail`` and ``DeviceDetail_dynamic``.
    """
    bare = _SUFFIX.sub("", name.strip().lower().removesuffix("[utc]").rstrip())
    return "".join(char for char in bare if char.isalnum())


class Row:
    """A log row read tolerantly; what could not be read is noted, not raised."""

    def __init__(self, columns: Json, *, row_id: str | None = None) -> None:
        """Take a row.

        Args:
            columns: column name to value, as the log has them.
            row_id: what identifies the row where the log itself has no identifier.
        """
        self._columns: Json = {}
        for name, value in columns.items():
            key = fold(name) if isinstance(name, str) else ""
            if self._columns.get(key) in (None, ""):
                self._columns[key] = value
        self.row_id = row_id
        self.notes: list[str] = []

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._columns

    def columns(self) -> Json:
        """Return the columns by their folded names."""
        return self._columns

    def value(self, name: str) -> Any:
        """Return a column's value as it is."""
        return self._columns.get(fold(name))

    def text(self, *names: str) -> str | None:
        """Return the first of the columns that has text (numbers are written out)."""
        for name in names:
            text = as_text(self.value(name))
            if text is not None:
                return text
        return None

    def time(self, *names: str) -> datetime | None:
        """Return the first of the columns that has a time."""
        for name in names:
            value = self.value(name)
            if value is None or value == "":
                continue
            time = read_time(value)
            if time is not None:
                return time
            self.notes.append(f"{name} is not a time: {value!r:.60}")
        return None

    def row(self, *names: str) -> "Row":
        """Return the first of the columns that holds an object, itself as a row."""
        return Row(next((found for name in names if (found := self.object(name))), {}))

    def object(self, name: str) -> Json:
        """Return a dynamic column, or a string column that holds an object."""
        value = self._json(name)
        return value if isinstance(value, dict) else {}

    def objects(self, name: str) -> list[Json]:
        """Return a column that holds a list of objects."""
        value = self._json(name)
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def pairs(self, name: str) -> "Row":
        """Return a column that holds ``[{"Name": ..., "Value": ...}]``, as a row."""
        found: Json = {}
        for item in self.objects(name):
            pair = Row(item)
            key = pair.text("Name", "Key")
            if key is not None:
                found[key] = pair.value("Value")
        return Row(found)

    def integer(self, name: str) -> int | None:
        """Return a column that holds a whole number, as number or text."""
        value = self.text(name)
        try:
            return int(float(value)) if value else None
        except (ValueError, OverflowError):
            self.notes.append(f"{name} is not a number: {value!r:.60}")
            return None

    def coordinate(self, *names: str, limit: float) -> float | None:
        """Return a latitude (``limit`` 90) or longitude (180) in degrees if there is one."""
        for name in names:
            value = self.value(name)
            if value is None or isinstance(value, bool):
                continue
            try:
                degrees = float(value)
            except (TypeError, ValueError, OverflowError):
                continue
            if math.isfinite(degrees) and abs(degrees) <= limit:
                return degrees
        return None

    def truth(self, *names: str) -> bool | None:
        """Return the first of the columns that says yes or no."""
        for name in names:
            word = str(self.value(name)).strip().lower()
            if word in _TRUE or word in _FALSE:
                return word in _TRUE
        return None

    def address(self, *names: str) -> str | None:
        """Return the first of the columns that has an address, in its one spelling."""
        for name in names:
            value = self.text(name)
            if value is None:
                continue
            address = _clean_address(value)
            if address is not None:
                return address
            self.notes.append(f"{name} is not an address: {value!r:.60}")
        return None

    def _json(self, name: str) -> Any:
        value = self.value(name)
        if not isinstance(value, str):
            return value
        if value.strip().lower() in _NOTHING:
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            self.notes.append(f"{name} is not JSON")
            return None


def as_text(value: object) -> str | None:
    """Return text without white space around it, a number written out, else ``None``."""
    if isinstance(value, str):
        text = value.strip()
        return None if len(text) <= _LONGEST_NOTHING and text.lower() in _NOTHING else text
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None
