"""A manifest that is made without any log names each one, and how to get it by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from activities.evidence import list_unexported
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.models.base import Json
from shared.models.block import BlockName, BlockResult
from shared.models.case import CaseRequest
from shared.playbook.acting.evidence import STILL_EXPORTING, sealed_block
from shared.playbook.acting.exports import EXPORTS
from shared.playbook.acting.exports_udm import UDM_EXPORTS, UDM_OKTA
from shared.playbook.acting.subject import query_parameters
from shared.udm import render
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

REQUEST = CaseRequest.model_validate(CASE)
AT = "2026-11-20T12:10:00.000Z"
EVERY: dict[str, Any] = {"kql": EXPORTS, "udm": UDM_EXPORTS}


async def listed(reason: str) -> Json:
    payload = {"case": CASE, "user_principal_name": NAME, "reason": reason}
    block: Json = (await call(list_unexported, **payload))["block"]
    BlockResult.model_validate({"name": BlockName.EVIDENCE, "block": block})
    return block


@pytest.mark.parametrize("reason", ["the store is away", STILL_EXPORTING])
@pytest.mark.parametrize("language", ["kql", "udm"])
async def test_the_manifest_names_every_log_with_reason_query_and_time(
    house: FakeHouse, language: Any, reason: str
) -> None:
    house.siem.language = language
    block = await listed(reason)
    opened = {"case": CASE, "timeline": [{"at": AT, "event": "case opened"}]}
    await call(save_case, patch=opened | {"blocks": {BlockName.EVIDENCE: block}})
    sealed = await call(seal_evidence, why="response completed, round 1", at=AT)
    manifest = json.loads(house.evidence.blobs[f"{CASE_ID}/manifest.json"])
    assert manifest["parameters"]["userPrincipalName"] == NAME
    found = {one["source"]: one for one in manifest["missing"]}
    assert list(found) == [export.table for export in EVERY[language]]
    for export in EVERY[language]:
        line = found[export.table]
        assert line["reason"] == reason
        assert export.query in line["by_hand"] and CASE["now"] in line["by_hand"]
    notes = (block | sealed_block(block, sealed, None))["notes"]
    by_log = [[note for note in notes if export.table in note] for export in EVERY[language]]
    assert all(by_log) and len(set(notes)) == len(notes)


async def test_only_what_is_lost_is_to_be_collected_by_hand(house: FakeHouse) -> None:
    going_on, lost = await listed(STILL_EXPORTING), await listed("the store is away")
    assert (going_on["status"], lost["status"]) == ("partial", "failed")
    assert not any("by hand" in note for note in going_on["notes"])
    assert sum("by hand" in note for note in lost["notes"]) == 1 + len(EXPORTS)


async def test_okta_is_among_the_logs_of_google_secops_where_it_is_a_directory(
    house: FakeHouse, configure: Callable[..., None]
) -> None:
    house.siem.language = "udm"
    configure(okta_url="https://contoso.okta.com")
    missing = (await listed("the store is away"))["details"]["missing"]
    assert [one["source"] for one in missing] == [*(one.table for one in UDM_EXPORTS), "UDM OKTA"]
    assert render(UDM_OKTA.query, query_parameters(REQUEST, NAME)).count(NAME) == 4
