import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.evidence import preserve_evidence
from shared.errors import PermanentError, RetryableError, TourniquetError, Unauthenticated
from shared.models.base import Json, parse_utc
from shared.models.block import BlockName, BlockResult
from shared.models.evidence import COLLECTOR
from shared.models.query import QueryResult
from shared.playbook.acting.evidence import RECEIVED
from shared.playbook.acting.exports import AZURE_FIREWALL_EXPORTS, EXPORTS
from shared.playbook.acting.exports_by_address import NO_ADDRESS
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

DOWN = RetryableError("timed out", vendor="log_analytics", operation="query")
STORE_DOWN = RetryableError("timed out", vendor="blob", operation="evidence.put")
NO_TOKEN = Unauthenticated("no token now", vendor="blob", operation="evidence.put")
REFUSED = PermanentError("no such container", vendor="blob", operation="evidence.put")
AT = CASE["now"]
ROWS: list[Json] = [
    {"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": NAME, "ResultType": "0"}
]


async def preserve(house: FakeHouse, number: int = 1, **more: Any) -> Json:
    if house.evidence is house.providers.evidence:
        house.evidence.keep(CASE_ID, RECEIVED, b"{}", source="intake")
    payload = {"case": CASE, "user_principal_name": NAME, "round": number} | more
    block: Json = (await call(preserve_evidence, **payload))["block"]
    BlockResult.model_validate({"name": BlockName.EVIDENCE, "block": block})
    return block


async def test_every_export_is_kept_with_its_hash(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    block = await preserve(house)
    empty = ", ".join(export.table for export in EXPORTS if export.table != "SigninLogs")
    notes = [f"exported, 0 rows: {empty}", f"not exported by address: {NO_ADDRESS}"]
    assert (block["status"], block["notes"]) == ("complete", notes)
    items = block["details"]["items"]
    assert [item["name"] for item in items] == [RECEIVED, *(export.name for export in EXPORTS)]
    for item in items:
        content = house.evidence.blobs[f"{CASE_ID}/{item['name']}"]
        assert item["sha256"] == hashlib.sha256(content).hexdigest()
        assert (item["size"], item["collector"]) == (len(content), COLLECTOR)
    lines = gzip.decompress(house.evidence.blobs[f"{CASE_ID}/sign-ins-interactive.jsonl.gz"])
    assert [json.loads(line) for line in lines.splitlines()] == ROWS
    outputs = block["outputs"]
    assert outputs["exported_ad_logs_link"].endswith("/sign-ins-interactive.jsonl.gz")
    assert outputs["exported_firewall_logs_link"].endswith("/firewall.jsonl.gz")
    assert outputs["exported_edr_logs_link"].endswith("/endpoint-logons.jsonl.gz")
    assert outputs["evidence_storage_location"].endswith(CASE_ID)
    assert block["started_at"] <= block["finished_at"]


async def test_an_item_says_how_it_was_asked_for(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    details = (await preserve(house))["details"]
    [item] = [one for one in details["items"] if one["source"] == "SigninLogs"]
    assert item["query"].startswith("SigninLogs | where ")
    assert item["rows"] == 1
    start, end = map(parse_utc, item["time_range"])
    assert (end, end - start) == (parse_utc(AT), timedelta(hours=72))
    assert details["parameters"]["userPrincipalName"] == NAME


async def test_what_an_attacker_could_still_reach_is_asked_for_first(house: FakeHouse) -> None:
    await preserve(house)
    tables = [query.partition(" ")[0] for query in house.siem.queries]
    assert tables.index("OfficeActivity") < tables.index("SigninLogs")
    assert tables.index("AuditLogs") < tables.index("SigninLogs")
    assert tables[-1] == "CommonSecurityLog"


async def test_a_source_that_fails_is_listed_with_what_to_do(house: FakeHouse) -> None:
    house.siem.answers = {"CommonSecurityLog": DOWN}
    block = await preserve(house)
    assert block["status"] == "partial"
    [note] = [note for note in block["notes"] if "CommonSecurityLog" in note]
    assert "collect by hand" in note and "timed out" in note
    assert block["outputs"]["exported_firewall_logs_link"] is None
    assert block["outputs"]["exported_ad_logs_link"]
    [missing] = block["details"]["missing"]
    assert missing["source"] == "CommonSecurityLog"
    assert "CommonSecurityLog | where SourceIP" in missing["by_hand"]


@pytest.fixture
def with_azure_firewall(house: FakeHouse, configure: Callable[..., None]) -> FakeHouse:
    configure(
        firewall_ip_group_id="/subscriptions/0/resourceGroups/rg/providers/Microsoft.Network"
        "/ipGroups/ipg-blocked"
    )
    return house


async def test_where_azure_firewall_blocks_its_own_tables_are_kept(
    with_azure_firewall: FakeHouse,
) -> None:
    hit: list[Json] = [{"TimeGenerated": "2026-11-20T11:58:00Z", "SourceIp": "203.0.113.66"}]
    with_azure_firewall.siem.answers = {"AZFWNatRule": QueryResult(rows=hit)}
    block = await preserve(with_azure_firewall)
    rows = {item["source"]: item["rows"] for item in block["details"]["items"]}
    assert {export.table for export in AZURE_FIREWALL_EXPORTS} <= set(rows)
    assert (rows["AZFWNatRule"], rows["CommonSecurityLog"]) == (1, 0)
    link = block["outputs"]["exported_firewall_logs_link"]
    assert link.endswith("/azure-firewall-nat.jsonl.gz"), "one that has rows"


async def test_a_table_that_the_workspace_does_not_have_is_missing_evidence(
    with_azure_firewall: FakeHouse,
) -> None:
    unknown = PermanentError(
        "Failed to resolve table expression named 'AZFWIdpsSignature'",
        vendor="log_analytics",
        operation="query",
    )
    with_azure_firewall.siem.answers = {"AZFWIdpsSignature": unknown}
    block = await preserve(with_azure_firewall)
    [missing] = block["details"]["missing"]
    assert missing["source"] == "AZFWIdpsSignature" and "Failed to resolve" in missing["reason"]
    assert "AZFWIdpsSignature | where SourceIp in (addresses)" in missing["by_hand"]
    assert block["status"] == "partial"


async def test_a_partial_answer_is_kept_and_called_partial(house: FakeHouse) -> None:
    answer = QueryResult(rows=ROWS, partial=True, detail="a shard did not answer")
    house.siem.answers = {"OfficeActivity": answer}
    block = await preserve(house)
    assert block["status"] == "partial"
    assert any("OfficeActivity: partial, a shard" in note for note in block["notes"])
    assert f"{CASE_ID}/office-activity.jsonl.gz" in house.evidence.blobs


async def test_what_was_received_and_not_kept_is_said(house: FakeHouse) -> None:
    block: Json = (await call(preserve_evidence, case=CASE, user_principal_name=NAME))["block"]
    assert block["status"] == "partial"
    assert any(RECEIVED in note for note in block["notes"])


@pytest.mark.parametrize("call_", ["commit", "list_items"])
@pytest.mark.parametrize("why", [STORE_DOWN, NO_TOKEN], ids=["away", "no token"])
async def test_a_store_that_is_away_is_asked_again_later(
    house: FakeHouse, call_: str, why: TourniquetError
) -> None:
    house.evidence.failing = {call_: why}
    with pytest.raises(type(why)):
        await preserve(house)


async def test_a_log_that_refuses_our_token_is_missing_and_stops_no_other(
    house: FakeHouse,
) -> None:
    house.siem.answers["AuditLogs"] = Unauthenticated("no", vendor="log_analytics")
    block = await preserve(house)
    assert block["status"] == "partial"
    assert any("AuditLogs" in note for note in block["notes"])


async def test_a_store_that_refuses_loses_everything_and_says_so(house: FakeHouse) -> None:
    house.evidence.failing = {"commit": REFUSED, "list_items": REFUSED}
    block = await preserve(house)
    assert block["status"] == "failed"
    for export in EXPORTS:
        assert any(export.table in note for note in block["notes"])
    assert block["outputs"]["evidence_storage_location"] is None


async def test_without_a_store_the_block_has_failed_and_names_the_setting(
    house: FakeHouse,
) -> None:
    house.providers.evidence = None
    block = await preserve(house)
    assert block["status"] == "failed"
    assert "TOURNIQUET_BLOB_URL" in block["notes"][0]


async def test_running_again_asks_for_nothing_and_keeps_the_same_items(house: FakeHouse) -> None:
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    first = await preserve(house)
    stored, asked = dict(house.evidence.blobs), len(house.siem.queries)
    again = await preserve(house)
    assert again["details"]["items"] == first["details"]["items"]
    assert house.evidence.blobs == stored
    assert len(house.siem.queries) == asked


async def test_a_later_round_is_kept_beside_the_first(house: FakeHouse) -> None:
    await preserve(house)
    await preserve(house, number=2)
    names = [name for name in house.evidence.blobs if "directory-audit" in name]
    assert sorted(names) == [
        f"{CASE_ID}/2/directory-audit.jsonl.gz",
        f"{CASE_ID}/directory-audit.jsonl.gz",
    ]


async def test_each_run_of_a_case_exports_for_itself(house: FakeHouse) -> None:
    runs = ["20261120T120000000Z", "20261122T080000000Z"]
    house.siem.answers = {"SigninLogs": QueryResult(rows=ROWS)}
    first = await preserve(house, case=CASE | {"run": runs[0]})
    later: list[Json] = [*ROWS, {"TimeGenerated": "2026-11-20T11:59:30Z", "Id": "second run"}]
    house.siem.answers = {"SigninLogs": QueryResult(rows=later)}
    second = await preserve(house, case=CASE | {"run": runs[1]})
    rows = []
    for run, block in zip(runs, (first, second), strict=True):
        items = {item["name"]: item for item in block["details"]["items"]}
        rows.append(items[f"{run}/sign-ins-interactive.jsonl.gz"]["rows"])
    assert rows == [1, 2], "the second run takes no part of the first for its own"
