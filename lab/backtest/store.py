"""Sign-ins of a file in a SQLite file, so that memory stays bounded however long the log is.

Read back by account (all of one account at a time) and by address (what a spray needs).
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, get_origin

from shared.models.signin import SignIn
from shared.playbook.sign_ins.codes import GUESSING_CODES, PASSWORD_RIGHT_CODES
from shared.playbook.sign_ins.neighbours import SHARING_DAYS, AddressUse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LISTS = [
    name for name, field in SignIn.model_fields.items() if get_origin(field.annotation) is list
]
_PLAIN = [name for name in SignIn.model_fields if name not in {"at", *_LISTS}]
_NAMES = [*_LISTS, *_PLAIN]
_get_lists, _get_plain = itemgetter(*_LISTS), itemgetter(*_PLAIN)
_BATCH = 5_000
_CODES = (frozenset(GUESSING_CODES), PASSWORD_RIGHT_CODES | {"0"})


class SignInStore:
    """Sign-ins of one log file."""

    def __init__(self, path: Path) -> None:
        """Make the store; ``path`` must not exist and may be deleted afterwards."""
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        columns = ", ".join(f'"{name}"' for name in _NAMES)
        self._database.execute(f"CREATE TABLE sign_ins (account, at, {columns})")
        marks = ", ".join("?" * (len(_NAMES) + 2))
        self._insert = f"INSERT INTO sign_ins VALUES ({marks})"  # noqa: S608 - our own names
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, account: str, event: SignIn) -> None:
        """Add a sign-in of an account."""
        at = (event.at - _EPOCH) // _MICROSECOND
        lists = (json.dumps(value) if value else None for value in _get_lists(event.__dict__))
        self._waiting.append((account, at, *lists, *_get_plain(event.__dict__)))
        if len(self._waiting) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        """Make what was added ready to be read."""
        self._flush()
        self._database.execute("CREATE INDEX by_account ON sign_ins (account, at)")
        self._database.execute("CREATE INDEX by_address ON sign_ins (address, at)")
        self._database.execute(
            "CREATE TABLE first_use AS SELECT address, account, min(at) AS at FROM sign_ins "
            "WHERE result_code = '0' AND address IS NOT NULL GROUP BY address, account"
        )
        self._database.execute("CREATE INDEX use_by_address ON first_use (address)")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def accounts(self) -> Iterator[tuple[str, list[SignIn]]]:
        """Yield every account with its sign-ins, oldest first."""
        rows = self._select("ORDER BY account, at")
        for account, own in groupby(rows, key=lambda row: row[0]):
            yield str(account), [_to_event(row) for row in own]

    def guessing_addresses(self, users: int, code_list: frozenset[str]) -> Iterator[list[SignIn]]:
        """Yield the sign-ins of every address that failed for so many accounts with such codes."""
        marks = ", ".join("?" * len(code_list))
        addresses = self._database.execute(
            f"SELECT address FROM sign_ins WHERE result_code IN ({marks}) "  # noqa: S608 - marks only
            "AND address IS NOT NULL "
            "GROUP BY address HAVING count(DISTINCT account) >= ? ORDER BY address",
            (*sorted(code_list), users),
        ).fetchall()
        for (address,) in addresses:
            yield [_to_event(row) for row in self._select("WHERE address = ?", address)]

    def other_users(self, account: str, address: str, before: datetime) -> int:
        """Return how many other accounts succeeded from an address before a time."""
        row = self._database.execute(
            "SELECT count(*) FROM first_use WHERE address = ? AND account <> ? AND at < ?",
            (address, account, (before - _EPOCH) // _MICROSECOND),
        ).fetchone()
        return int(row[0])

    def address_use(self, account: str, address: str, start: datetime, end: datetime) -> AddressUse:
        """Return what an address did to other accounts in a time (as ``neighbours_query``)."""
        guess, right = (", ".join(f"'{code}'" for code in sorted(codes)) for codes in _CODES)
        rows = self._database.execute(
            f"SELECT sum(result_code IN ({guess})), "  # noqa: S608 - our own codes
            f"sum(result_code IN ({right})), "
            "count(DISTINCT CASE WHEN result_code = '0' THEN at / ? END) FROM sign_ins "
            "WHERE address = ? AND at BETWEEN ? AND ? AND account <> ? GROUP BY account",
            (
                timedelta(days=1) // _MICROSECOND,
                address,
                (start - _EPOCH) // _MICROSECOND,
                (end - _EPOCH) // _MICROSECOND,
                account,
            ),
        ).fetchall()
        return AddressUse(
            guessed_accounts=sum(guesses > 0 for guesses, _, _ in rows),
            right_accounts=sum(rights > 0 for _, rights, _ in rows),
            regular_accounts=sum(days >= SHARING_DAYS for _, _, days in rows),
        )

    def _select(self, rest: str, *values: str) -> Iterator[tuple[Any, ...]]:
        columns = ", ".join(f'"{name}"' for name in _NAMES)
        query = f"SELECT account, at, {columns} FROM sign_ins {rest}"  # noqa: S608 - our own text
        return iter(self._database.execute(query, values))

    def _flush(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(self._insert, self._waiting)
        self._database.execute("COMMIT")
        self._waiting.clear()


def _to_event(row: tuple[Any, ...]) -> SignIn:
    values = dict(zip(_NAMES, row[2:], strict=True))
    for name in _LISTS:
        values[name] = json.loads(values[name]) if values[name] else []
    return SignIn(at=_EPOCH + row[1] * _MICROSECOND, **values)
