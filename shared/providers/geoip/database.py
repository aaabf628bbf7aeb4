"""One MaxMind database file that is opened again when it is replaced.

MaxMind's ``geoipupdate`` writes a new file and renames it over the old one, so the inode changes;
the old file stays readable for whoever has it open.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maxminddb
from maxminddb.types import Record

from shared.errors import PermanentError

VENDOR = "geoip"


@dataclass(frozen=True)
class _Opened:
    reader: maxminddb.Reader
    identity: tuple[int, int, int]
    """Inode, modification time and size of the file that was opened."""


class Database:
    """An ``.mmdb`` file, looked at before each use; errors name the setting, never the path."""

    def __init__(self, path: str, *, setting: str) -> None:
        self._path = Path(path)
        self._setting = setting
        self._opened: _Opened | None = None

    async def get(self, address: str) -> dict[str, Any] | None:
        """Return the record of the network the address is in, or ``None``.

        Raises:
            PermanentError: the file is missing, unreadable or damaged.
        """
        # Looking at the file costs microseconds, but on a network share it may block.
        self._opened = opened = await asyncio.to_thread(self._open_if_new, self._opened)
        try:
            record: Record | None = opened.reader.get(address)
        except ValueError:
            return None  # an IPv6 address asked of a database that holds IPv4 only
        except maxminddb.InvalidDatabaseError as error:
            raise self._damaged() from error
        return record if isinstance(record, dict) else None

    def _open_if_new(self, opened: _Opened | None) -> _Opened:
        try:
            stat = os.stat(self._path)
            identity = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if opened is not None and opened.identity == identity:
                return opened
            return _Opened(maxminddb.open_database(self._path), identity)
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
