"""Tokens from new places: a stolen one is told, what travels or is set up anew is not."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore, QueryError
from tests.unit.playbook.hunt_rows import ATTACKER, HUNTS, Rows, at, placed, run, token_use

HUNT = HUNTS["token_new_places"]
DAY = 24 * 60
LAPTOP = {"deviceId": "l-1", "operatingSystem": "Windows 11", "browser": "Edge 143.0"}
PHONE = {"deviceId": "", "operatingSystem": "iOS 19", "browser": "Mobile Safari"}
SERVER = {"deviceId": "", "operatingSystem": "Linux", "browser": "Chrome 120"}
CLOUD_PC = {"deviceId": "", "operatingSystem": "Windows 10", "browser": "Chrome 140"}
SILENT_APP = {"deviceId": "", "operatingSystem": "", "browser": ""}
HOME: dict[str, Any] = {"address": "198.51.100.20", "network": "3320", "country": "DE"}
CAFE: dict[str, Any] = {"address": "192.0.2.33", "network": "3209", "country": "DE"}
PAST = placed(-2 * DAY, device=LAPTOP)


@pytest.fixture(scope="module")
def store() -> Iterator[KqlStore]:
    yield KqlStore()


def found(store: KqlStore, interactive: Rows, silent: Rows) -> Rows:
    store.load({"SigninLogs": interactive, "AADNonInteractiveUserSignInLogs": silent})
    return run(store, HUNT)


TRUE: dict[str, tuple[Rows, Rows]] = {
    "another machine in another country": ([PAST], [token_use(0, device=SERVER)]),
    "another machine in the same country": ([PAST], [token_use(0, device=SERVER, country="DE")]),
    "a machine of its own, registered": (
        [PAST],
        [token_use(0, device=LAPTOP | {"deviceId": "l-666"})],
    ),
    "nothing said of the machine, another country": (
        [PAST],
        [token_use(0, device=SILENT_APP)],
    ),
    "known from refreshes only": (
        [],
        [token_use(-2 * DAY, **HOME, device=LAPTOP), token_use(0, device=SERVER)],
    ),
    "address with a port": ([PAST], [token_use(0, device=SERVER, address=f"{ATTACKER}:443")]),
    "the owner signs in at home meanwhile": (
        [PAST, placed(1, device=LAPTOP)],
        [token_use(0, device=SERVER)],
    ),
    "an interactive sign-in there came an hour later": (
        [PAST, placed(60, address=ATTACKER, network="37148", country="NG", device=SERVER)],
        [token_use(0, device=SERVER)],
    ),
}
ORDINARY: dict[str, tuple[Rows, Rows]] = {
    "the usual refreshes": ([PAST], [token_use(i * 60, **HOME, device=LAPTOP) for i in range(9)]),
    "the laptop in a cafe": ([PAST], [token_use(0, **CAFE, device=LAPTOP)]),
    "the laptop abroad": ([PAST], [token_use(0, device=LAPTOP)]),
    "the phone abroad": (
        [PAST],
        [token_use(-DAY, **HOME, device=PHONE), token_use(0, device=PHONE)],
    ),
    "a machine that is written in two ways": (
        [PAST, placed(-DAY, device=CLOUD_PC)],
        [token_use(0, device=CLOUD_PC | {"operatingSystem": "Windows10"})],
    ),
    "a home line with a new address": (
        [PAST],
        [token_use(0, **HOME | {"address": "198.51.100.77"}, device=SERVER)],
    ),
    "a new phone on its own network": (
        [PAST, placed(0.5, address="192.0.2.33", network="3209", device=PHONE)],
        [token_use(0, **CAFE, device=PHONE)],
    ),
    "nothing said of the machine, the same country": (
        [PAST],
        [token_use(0, **CAFE, device=SILENT_APP)],
    ),
    "signed in there before": (
        [PAST, placed(-DAY, address=ATTACKER, network="37148", country="NG", device=SERVER)],
        [token_use(0, device=SERVER)],
    ),
    "first day of an account": (
        [placed(-10 * 60, device=LAPTOP)],
        [token_use(0, device=SERVER)],
    ),
    "no past at all": ([], [token_use(0, device=SERVER), token_use(5, device=SERVER)]),
    "a refresh that failed": ([PAST], [token_use(0, device=SERVER, ResultType="50173")]),
    "from inside": ([PAST], [token_use(0, device=SERVER, address="10.2.3.4")]),
    "no network named": ([PAST], [token_use(0, device=SERVER, network="")]),
    "somebody else": (
        [PAST],
        [token_use(0, device=SERVER, UserId="other", UserPrincipalName="o@contoso.example")],
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_stolen_token_is_told(store: KqlStore, name: str) -> None:
    told = found(store, *TRUE[name])
    assert [row["Address"] for row in told] == [ATTACKER]


@pytest.mark.parametrize("name", ORDINARY)
def test_what_travels_is_not_told(store: KqlStore, name: str) -> None:
    assert found(store, *ORDINARY[name]) == []


def test_uses_are_one_row_with_first_and_last(store: KqlStore) -> None:
    silent = [token_use(i, device=SERVER, AppDisplayName=f"App {i % 3}") for i in range(30)]
    (row,) = found(store, [PAST], silent)
    assert (row["Uses"], row["FirstSeen"], row["TimeGenerated"]) == (30, at(0), at(29))
    assert (row["Country"], row["Network"], row["Machine"]) == ("NG", "37148", "linux/chrome")
    assert row["NewCountry"] is True
    assert sorted(row["Apps"].strip("[]").replace('"', "").split(",")) == [
        "App 0",
        "App 1",
        "App 2",
    ]


@pytest.mark.parametrize("table", HUNT.tables)
def test_a_missing_table_is_an_error_and_not_an_empty_answer(table: str) -> None:
    store = KqlStore()
    store.load({})
    store._connection.execute(f'DROP TABLE "{table}"')
    with pytest.raises(QueryError):
        run(store, HUNT)
