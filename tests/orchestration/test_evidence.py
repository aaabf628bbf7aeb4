"""When evidence is exported and sealed, and what waits for it."""

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.evidence import LAST_SEAL
from shared.models.plan import Disposition
from shared.models.run import name_run, run_started
from shared.models.verdict import Confidence
from tests.orchestration.test_respond import record, respond
from tests.orchestration.test_undo import DISABLED, undo_payload
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import LATER, REVOKE, close
from tests.support.scripts import DECISION, NAME, decided, default_scripts, fail, plan_line

type NewCase = Callable[..., Run]


def evidence_patches(run: Run) -> list[dict[str, Any]]:
    """What was written about the evidence, in order."""
    patches = [call["patch"].get("blocks", {}) for call in run.called("save_case")]
    return [one[BlockName.EVIDENCE] for one in patches if BlockName.EVIDENCE in one]


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("open_ticket")]


def plain(payload: Json) -> str:
    """Return why it is sealed, without the run, which no other case's has."""
    why, _, run = str(payload["why"]).partition(", run ")
    assert not run or name_run(run_started(run)) == run
    return why


def test_evidence_is_sealed_before_the_ticket_is_completed_and_at_the_end(case: NewCase) -> None:
    seen: list[list[str]] = []

    def seal(payload: dict[str, Any]) -> Any:
        seen.append([plain(payload), *phases(run)])
        manifest = {"name": f"manifest-{len(seen)}.json", "sha256": f"{len(seen)}" * 64}
        return {"manifest": manifest, "items": [], "missing": [], "events": {"count": len(seen)}}

    run = case(seal_evidence=seal)
    respond(run)
    run.wait()
    assert seen == [
        ["response completed, round 1", "opened"],
        [LAST_SEAL, "opened", "completed"],
        ["blocks ended", "opened", "completed", "sealed"],
    ]
    tickets = run.called("open_ticket")[-2:]
    assert [(one["phase"], one["why"], one["must_exist"]) for one in tickets] == [
        ("sealed", LAST_SEAL, True),
        ("sealed", "blocks ended", True),
    ], "each hash is where our storage does not reach"
    timeline = record(run)["timeline"]
    assert [event for event in timeline if event.startswith("evidence sealed")] == [
        f"evidence sealed: manifest-{number}.json, SHA-256 {str(number) * 64}"
        for number in (1, 2, 3)
    ]
    last = evidence_patches(run)[-1]
    assert (last["details"]["manifest"]["name"], "status" in last) == ("manifest-3.json", False)
    whole = [one for one in evidence_patches(run) if "status" in one]
    assert len(whole) == 1, "what is stored already is not sent, nor kept in the history, again"


def test_evidence_that_cannot_be_sealed_is_said_and_stops_nothing(case: NewCase) -> None:
    run = case(seal_evidence=fail("the store is away"))
    respond(run)
    run.wait()
    assert phases(run) == ["opened", "completed"]
    [block] = [one for one in evidence_patches(run) if one.get("status") == "failed"]
    assert any("no manifest" in note and "the store is away" in note for note in block["notes"])


def test_a_store_that_comes_back_within_a_minute_is_sealed_before_the_ticket_is_completed(
    case: NewCase,
) -> None:
    tries = count(1)

    def seal(payload: Json) -> Any:
        if next(tries) < 6:
            raise RuntimeError("the store is away")
        return default_scripts()["seal_evidence"](payload)

    run = case(seal_evidence=seal)
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    assert next(tries) > 6
    run.wait()


def test_what_sealing_has_written_is_not_written_again(case: NewCase) -> None:
    run = case()
    respond(run)
    run.wait()
    assert len(sealed(run)) == 3
    assert not [one for one in evidence_patches(run) if one["details"].get("manifest")]
    assert not [one for one in record(run)["timeline"] if "sealed" in one]


def test_what_sealing_has_written_is_in_the_next_record_that_is_written_whole(
    case: NewCase,
) -> None:
    def save(payload: Json) -> Any:
        refused = payload["patch"].get("status") == "contained" and "case" not in payload["patch"]
        return {"case_id": payload["case_id"]} | ({"error": "away"} if refused else {})

    run = case(save_case=save)
    respond(run)
    run.wait()
    _opening, whole = (call["patch"] for call in run.called("save_case") if "case" in call["patch"])
    assert whole["status"] == "contained"
    details = whole["blocks"][BlockName.EVIDENCE]["details"]
    assert details["manifest"]["name"] == "manifest.json"
    assert any(one["event"].startswith("evidence sealed") for one in whole["timeline"])


def test_a_store_that_refuses_for_good_is_not_waited_for(case: NewCase) -> None:
    run = case(seal_evidence=lambda _payload: {"manifest": None, "error": "no such container"})
    respond(run)
    run.wait()
    assert sealed(run)[0] != sealed(run)[1], "tried once"
    assert phases(run) == ["opened", "completed"], "no hash, no note"
    assert "evidence not sealed: no such container" in record(run)["timeline"]


def test_a_ticket_that_did_not_get_the_last_hash_is_said(case: NewCase) -> None:
    def open_ticket(payload: Json) -> Any:
        if payload["phase"] == "sealed":
            raise RuntimeError("the ITSM is away")
        return default_scripts()["open_ticket"](payload)

    run = case(open_ticket=open_ticket)
    respond(run)
    run.wait()
    said = "the ticket does not have the hash of the newest manifest yet: the ITSM is away"
    assert said in record(run)["timeline"]


def test_an_export_that_takes_long_neither_delays_containment_nor_hand_over(case: NewCase) -> None:
    goes_on = threading.Event()
    whole = make_block(BlockName.EVIDENCE, BlockStatus.COMPLETE, inputs={}).block.to_json()

    def export(_payload: dict[str, Any]) -> Any:
        assert goes_on.wait(120)
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
    assert sealed(run)[-1] == LAST_SEAL


def test_logs_that_could_not_be_exported_are_listed(case: NewCase) -> None:
    run = case(preserve_evidence=fail("the store is away"))
    respond(run)
    run.wait()
    assert [call["reason"] for call in run.called("list_unexported")] == ["the store is away"]
    block = next(one for one in evidence_patches(run) if "status" in one)
    assert block["status"] == "failed"
    assert block["details"]["parameters"]["userPrincipalName"] == NAME


def sealed(run: Run) -> list[str]:
    return [plain(call) for call in run.called("seal_evidence")]


def numbered() -> Callable[[Json], Json]:
    """Seal so that each manifest has a number."""
    numbers = count(1)

    def seal(_payload: Json) -> Json:
        number = next(numbers)
        manifest = {"name": f"manifest-{number}.json", "sha256": "0" * 64, "revision": number}
        return {"manifest": manifest, "items": [], "missing": [], "events": {"count": number}}

    return seal


def test_evidence_is_sealed_again_when_an_incident_joins_after_it_was_sealed(
    case: NewCase,
) -> None:
    inbox = Inbox()
    run = case(seal_evidence=numbered(), **inbox.scripts())
    respond(run, timing=LATER)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("seal_evidence", count=2)
    close(run)
    assert sealed(run)[:3] == [
        "response completed, round 1",
        "incidents joined, look 1",
        LAST_SEAL,
    ]
    told = [one for one in record(run)["timeline"] if one.startswith("evidence sealed")]
    assert "manifest-2.json" in told[1]


def test_an_incident_that_joins_before_evidence_is_sealed_is_sealed_with_the_rest(
    case: NewCase,
) -> None:
    inbox = Inbox()
    plan = [plan_line(REVOKE, Disposition.ASK)]
    asks = decided(Confidence.MEDIUM, plan)
    run = case(decide_response=lambda _payload: asks, **inbox.scripts())
    respond(run, timing=LATER)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=2)
    run.tell("Decision", DECISION)
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert sealed(run) == ["response completed, round 1", LAST_SEAL]


def test_evidence_is_sealed_again_after_an_undo_before_people_are_told(case: NewCase) -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[[Json], Any]:
        script = default_scripts()[name]

        def play(payload: Json) -> Any:
            order.append(name)
            return script(payload)

        return play

    names = ("seal_evidence", "open_ticket")
    run = case(**{name: noted(name) for name in names})
    run.start("undo", undo_payload(DISABLED))
    run.wait()
    assert sealed(run) == ["taken back, undo 1"]
    assert order == ["seal_evidence", "open_ticket"], "the ticket has the new hash"


def test_an_undo_is_told_though_evidence_cannot_be_sealed(case: NewCase) -> None:
    run = case(seal_evidence=fail("the store is away"))
    run.start("undo", undo_payload(DISABLED))
    run.wait()
    assert phases(run) == ["undone"]
    events = [one for call in run.called("save_case") for one in call["patch"].get("timeline", [])]
    assert any("evidence not sealed: the store is away" in one["event"] for one in events)


def test_evidence_is_sealed_again_when_the_last_block_has_ended(case: NewCase) -> None:
    run = case()
    respond(run)
    run.wait()
    assert sealed(run)[-2:] == [LAST_SEAL, "blocks ended"]


def test_rows_that_came_late_are_exported_before_the_last_manifest(case: NewCase) -> None:
    order: list[str] = []
    late = {"name": "late/firewall.jsonl.gz", "source": "CommonSecurityLog", "rows": 3}
    missing = {"source": "SigninLogs", "reason": "timed out", "by_hand": "ask again"}

    def export(payload: Json) -> Json:
        order.append(f"late, round {payload['round']}, {payload['user_principal_name']}")
        assert payload["until"] > payload["case"]["now"]
        return {"items": [late], "missing": [missing]}

    def seal(payload: Json) -> Any:
        order.append(plain(payload))
        return default_scripts()["seal_evidence"](payload)

    run = case(export_late_rows=export, seal_evidence=seal)
    respond(run)
    run.wait()
    assert order[:3] == ["response completed, round 1", f"late, round 1, {NAME}", LAST_SEAL]
    [details] = [one["details"] for one in evidence_patches(run) if "late" in one["details"]]
    assert details == {"late": [late], "late_missing": [missing]}
    assert (
        "evidence: 3 rows came later and were exported (CommonSecurityLog)"
        in (record(run)["timeline"])
    )


def test_a_second_pass_that_fails_is_said(case: NewCase) -> None:
    run = case(export_late_rows=fail("the log is away"))
    respond(run)
    run.wait()
    assert "rows that came late were not exported: the log is away" in record(run)["timeline"]
    assert LAST_SEAL in sealed(run)
