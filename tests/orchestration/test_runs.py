"""A case whose engine lost it runs again under its id, beside the claims of its first run."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from activities.asking import claim_decision
from activities.containment import force_password_reset, revoke_sessions
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.bootstrap import set_providers
from shared.models.base import Json
from shared.models.evidence import LAST_SEAL, Manifest
from shared.models.plan import Disposition
from tests.support import fakes
from tests.support.asking import RESET, REVOKE, answer, question, wait_for_phase
from tests.support.durable_backend import Engine, Run
from tests.support.fakes import FakeHouse
from tests.support.joining import LATER, close, respond
from tests.support.scripts import decided, default_scripts, plan_line

AUTOMATIC = decided(plan=[plan_line(one, Disposition.AUTOMATIC) for one in (RESET, REVOKE)])


@pytest.fixture
def house() -> Iterator[FakeHouse]:
    """The case store and the directory outlive the engine's memory."""
    kept = FakeHouse()
    set_providers(kept.providers)
    yield kept
    set_providers(None)


def real(activity: Any) -> Callable[[Json], Any]:
    """Run an activity itself, delivered twice, as after the death of a worker."""

    def script(payload: Json) -> Any:
        asyncio.run(activity(cast(Any, None), dict(payload)))
        return asyncio.run(activity(cast(Any, None), dict(payload)))

    return script


def new_case(engine: Engine, judged: Any, case_id: str = "") -> Run:
    parts = (save_case, claim_decision, force_password_reset, revoke_sessions, seal_evidence)
    scripts = {part.__name__: real(part) for part in parts}
    return engine.case(default_scripts() | scripts | {"decide_response": judged}, case_id)


def lost(engine: Engine, run: Run, judged: Any) -> Run:
    """Let the engine forget a case; the same incident then starts it under the same id."""
    engine.client.purge_orchestration(run.case_id)
    return new_case(engine, judged, run.case_id)


def test_an_old_answer_does_not_decide_the_question_of_a_new_run(
    engine: Engine, house: FakeHouse
) -> None:
    first = new_case(engine, question())
    respond(first, timing=LATER)
    wait_for_phase(first, "decision_needed")
    first.tell("Decision", answer(RESET, decided_by="kim"))
    wait_for_phase(first, "completed")
    close(first)
    old = house.cases.records[first.case_id]
    assert old["decision"]["actions"] == ["ForcePasswordReset"]

    second = lost(engine, first, question())
    respond(second, timing=LATER)
    wait_for_phase(second, "decision_needed")
    record = house.cases.records[first.case_id]
    assert (record["status"], record["decision"]) == ("awaiting_decision", None)
    assert record["run"] > old["run"]
    stale = answer(RESET, decided_by="kim", run=old["run"])
    second.tell("Decision", stale)
    second.tell("Decision", {"actions": ["RevokeSessions"]})
    wait_for_phase(second, "completed")
    close(second)
    record = house.cases.records[first.case_id]
    assert record["decision"]["actions"] == ["RevokeSessions"]
    assert not second.called("force_password_reset") and second.called("revoke_sessions")
    events = [one["event"] for one in record["timeline"]]
    assert any("the case runs anew" in one for one in events)
    assert any("not taken: this answers a question of an earlier run" in one for one in events)
    assert {one["event"] for one in old["timeline"]} <= set(events), "its history goes on"


def test_an_old_containment_is_not_the_effect_of_a_new_run(
    engine: Engine, house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account changed after the first run's claims: each run has an effect of its own, once."""
    run = new_case(engine, lambda _payload: AUTOMATIC)
    for number in (1, 2):
        monkeypatch.setattr(fakes, "T1", datetime(2026, 11, 20 + number, tzinfo=UTC))
        respond(run, timing=LATER)
        wait_for_phase(run, "completed")
        close(run)
        assert house.directory.called("reset_password") == number
        assert house.directory.called("revoke_sessions") == number
        run = lost(engine, run, lambda _payload: AUTOMATIC)
    claims = {name.partition("/")[2] for name in house.cases.claims}
    assert len({name.partition("-")[0] for name in claims}) == 2, "each run has its own"


def test_the_record_of_a_new_run_keeps_what_can_be_taken_back(
    engine: Engine, house: FakeHouse
) -> None:
    run = new_case(engine, lambda _payload: AUTOMATIC)
    respond(run, timing=LATER)
    wait_for_phase(run, "completed")
    close(run)
    done = house.cases.records[run.case_id]
    again = lost(engine, run, question())
    respond(again, timing=LATER)
    wait_for_phase(again, "decision_needed")
    record = house.cases.records[run.case_id]
    names = {(one["action"], one["target"]) for one in record["actions"]}
    assert {(one["action"], one["target"]) for one in done["actions"]} <= names
    assert record["events"][: len(done["events"])] == done["events"], "one chain"
    assert record["sla"].get("closed_at") is None and record["watched"]
    again.tell("Decision", {"actions": ["NoAction"]})
    wait_for_phase(again, "completed")
    close(again)


def test_a_new_run_is_sealed_with_what_it_did(engine: Engine, house: FakeHouse) -> None:
    def manifests(why: str) -> list[Manifest]:
        blobs = house.evidence.blobs.items()
        read = [Manifest.model_validate_json(one) for name, one in blobs if "/manifest" in name]
        return [one for one in read if one.why.partition(",")[0] == why]

    run = new_case(engine, question())
    for number in (1, 2):
        respond(run, timing=LATER)
        wait_for_phase(run, "decision_needed")
        run.tell("Decision", answer(RESET, decided_by=f"person {number}"))
        wait_for_phase(run, "completed")
        newest = manifests("response completed")[-1]
        details = house.cases.records[run.case_id]["blocks"]["Evidence_Preservation"]["details"]
        assert details["manifest"]["revision"] == newest.revision
        listed = [f"{run.case_id}/{one.name}" for one in newest.items if "decision" in one.name]
        assert any(f"person {number}".encode() in house.evidence.blobs[one] for one in listed)
        close(run)
        assert len(manifests("response completed")) == len(manifests(LAST_SEAL)) == number
        run = lost(engine, run, question())
