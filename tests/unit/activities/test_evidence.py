import gzip
import hashlib
import json

from activities.evidence import preserve_evidence
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.block import BlockName, BlockResult
from shared.models.query import QueryResult
from shared.playbook.acting.evidence import EXPORTS, RECEIVED
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

DOWN = RetryableError("timed out", vendor="log_analytics", operation="query")
ROWS = [{"UserPrincipalName": NAME, "ResultType": "0"}]


async def preserve(house: FakeHouse) -> Json:
    if house.evidence is house.providers.evidence:
        house.evidence.blobs[f"{CASE_ID}/{RECEIVED}"] = b"{}"
    block: Json = (await call(preserve_evidence, case=CASE, user_principal_name=NAME))["block"]
    BlockResult.model_validate({"name": BlockName.EVIDENCE, "block": block})
    return block


def manifest(house: FakeHouse) -> Json:
    found: Json = json.loads(house.evidence.blobs[f"{CASE_ID}/manifest.json"])
    return found


async def test_every_export_is_kept_with_its_hash(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    block = await preserve(house)
    assert (block["status"], block["notes"]) == ("complete", [])
    kept = manifest(house)
    assert kept["case_id"] == CASE_ID and kept["missing"] == []
    names = [item["name"] for item in kept["items"]]
    assert names == [RECEIVED, *(export.name for export in EXPORTS)]
    for item in kept["items"]:
        content = house.evidence.blobs[f"{CASE_ID}/{item['name']}"]
        assert item["sha256"] == hashlib.sha256(content).hexdigest()
        assert item["size"] == len(content)
    lines = gzip.decompress(house.evidence.blobs[f"{CASE_ID}/sign-ins-interactive.jsonl.gz"])
    assert [json.loads(line) for line in lines.splitlines()] == ROWS
    outputs = block["outputs"]
    assert outputs["exported_ad_logs_link"].endswith("/sign-ins-interactive.jsonl.gz")
    assert outputs["exported_firewall_logs_link"].endswith("/firewall.jsonl.gz")
    assert outputs["exported_edr_logs_link"].endswith("/endpoint-logons.jsonl.gz")
    assert outputs["evidence_storage_location"].endswith(CASE_ID)
    assert block["started_at"] <= block["finished_at"]


async def test_a_source_that_fails_is_listed_with_what_to_do(house: FakeHouse) -> None:
    house.siem.answers = {"CommonSecurityLog": DOWN}
    block = await preserve(house)
    assert block["status"] == "partial"
    [note] = [note for note in block["notes"] if "CommonSecurityLog" in note]
    assert "collect by hand" in note and "timed out" in note
    assert block["outputs"]["exported_firewall_logs_link"] is None
    assert block["outputs"]["exported_ad_logs_link"]
    assert manifest(house)["missing"] == [note]


async def test_a_partial_answer_is_kept_and_called_partial(house: FakeHouse) -> None:
    house.siem.answers = {"OfficeActivity": QueryResult(rows=ROWS, partial=True, detail="limit")}
    block = await preserve(house)
    assert block["status"] == "partial"
    assert "OfficeActivity: partial, limit" in block["notes"]
    names = {item["name"] for item in manifest(house)["items"]}
    assert "office-activity.jsonl.gz" in names


async def test_what_was_received_and_not_kept_is_said(house: FakeHouse) -> None:
    block: Json = (await call(preserve_evidence, case=CASE, user_principal_name=NAME))["block"]
    assert block["status"] == "partial"
    assert any(note.startswith("not kept as received") for note in block["notes"])


async def test_a_store_that_is_down_loses_everything_and_says_so(house: FakeHouse) -> None:
    house.evidence.failing = {"put": DOWN, "put_rows": DOWN}
    block = await preserve(house)
    assert block["status"] == "failed"
    for export in EXPORTS:
        assert any(export.table in note for note in block["notes"])
    assert any("manifest not written" in note for note in block["notes"])
    assert block["outputs"]["evidence_storage_location"] is None


async def test_without_a_store_the_block_has_failed_and_names_the_setting(
    house: FakeHouse,
) -> None:
    house.providers.evidence = None
    block = await preserve(house)
    assert block["status"] == "failed"
    assert "TOURNIQUET_BLOB_URL" in block["notes"][0]


async def test_running_again_keeps_the_same_items(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    await preserve(house)
    first = dict(house.evidence.blobs)
    await preserve(house)
    assert house.evidence.blobs == first
