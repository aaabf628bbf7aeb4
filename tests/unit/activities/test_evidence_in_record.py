"""Exporting and sealing write their part of the record themselves, and return what is left."""

from typing import Any

import pytest

from activities.evidence import preserve_evidence
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.errors import PermissionDenied, RetryableError, Unauthenticated
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRecord
from shared.models.query import QueryResult
from shared.playbook.acting.evidence import RECEIVED
from shared.playbook.acting.sealing import not_kept
from shared.playbook.reporting.evidence_lines import evidence_lines
from shared.playbook.reporting.record import merge_record
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

AT = CASE["now"]
AWAY = RetryableError("no answer", vendor="blob", operation="cases.save")
ROWS = [{"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": NAME}]


@pytest.fixture(autouse=True)
async def opened(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    house.evidence.keep(CASE_ID, RECEIVED, b"{}", source="intake")
    await call(save_case, patch={"case": CASE, "timeline": [{"at": AT, "event": "case opened"}]})


async def preserve() -> Json:
    payload = {"case": CASE, "user_principal_name": NAME, "hostile": ["203.0.113.66"]}
    block: Json = (await call(preserve_evidence, **payload))["block"]
    return block


async def seal(**more: Any) -> Json:
    return await call(seal_evidence, why="response completed, round 1", at=AT, **more)


def stored(house: FakeHouse) -> Json:
    block: Json = house.cases.records[CASE_ID]["blocks"][BlockName.EVIDENCE]
    return block


def lines(record: Json) -> list[str]:
    return evidence_lines(CaseRecord.model_validate(record))


async def test_an_export_returns_its_block_without_the_items_that_the_record_lists(
    house: FakeHouse,
) -> None:
    block = await preserve()
    kept = stored(house)
    assert kept["details"]["items"][0]["name"] == RECEIVED
    assert block["details"]["counted"]["items"] == len(kept["details"]["items"]) > 1
    without = {key: one for key, one in kept["details"].items() if key != "items"}
    assert block["details"] == without
    await call(save_case, patch={"blocks": {BlockName.EVIDENCE: block}})
    names = [
        sorted(item["name"] for item in one["details"]["items"]) for one in (kept, stored(house))
    ]
    assert names[0] == names[1], "written again without them, it still lists them"


async def test_an_export_that_the_record_does_not_take_is_returned_whole(house: FakeHouse) -> None:
    house.cases.failing["save"] = AWAY
    block = await preserve()
    assert len(block["details"]["items"]) == block["details"]["counted"]["items"] > 1


async def test_a_seal_writes_its_manifest_into_the_record(house: FakeHouse) -> None:
    await preserve()
    sealed = await seal()
    assert (sealed["stored"], sealed["items"]) == (True, [])
    record = house.cases.records[CASE_ID]
    details = stored(house)["details"]
    assert details["manifest"] == sealed["manifest"]
    assert details["counted"]["items"] == len(details["items"])
    event = f"evidence sealed: manifest.json, SHA-256 {sealed['manifest']['sha256']}"
    assert {"at": AT, "event": event} in record["timeline"]
    assert (await seal())["manifest"] == sealed["manifest"]
    assert house.cases.records[CASE_ID] == record, "the same seal again changes nothing"


async def test_a_seal_that_the_record_does_not_take_returns_all_of_it(house: FakeHouse) -> None:
    await preserve()
    house.cases.failing["save"] = AWAY
    sealed = await seal()
    assert not sealed["stored"]
    assert {"facts.json", "events.jsonl"} <= {item["name"] for item in sealed["items"]}
    assert not stored(house)["details"]["manifest"]


async def test_a_seal_waits_for_a_token_and_not_for_a_role(house: FakeHouse) -> None:
    await preserve()
    house.evidence.failing["list_items"] = Unauthenticated("no token now", vendor="blob")
    with pytest.raises(Unauthenticated):
        await seal()
    house.evidence.failing["list_items"] = PermissionDenied("no role", vendor="blob")
    assert "no role" in (await seal())["error"]
    house.evidence.failing.clear()
    assert (await seal())["stored"]


async def test_what_a_manifest_misses_is_noted_when_it_is_asked_for(house: FakeHouse) -> None:
    lost = [{"at": AT, "event": not_kept("answers/enrich_user", "blob 503")}]
    await preserve()
    await call(save_case, patch={"timeline": lost})
    before = stored(house)["notes"]
    sealed = await seal(missing=True)
    new = [note for note in stored(house)["notes"] if note not in before]
    assert len(new) == len(sealed["missing"]) == 1


async def test_the_ticket_counts_the_evidence_though_its_items_are_in_storage_only(
    house: FakeHouse,
) -> None:
    block = await preserve()
    known = merge_record(
        house.cases.records[CASE_ID] | {"blocks": {}}, {"blocks": {BlockName.EVIDENCE: block}}
    )
    sealed = await seal()
    part = {key: sealed[key] for key in ("manifest", "items", "events", "counted")}
    known = merge_record(known, {"blocks": {BlockName.EVIDENCE: {"details": part}}})
    assert lines(known) == lines(house.cases.records[CASE_ID])
    assert lines(known)[0].startswith(f"{sealed['counted']['items']} items, ")
