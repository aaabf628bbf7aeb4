"""When evidence is exported and sealed, and what waits for it."""

import threading
from collections.abc import Callable
from typing import Any

from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.evidence import LAST_SEAL
from tests.orchestration.test_respond import record, respond
from tests.support.durable_backend import Run
from tests.support.scripts import fail

type NewCase = Callable[..., Run]


def evidence_patches(run: Run) -> list[dict[str, Any]]:
    """What was written about the evidence, in order."""
    patches = [call["patch"].get("blocks", {}) for call in run.called("save_case")]
    return [one[BlockName.EVIDENCE] for one in patches if BlockName.EVIDENCE in one]


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("open_ticket")]


def test_evidence_is_sealed_before_the_ticket_is_completed_and_at_the_end(case: NewCase) -> None:
    seen: list[list[str]] = []

    def seal(payload: dict[str, Any]) -> Any:
        seen.append([payload["why"], *phases(run)])
        manifest = {"name": f"manifest-{len(seen)}.json", "sha256": f"{len(seen)}" * 64}
        return {"manifest": manifest, "items": [], "missing": [], "events": {"count": len(seen)}}

    run = case(seal_evidence=seal)
    respond(run)
    run.wait()
    assert seen == [
        ["response completed, round 1", "opened"],
        [LAST_SEAL, "opened", "completed"],
    ]
    timeline = record(run)["timeline"]
    assert [event for event in timeline if event.startswith("evidence sealed")] == [
        f"evidence sealed: manifest-1.json, SHA-256 {'1' * 64}",
        f"evidence sealed: manifest-2.json, SHA-256 {'2' * 64}",
    ]
    last = evidence_patches(run)[-1]
    assert (last["details"]["manifest"]["name"], "status" in last) == ("manifest-2.json", False)


def test_evidence_that_cannot_be_sealed_is_said_and_stops_nothing(case: NewCase) -> None:
    run = case(seal_evidence=fail("the store is away"))
    respond(run)
    run.wait()
    assert phases(run) == ["opened", "completed"]
    [block] = [one for one in evidence_patches(run) if one.get("status") == "failed"]
    assert any("no manifest" in note and "the store is away" in note for note in block["notes"])


def test_an_export_that_takes_long_neither_delays_containment_nor_hand_over(case: NewCase) -> None:
    goes_on = threading.Event()
    whole = make_block(BlockName.EVIDENCE, BlockStatus.COMPLETE, inputs={}).block.to_json()

    def export(_payload: dict[str, Any]) -> Any:
        assert goes_on.wait(30)
        return {"block": whole}

    run = case(preserve_evidence=export)
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    assert run.called("revoke_sessions")
    block = next(one for one in reversed(evidence_patches(run)) if "status" in one)
    assert (block["status"], "still being exported" in block["notes"][0]) == ("partial", True)
    goes_on.set()
    run.wait()
    block = next(one for one in reversed(evidence_patches(run)) if "status" in one)
    assert block["status"] == "complete"
    assert [call["why"] for call in run.called("seal_evidence")][-1] == LAST_SEAL
