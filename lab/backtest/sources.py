"""Log files: which there are, and their records one at a time, whatever they are wrapped in.

Nothing is read as a whole except YAML and JSON values that are one object; a file of any length
needs little memory.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from shared.models.base import Json
from shared.playbook.sign_ins.shapes.envelopes import unwrap

SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson", ".log", ".yml", ".yaml")
_CHUNK = 1 << 20
_LONGEST_VALUE = 64 << 20
"""Characters of one JSON value; more than this is not a log record."""
_LONGEST_CELL = 1 << 24
_BETWEEN = re.compile(r"[\s,\[\]]*")


class Record(NamedTuple):
    """One record of a file."""

    columns: Json | None
    """``None``: the text at this place is not a record."""
    around: Json
    """The value that carried it, for labels that stand beside the record."""


class LogFile:
    """A log file; ``position`` moves from 0 to ``size`` while its records are read."""

    def __init__(self, path: Path, name: str) -> None:
        """Take a file; ``name`` is what people call it, relative to what they asked for."""
        self.path = path
        self.name = name
        self.size = path.stat().st_size
        self._raw: io.BufferedReader | None = None

    @property
    def position(self) -> int:
        """Bytes of the file read so far (compressed ones of a compressed file)."""
        return self._raw.tell() if self._raw and not self._raw.closed else 0

    def records(self) -> Iterator[Record]:
        """Yield every record; text that is none yields a record without columns.

        Raises:
            OSError: the file cannot be read, or its compression is broken.
        """
        with self.path.open("rb") as self._raw:
            binary: Any = self._raw
            if self.path.suffix == ".gz":
                binary = gzip.GzipFile(fileobj=self._raw)
            with io.TextIOWrapper(binary, "utf-8-sig", "replace", newline="") as text:
                yield from self._reader()(text)

    def _reader(self) -> Callable[[io.TextIOWrapper], Iterator[Record]]:
        kind = Path(self.path.name.removesuffix(".gz")).suffix.lower()
        if kind == ".csv":
            return _read_csv
        return _read_yaml if kind in (".yml", ".yaml") else _read_json


def find_files(path: Path) -> list[LogFile]:
    """Return the log files of a folder (all below it) or the one file, by name."""
    if path.is_file():
        return [LogFile(path, path.name)]
    found = sorted(item for item in path.rglob("*") if item.is_file() and _is_log(item))
    return [LogFile(item, item.relative_to(path).as_posix()) for item in found]


def _is_log(path: Path) -> bool:
    name = path.name.lower()
    labels = name.endswith((".labels.yaml", ".labels.yml")) or name == "labels.yaml"
    return not labels and name.removesuffix(".gz").endswith(SUFFIXES)


def _read_csv(text: io.TextIOWrapper) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.DictReader(line.replace("\0", "") for line in text)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Record(None, {})
            continue
        yield Record(row, row)


def _read_yaml(text: io.TextIOWrapper) -> Iterator[Record]:
    try:
        value = yaml.safe_load(text.read(_LONGEST_VALUE))
    except yaml.YAMLError:
        yield Record(None, {})
        return
    # Dates become datetimes in YAML; JSON values are what the shapes expect.
    yield from _unwrapped(json.loads(json.dumps(value, default=str)))


def _read_json(text: io.TextIOWrapper) -> Iterator[Record]:
    """Read one value a line if the first line is one, else values in a row or in an array."""
    first = text.readline(_LONGEST_VALUE)
    value = _parse(first)
    if isinstance(value, dict):
        yield from _unwrapped(value)
        for line in text:
            if line.strip():
                yield from _unwrapped(_parse(line))
        return
    yield from _read_values(first, text)


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unwrapped(value: object) -> Iterator[Record]:
    around = value if isinstance(value, dict) else {}
    records = list(unwrap(value))
    if not records:
        yield Record(None, {})
    for record in records:
        yield Record(record, around)


def _read_values(start: str, text: io.TextIOWrapper) -> Iterator[Record]:
    """Read JSON objects that follow one another, with or without an array around them."""
    decoder, buffer, position, ended = json.JSONDecoder(), start, 0, False
    while True:
        position = _BETWEEN.match(buffer, position).end()  # type: ignore[union-attr]
        try:
            value, position = decoder.raw_decode(buffer, position)
        except (ValueError, RecursionError):
            rest = buffer[position:]
            if not ended and len(rest) < _LONGEST_VALUE:
                chunk = text.read(max(_CHUNK, len(rest)))
                buffer, position, ended = rest + chunk, 0, not chunk
                continue
            if not rest:
                return
            yield Record(None, {})
            buffer, position = rest.partition("\n")[2], 0
            continue
        yield from _unwrapped(value)
