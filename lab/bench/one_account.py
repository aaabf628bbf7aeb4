"""One account's sign-ins, as many rows as one likes, as Log Analytics answers the app's query."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from lab.backtest.generate import ATTACKERS_PLACE, PLACES, START, make_row
from shared.models.base import Json
from shared.providers.sentinel.sign_in_log import MOST_ROWS

DAYS = 30
"""What the app looks back."""
OWN_SHARE = 10
"""One attempt of so many is the owner's; the others are guesses."""
_ADDRESSES = 40
_NUMBER = 0


def one_account(rows: int) -> list[Json]:
    """Return so many attempts at one account, oldest first, evenly over ``DAYS`` days.

    Guesses from many addresses between the owner's sign-ins, and at last one that is right: so an
    account looks that has rows by the thousand.
    """
    step = timedelta(days=DAYS) / rows
    made = [_attempt(number, START + number * step) for number in range(rows - 1)]
    last = START + (rows - 1) * step
    return [*made, make_row(_NUMBER, last, _attackers(rows), ATTACKERS_PLACE, "0")]


def _attempt(number: int, at: datetime) -> Json:
    if number % OWN_SHARE == 0:
        return make_row(_NUMBER, at, "198.51.100.1", PLACES[0], "0", mfa=number % 3 == 0)
    return make_row(_NUMBER, at, _attackers(number), ATTACKERS_PLACE, "50126")


def _attackers(number: int) -> str:
    return f"203.0.113.{1 + number // 100 % _ADDRESSES}"


def answer_to_query(log: Sequence[Json]) -> str:
    """Return Log Analytics' answer: the newest ``MOST_ROWS`` rows, cut there as the query asks."""
    newest = sorted(log, key=lambda row: str(row["TimeGenerated"]), reverse=True)[:MOST_ROWS]
    names = list(newest[0])
    kinds = {"TimeGenerated": "datetime", "AutonomousSystemNumber": "long"}
    columns = [{"name": name, "type": kinds.get(name, "string")} for name in names]
    rows = [[_cell(row[name]) for name in names] for row in newest]
    table = {"name": "PrimaryResult", "columns": columns, "rows": rows}
    return json.dumps({"tables": [table]})


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
