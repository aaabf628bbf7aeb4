"""One MaxMind database file that is opened again when it is replaced.

MaxMind's ``geoipupdate`` writes a new file and renames it over the old one, so the inode changes;
the old file stays readable for whoever has it open.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import maxminddb
from maxminddb.types import Record

from shared.errors import PermanentError

VENDOR = "geoip"
RECHECK_SECONDS = 60.0
"""How often the file is looked at: databases are published twice a week."""


class Database:
    """An ``.mmdb`` file; errors name the setting it came from, never more."""

    def __init__(
        self, path: str, *, setting: str, recheck_seconds: float = RECHECK_SECONDS
    ) -> None:
        self._path = Path(path)
        self._setting = setting
        self._recheck_seconds = recheck_seconds
        self._checked_at = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._reader: maxminddb.Reader | None = None

    async def get(self, address: str) -> dict[str, Any] | None:
        """Return the record of the network the address is in, or ``None``.

        Raises:
            PermanentError: the file is missing, unreadable or damaged.
        """
        reader = await self._current()
        try:
            record: Record | None = reader.get(address)
        except ValueError:
            return None  # an IPv6 address asked of a database that holds IPv4 only
        except maxminddb.InvalidDatabaseError as error:
            raise self._damaged() from error
        return record if isinstance(record, dict) else None

    async def _current(self) -> maxminddb.Reader:
        now = time.monotonic()
        if self._reader is not None and now - self._checked_at < self._recheck_seconds:
            return self._reader
        reader, self._seen = await asyncio.to_thread(self._open_if_new)
        self._reader, self._checked_at = reader, now
        return reader

    def _open_if_new(self) -> tuple[maxminddb.Reader, tuple[int, int, int]]:
        try:
            stat = os.stat(self._path)
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if self._reader is not None and seen == self._seen:
                return self._reader, seen
            return maxminddb.open_database(self._path), seen
        except maxminddb.InvalidDatabaseError as error:
            raise self._damaged() from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise PermanentError(
                f"the database of {self._setting} cannot be read: {reason}", vendor=VENDOR
            ) from error

    def _damaged(self) -> PermanentError:
        return PermanentError(
            f"the database of {self._setting} is damaged or not a MaxMind database", vendor=VENDOR
        )
