"""Logs are kept by the attacker's address, too; by one that the rules protect they are not."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from activities.evidence import list_unexported, preserve_evidence
from activities.evidence_late import export_late_rows
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from shared.playbook.acting.exports_by_address import BY_ADDRESS, PARAMETER
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call
from tests.unit.activities.test_blockable import LONG_AGO, colleagues, trust
from tests.unit.activities.test_deciding import ATTACK, case, decide
from tests.unit.playbook.builders import ATTACKER

OFFICE = "198.51.100.9"
OTHERS: list[Json] = [
    {"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": "kim@x.example"},
    {"TimeGenerated": "2026-11-20T11:58:00Z", "UserPrincipalName": "lee@x.example"},
]
PROTECTED = {OFFICE: "it is the organisation's own (198.51.100.0/24)"}
TABLES = [one.table for one in BY_ADDRESS.values() if not one.table.startswith("UDM")]


def payload(**more: Any) -> Json:
    run = {"case": CASE, "user_principal_name": NAME, "round": 1}
    return run | {"hostile": [ATTACKER], "spared": PROTECTED} | more


async def manifest_of(house: FakeHouse, block: Json) -> Json:
    opened = {"case": CASE, "timeline": [{"at": CASE["now"], "event": "case opened"}]}
    await call(save_case, patch=opened | {"blocks": {BlockName.EVIDENCE: block}})
    await call(seal_evidence, why="response completed, round 1", at=CASE["now"])
    manifest: Json = json.loads(house.evidence.blobs[f"{CASE_ID}/manifest.json"])
    return manifest


async def test_everybody_at_the_attackers_address_is_kept(house: FakeHouse) -> None:
    house.siem.answers = {PARAMETER: QueryResult(rows=OTHERS)}
    block: Json = (await call(preserve_evidence, **payload()))["block"]
    manifest = await manifest_of(house, block)
    items = {item["name"]: item for item in manifest["items"]}
    for table in TABLES:
        item = items[BY_ADDRESS[table].name]
        assert (item["rows"], item["source"]) == (2, f"{table} by address")
        assert PARAMETER in item["query"] and "userPrincipalName" not in item["query"]
    assert manifest["parameters"][PARAMETER] == [ATTACKER]
    assert manifest["missing"] == [
        one for one in manifest["missing"] if "by address" not in one["source"]
    ]


async def test_a_protected_address_is_listed_as_left_out_with_the_reason(house: FakeHouse) -> None:
    block: Json = (await call(preserve_evidence, **payload(hostile=[])))["block"]
    assert not any(PARAMETER in query for query in house.siem.queries)
    assert any(PROTECTED[OFFICE] in note for note in block["notes"])
    manifest = await manifest_of(house, block)
    told = {one["item"]: (one["address"], one["reason"]) for one in manifest["left_out"]}
    assert told == {BY_ADDRESS[table].name: (OFFICE, PROTECTED[OFFICE]) for table in TABLES}
    assert not any("by-address" in item["name"] for item in manifest["items"])


async def test_one_that_cannot_be_read_is_missing_by_its_own_name(house: FakeHouse) -> None:
    house.siem.answers = {PARAMETER: RetryableError("timed out", vendor="log_analytics")}
    block: Json = (await call(preserve_evidence, **payload()))["block"]
    missing = {one["source"]: one for one in block["details"]["missing"]}
    assert {f"{table} by address" for table in TABLES} <= set(missing)
    assert all(PARAMETER in missing[f"{table} by address"]["by_hand"] for table in TABLES)
    assert set(TABLES).isdisjoint(missing), "the account's rows are there"
    listed: Json = (await call(list_unexported, reason="the store is away", **payload()))["block"]
    sources = {one["source"] for one in listed["details"]["missing"]}
    assert {f"{table} by address" for table in TABLES} <= sources
    assert {one["address"] for one in listed["details"]["left_out"]} == {OFFICE}


async def test_rows_that_come_late_are_kept_by_address_too(house: FakeHouse) -> None:
    await call(preserve_evidence, **payload())
    house.siem.answers = {PARAMETER: QueryResult(rows=OTHERS)}
    found = await call(export_late_rows, until="2026-11-21T12:00:00.000Z", **payload())
    assert {item["source"] for item in found["items"]} == {f"{one} by address" for one in TABLES}


@pytest.fixture
def attack(house: FakeHouse, configure: Callable[..., None]) -> None:
    """A brute force that succeeded from abroad, from an address of bad name."""
    house.sign_in_log.result = SignInLogResult(events=ATTACK, rows=len(ATTACK))


@pytest.mark.usefixtures("attack")
async def test_the_attacks_address_is_asked_for_and_no_other_of_the_incident() -> None:
    decided = await decide(case(addresses=[ATTACKER, OFFICE, "10.0.0.7"]))
    assert decided.hostile == [ATTACKER]
    assert set(decided.spared) == {OFFICE, "10.0.0.7"}
    assert "anybody's" in decided.spared[OFFICE] and "private" in decided.spared["10.0.0.7"]


@pytest.mark.usefixtures("attack")
@pytest.mark.parametrize("how", ["trusted location", "many sign in from it"])
async def test_an_offices_egress_is_not_asked_for(house: FakeHouse, how: str) -> None:
    if how == "trusted location":
        trust(house, LONG_AGO)
    else:
        colleagues(house, usual=9, settled=9)
    decided = await decide()
    assert decided.hostile == []
    [block] = [line for line in decided.plan if line.action == "BlockIP"]
    assert block.disposition == "never"
    assert decided.spared[ATTACKER] in block.why


async def test_addresses_that_are_left_out_for_one_reason_share_a_note(house: FakeHouse) -> None:
    spared = dict.fromkeys((OFFICE, "198.51.100.10"), "why") | {"10.0.0.7": "it is private"}
    block: Json = (await call(preserve_evidence, **payload(spared=spared)))["block"]
    assert [one for one in block["notes"] if "by address " in one and "0 rows" not in one] == [
        f"not exported by address {OFFICE}, 198.51.100.10: why",
        "not exported by address 10.0.0.7: it is private",
    ]
