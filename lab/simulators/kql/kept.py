"""Translations that are kept between runs: a lab that starts anew has most of them already."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import duckdb_kql

from lab.simulators.kql import sql_cases, sql_stages, sql_text, sql_types, translation
from lab.simulators.kql.sql_types import Columns
from lab.simulators.kql.translation import Translation

FOLDER = Path(__file__).parents[3] / ".lab" / "kql"
_MOST = 500
_MAKERS = (translation, sql_cases, sql_stages, sql_text, sql_types)


class KeptTranslations:
    """Translations by what they are made of: text, bounds, tables, and the code that makes them.

    One file each in ``folder``, at most 500. Several processes may share it. What cannot be read or
    written is made anew.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        sources = [Path(str(maker.__file__)).read_bytes() for maker in _MAKERS]
        versions = f"{duckdb.__version__} {duckdb_kql.__version__}".encode()
        self._made_by = hashlib.sha256(b"\0".join([versions, *sources])).hexdigest()

    def get(
        self, text: str, bounds: tuple[str, ...], tables: Mapping[str, Columns]
    ) -> Translation | None:
        """Return the translation if it is there."""
        try:
            found = json.loads(self._file(text, bounds, tables).read_text(encoding="utf-8"))
            return Translation(found["sql"], found["slots"])
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def keep(
        self,
        text: str,
        bounds: tuple[str, ...],
        tables: Mapping[str, Columns],
        translation: Translation,
    ) -> None:
        """Write a translation, whole or not at all."""
        file = self._file(text, bounds, tables)
        unfinished = file.with_suffix(f".{os.getpid()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room()
            content = {"sql": translation.sql, "slots": translation.slots}
            unfinished.write_text(json.dumps(content), encoding="utf-8")
            unfinished.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _make_room(self) -> None:
        """Delete the older half when the folder is full: other code made most of it."""
        files = list(self._folder.iterdir())
        if len(files) >= _MOST:
            files.sort(key=lambda file: file.stat().st_mtime_ns)
            for file in files[: _MOST // 2]:
                file.unlink(missing_ok=True)

    def _file(self, text: str, bounds: tuple[str, ...], tables: Mapping[str, Columns]) -> Path:
        made_of = json.dumps([self._made_by, text, bounds, tables])
        return self._folder / f"{hashlib.sha256(made_of.encode()).hexdigest()}.json"
