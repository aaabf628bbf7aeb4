"""What is told and written of a containment that began before everything was gathered."""

from typing import Any

import pytest
from durabletask.client import OrchestrationFailedError

from shared.models.plan import Disposition
from shared.models.verdict import Confidence
from shared.playbook.reporting.channels import message_for
from tests.orchestration.test_early import (
    BEGUN,
    BOTH_DONE,
    RULES,
    Json,
    NewCase,
    early,
    phases,
)
from tests.orchestration.test_respond import record, respond
from tests.orchestration.test_service_levels import respond as respond_in_time
from tests.support.asking import answer, wait_for_phase
from tests.support.blocks import wait_for
from tests.support.durable_backend import Run
from tests.support.early import Hunts, certain, planned
from tests.support.joining import close
from tests.support.scripts import OBJECT_ID, SOON, default_scripts, fail


def written(run: Run) -> list[Json]:
    """Return what was to be written of outcomes."""
    patches = [call["patch"] for call in run.called("save_case")]
    return [patch for patch in patches if patch.get("actions")]


def test_what_has_begun_is_written_and_its_account_free_while_the_hunts_go_on(
    case: NewCase,
) -> None:
    hunts = Hunts()

    def save(payload: Json) -> Any:
        if payload["patch"].get("actions"):
            hunts.release()
        return default_scripts()["save_case"](payload)

    run = early(case, analyse_activity=hunts.script, save_case=save,
                force_password_reset=default_scripts()["force_password_reset"])  # fmt: skip
    respond(run)
    run.wait()
    patches = [call["patch"] for call in run.called("save_case")]
    [written] = [one for one in patches if one.get("actions") and not one.get("blocks")][:1]
    assert written["timeline"][0]["event"].startswith(BEGUN)
    assert {item["verified"] for item in written["actions"]} == {True}
    assert patches.index(written) < next(n for n, one in enumerate(patches) if "verdict" in one)


def test_an_early_failure_is_told_while_the_hunts_go_on(case: NewCase) -> None:
    hunts = Hunts()

    def notify(payload: Json) -> Any:
        if payload["phase"] == "containment_failed":
            hunts.release()
        return default_scripts()["notify_analysts"](payload)

    run = early(
        case,
        analyse_activity=hunts.script,
        force_password_reset=fail("HTTP 503"),
        notify_analysts=notify,
    )
    respond(run)
    run.wait()
    assert phases(run)[:2] == ["containment_failed", "opened"]
    outcomes = {item["action"]: item["status"] for item in record(run)["actions"]}
    assert (outcomes["ForcePasswordReset"], outcomes["RevokeSessions"]) == ("failed", "succeeded")


def test_what_has_begun_stays_in_the_record_when_deciding_fails(case: NewCase) -> None:
    """And with it whose account it is, which undoing and evidence go by."""
    answer_early = certain(directory="okta", object_id="00uOKTA")
    run = early(case, decide_early=answer_early, decide_response=fail("the ruleset is gone"))
    respond(run)
    run.wait()
    saved = record(run)
    assert [run.called(name)[0]["object_id"] for name in BOTH_DONE] == ["00uOKTA"] * 2
    assert (saved["account"]["object_id"], saved["account"]["directory"]) == ("00uOKTA", "okta")
    plan = {line["action"]: line["disposition"] for line in saved["plan"]}
    assert plan == {
        "ForcePasswordReset": "automatic",
        "RevokeSessions": "automatic",
        "MonitorOnly": "never",
    }
    assert saved["verdict"]["compromise_confidence_score"] == Confidence.MEDIUM


def test_what_has_begun_is_written_when_storage_comes_back_beside_a_question(
    case: NewCase,
) -> None:
    """The next write of the case comes with the answer, in hours."""
    away = iter([True] * 3)

    def save(payload: Json) -> Any:
        if payload["patch"].get("actions") and next(away, False):
            raise RuntimeError("storage is away")
        return default_scripts()["save_case"](payload)

    full = planned(RULES, disposition=Disposition.ASK)
    run = early(case, save_case=save, decide_response=full)
    respond(run, timing=SOON | {"approval_deadline_minutes": 60_000})
    wait_for(lambda: len(written(run)) > 3)
    assert {item["action"] for item in written(run)[3]["actions"]} == {
        "ForcePasswordReset",
        "RevokeSessions",
    }
    run.tell("Decision", answer(RULES, question=1))
    run.wait()


def test_a_case_that_breaks_off_says_what_has_begun(case: NewCase) -> None:
    run = early(case, decide_response=lambda _payload: {"not": "a judgement"})
    respond(run)
    with pytest.raises(OrchestrationFailedError):
        run.wait()
    [broke] = [call for call in run.called("notify_analysts") if call["phase"] == "broke_off"]
    assert broke["why"].startswith(f"{BEGUN}, look whether it is done; the response broke off")
    assert BEGUN in message_for(broke["record"], "broke_off", broke["why"]).model_dump_json()
    assert [e for e in broke["record"]["timeline"] if e["event"].startswith(BEGUN)]
    run.wait(f"{run.case_id}:contain:1")
    wait_for(lambda: bool(written(run)))
    # Whoever takes it back has to know where.
    assert written(run)[0]["account"] == {"object_id": OBJECT_ID, "directory": "entra"}


def test_a_contained_account_is_not_called_late_while_the_rest_is_asked(case: NewCase) -> None:
    """Its containment has ended before the question: nothing else wakes the case for hours."""
    hunts = Hunts()

    def save(payload: Json) -> Any:
        if payload["patch"].get("actions"):
            hunts.release()
        return default_scripts()["save_case"](payload)

    def full(payload: Json) -> Any:
        run.wait(f"{run.case_id}:contain:1")
        return planned(RULES, disposition=Disposition.ASK)(payload)

    run = early(case, analyse_activity=hunts.script, save_case=save, decide_response=full,
                force_password_reset=default_scripts()["force_password_reset"])  # fmt: skip
    respond_in_time(run, {"approval_deadline_minutes": 600_000})
    wait_for(lambda: "contained_at" in record(run)["sla"])
    assert "question" in record(run), "before anybody answered"
    run.tell("Decision", answer(RULES, question=1))
    wait_for_phase(run, "completed")
    close(run)
