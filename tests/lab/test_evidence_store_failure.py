"""The evidence container refuses everything: the case is answered whole all the same."""

import pytest

from lab.stack import Lab
from shared.models.block import BlockName
from shared.playbook.acting.exports import EXPORTS
from tests.lab.whole_lab import WholeLab


@pytest.mark.asyncio
async def test_without_the_evidence_store_the_logs_are_to_be_collected_by_hand(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MODE", "automatic")
    monkeypatch.setenv("TOURNIQUET_EVIDENCE_CONTAINER", "No_Container_Is_Named_So")
    async with (
        Lab(auto_ports=True, state_dir=tmp_path_factory.mktemp("lab"), workers=1) as lab,
        lab.client() as client,
    ):
        played = await WholeLab(lab, client).play("brute-force-success")
    block = played.block(BlockName.EVIDENCE)
    assert block["status"] == "failed"
    assert set(block["outputs"].values()) == {None}
    for export in EXPORTS:
        named = [note for note in block["notes"] if export.table in note]
        assert named and "collect by hand" in named[0]
    assert any("incident-as-received.json" in note for note in block["notes"])
    assert played.record["status"] == "contained"
    for name, other in played.record["blocks"].items():
        assert name == BlockName.EVIDENCE or other["status"] == "complete", name
    last = [line for line in played.ledger if line["vendor"] == "servicenow" and line["effect"]][-1]
    assert "Evidence preservation failed; collect the missing logs by hand" in str(last["body"])
