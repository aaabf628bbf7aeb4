"""Sign-in log rows as the tables hold them, and both readings of them: the rule's and ours.

Rows are placed by their age at ``NOW``, and a rule is asked as if it were that late: some count by
days, which a move to the wall clock would cut elsewhere.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from lab.simulators.kql.store import KqlStore
from shared.models.signin import SignIn
from shared.playbook.sign_ins.collapse import collapse
from shared.playbook.sign_ins.detected import Detection
from shared.playbook.sign_ins.shapes import Shape, try_read
from shared.playbook.sign_ins.shapes.row import Row
from tools.detection_rules import load_rules

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECENT = timedelta(minutes=30)
"""How old a detection may be for a rule that says ``ago(recent)`` and runs every five minutes."""
INTERACTIVE = "SigninLogs"
NON_INTERACTIVE = "AADNonInteractiveUserSignInLogs"
RULES = load_rules()
_AGO = re.compile(r"\bago\((\w+)\)")
_numbers = count(1)

type Rows = dict[str, list[dict[str, Any]]]


class Place(NamedTuple):
    """Where an address is."""

    country: str
    city: str
    latitude: float
    longitude: float
    network: str


BERLIN = Place("DE", "Berlin", 52.52, 13.405, "3320")
HAMBURG = Place("DE", "Hamburg", 53.551, 9.994, "3209")
LAGOS = Place("NG", "Lagos", 6.45, 3.39, "37148")
LAPTOP = {"deviceId": "l-1", "operatingSystem": "Windows 11", "browser": "Edge 143.0"}
NO_DEVICE = {"deviceId": "", "operatingSystem": "Linux", "browser": "Chrome 120"}


def row(
    age: timedelta | float,
    code: str = "0",
    *,
    user: str = "adele",
    address: str = "203.0.113.7",
    place: Place | None = None,
    device: dict[str, str] | None = None,
    mfa: bool = False,
    **columns: Any,
) -> dict[str, Any]:
    """One row, so many seconds old; columns of both tables, dynamic ones as objects."""
    at = NOW - (age if isinstance(age, timedelta) else timedelta(seconds=age))
    factor = "multiFactorAuthentication" if mfa else "singleFactorAuthentication"
    base = {
        "TimeGenerated": at.isoformat().replace("+00:00", "Z"),
        "Id": f"sign-in-{next(_numbers)}",
        "UserId": f"id-{user}",
        "UserPrincipalName": f"{user}@contoso.example",
        "IPAddress": address,
        "ResultType": code,
        "AuthenticationRequirement": factor,
        "AutonomousSystemNumber": place.network if place else "",
        "DeviceDetail": device or {},
        "LocationDetails": _details(place) if place else {},
        "AppDisplayName": "OfficeHome",
    }
    return base | columns


def _details(place: Place) -> dict[str, Any]:
    point = {"latitude": place.latitude, "longitude": place.longitude}
    return {"countryOrRegion": place.country, "city": place.city, "geoCoordinates": point}


def logs(*rows: dict[str, Any], silent: Sequence[dict[str, Any]] = ()) -> Rows:
    """Return rows as tables; ``silent`` ones are non-interactive, with text for dynamic columns."""
    return {INTERACTIVE: list(rows), NON_INTERACTIVE: [as_text(one) for one in silent]}


def as_text(one: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the non-interactive table holds it."""
    return {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in one.items()
    }


def ask_rule(store: KqlStore, name: str, rows: Rows) -> list[dict[str, Any]]:
    """Run a rule's query over rows, within its query period, as Sentinel does."""
    return ask_rules(store, [name], rows)[name]


def ask_rules(store: KqlStore, names: Iterable[str], rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Run the queries of several rules over the same rows."""
    store.load(rows)
    answers = {}
    for name in names:
        query = _AGO.sub(rf"(datetime({NOW.isoformat()}) - \1)", RULES[name].query)
        result = store.query(query, NOW - RULES[name].queryPeriod, NOW)
        answers[name] = [
            {
                column.name: datetime.fromisoformat(value)
                if column.type == "datetime" and value
                else value
                for column, value in zip(result.columns, values, strict=True)
            }
            for values in result.rows
        ]
    return answers


def within(rows: Rows, period: timedelta) -> Rows:
    """Return the rows that a rule with this query period sees."""
    return {
        table: [
            one for one in given if datetime.fromisoformat(one["TimeGenerated"]) >= NOW - period
        ]
        for table, given in rows.items()
    }


def read(rows: Rows) -> list[SignIn]:
    """Read rows as the app does."""
    shapes = {INTERACTIVE: Shape.SIGNIN_LOGS, NON_INTERACTIVE: Shape.NON_INTERACTIVE}
    read_rows = [
        try_read(shape, Row(one)) for table, shape in shapes.items() for one in rows.get(table, [])
    ]
    return collapse(event for event in read_rows if event)


def recent[D: Detection](
    find: Callable[[Sequence[SignIn]], list[D]], rows: Rows, age: timedelta = RECENT
) -> list[D]:
    """Return what the playbook finds in rows, as far as a rule would still tell it."""
    return [found for found in find(read(rows)) if found.detected_at > NOW - age]
