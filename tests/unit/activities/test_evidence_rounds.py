"""The record lists what the manifest lists, whatever a later round has to note."""

import json

import pytest

from activities.evidence import preserve_evidence
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.models.block import BlockName
from shared.models.query import QueryResult
from shared.playbook.acting.evidence import sealed_block
from shared.playbook.acting.sealing import not_kept
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

ROWS = [{"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": "kim"}]


async def export_and_seal(round_: int) -> str:
    """Export a round, seal it and save both as the orchestrator does; return the manifest."""
    payload = {"case": CASE, "user_principal_name": NAME, "round": round_, "spared": {}}
    hostile = {"hostile": ["203.0.113.66"]}
    block = (await call(preserve_evidence, **payload, **hostile))["block"]
    await call(save_case, patch={"blocks": {BlockName.EVIDENCE: block}})
    sealed = await call(seal_evidence, why=f"round {round_}", at=CASE["now"])
    patch = sealed_block(block, sealed, None)
    await call(save_case, patch={"blocks": {BlockName.EVIDENCE: patch}})
    return str(sealed["manifest"]["name"])


@pytest.mark.parametrize("hiccup", [False, True], ids=["whole", "an answer was not kept"])
async def test_a_second_round_drops_no_item_of_the_first(house: FakeHouse, hiccup: bool) -> None:
    house.siem.answers = {"": QueryResult(rows=ROWS)}
    opened = [{"at": CASE["now"], "event": "opened"}]
    await call(save_case, patch={"case": CASE, "timeline": opened})
    await export_and_seal(1)
    if hiccup:
        lost = [{"at": CASE["now"], "event": not_kept("answers/x", "blob 503")}]
        await call(save_case, patch={"timeline": lost})
    manifest = json.loads(house.evidence.blobs[f"{CASE_ID}/{await export_and_seal(2)}"])
    stored = await house.cases.load(CASE_ID)
    assert stored is not None
    record, _etag = stored
    block = record["blocks"][BlockName.EVIDENCE]
    assert hiccup is any("answers/x" in note for note in block["notes"])
    listed = {item["name"] for item in block["details"]["items"]}
    assert listed == {item["name"] for item in manifest["items"]}
