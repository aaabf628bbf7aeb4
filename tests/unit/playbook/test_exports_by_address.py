"""What is kept by the attacker's address: on a real KQL engine, as logs write addresses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from lab.simulators.kql.store import KqlStore
from lab.simulators.udm_query import compile_query
from shared.kql import let_statements
from shared.playbook.acting.exports import EXPORTS, OKTA_EXPORTS
from shared.playbook.acting.exports_by_address import (
    BY_ADDRESS,
    NO_ADDRESS,
    PARAMETER,
    left_out,
    with_addresses,
)
from shared.playbook.acting.exports_udm import UDM_EXPORTS
from shared.udm import render
from tests.unit.playbook.hunt_rows import at

WRITTEN = {
    "203.0.113.7": [
        "203.0.113.7",
        "203.0.113.7:4711",
        "[::ffff:203.0.113.7]:80",
        "::FFFF:203.0.113.7",
    ],
    "2001:db8::1": ["2001:db8::1", "[2001:DB8::1]:443", "2001:db8::1%eth0"],
}
"""By address, how a log may write it."""
OTHERS = [
    "203.0.113.77",
    "203.0.113.77:4711",
    "1.203.0.113",
    "2001:db8::11",
    "[2001:db8::1:5]:443",
    "",
]
KQL = [one for one in BY_ADDRESS.values() if not one.table.startswith("UDM")]
START, END = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def store() -> Iterator[KqlStore]:
    yield KqlStore()


def row(table: str, number: int, written: str) -> dict[str, Any]:
    base = {"TimeGenerated": at(number), "UserId": f"somebody-{number}"}
    if table == "OfficeActivity":
        return base | ({"ClientIP": written} if number % 2 else {"Client_IPAddress": written})
    if table == "AuditLogs":
        user = {"userPrincipalName": "kim@x.example", "ipAddress": written}
        return {"TimeGenerated": at(number), "InitiatedBy": {"user": user}}
    return base | {"IPAddress": written}


@pytest.mark.parametrize("export", KQL, ids=lambda one: str(one.table))
@pytest.mark.parametrize("address", WRITTEN)
def test_every_way_to_write_the_address_is_found_and_no_other(
    store: KqlStore, export: Any, address: str
) -> None:
    texts = [*WRITTEN[address], *OTHERS]
    store.load({export.table: [row(export.table, n, text) for n, text in enumerate(texts)]})
    window = {"pageStart": START, "pageEnd": END}
    values = let_statements({PARAMETER: [address, "198.51.100.200"]} | window)
    found = store.query(values + export.page(100), START, END)
    assert len(found.rows) == len(WRITTEN[address])
    with_step = let_statements({PARAMETER: [address]} | window | {"pageStep": END - START})
    [counted] = store.query(with_step + export.counts(), START, END).rows
    assert len(WRITTEN[address]) in counted


def test_a_value_that_would_be_a_query_stays_a_value(store: KqlStore) -> None:
    export = BY_ADDRESS["SigninLogs"]
    store.load({"SigninLogs": [row("SigninLogs", 1, "198.51.100.9")]})
    hostile = 'x") or isnotempty(IPAddress) // \\'
    values = let_statements({PARAMETER: [hostile], "pageStart": START, "pageEnd": END})
    assert store.query(values + export.page(100), START, END).rows == []


@pytest.mark.parametrize("table", [one for one in BY_ADDRESS if one.startswith("UDM")])
def test_the_searches_of_google_secops_ask_by_address_alone(table: str) -> None:
    query = render(BY_ADDRESS[table].query, {PARAMETER: ["203.0.113.7", "2001:db8::1"]})
    compile_query(query)
    assert 'principal.ip = "203.0.113.7"' in query and "user" not in query.lower().split("_")[0]


@pytest.mark.parametrize("exports", [EXPORTS, UDM_EXPORTS])
def test_each_is_kept_behind_the_accounts_rows_of_the_same_log(exports: Any) -> None:
    order = [*with_addresses(exports, ["203.0.113.7"])]
    twins = [n for n, one in enumerate(order) if one.by_address]
    assert {order[n].table for n in twins} == set(BY_ADDRESS) & {one.table for one in exports}
    assert len(twins) == len({order[n].name for n in twins}) >= 3
    for n in twins:
        assert order[n].table == order[n - 1].table and order[n].name != order[n - 1].name
        assert order[n].source == f"{order[n].table} by address"
    assert [*with_addresses(exports, [])] == [*exports], "asked for nobody, nothing is asked"


def test_what_is_left_out_is_said_of_every_item() -> None:
    why = "it is the organisation's own (198.51.100.0/24)"
    lines = left_out(EXPORTS, ["203.0.113.7"], {"198.51.100.9": why})
    assert {one.item for one in lines} == {one.name for one in KQL}
    assert {(one.address, one.reason) for one in lines} == {("198.51.100.9", why)}
    assert left_out(EXPORTS, ["203.0.113.7"], {}) == []
    assert {one.reason for one in left_out(EXPORTS, [], {})} == {NO_ADDRESS}
    assert left_out([*OKTA_EXPORTS.values()], [], {}) == [], "it is asked by address anyway"
