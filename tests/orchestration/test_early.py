"""Containment that begins before everything was gathered."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from orchestrators import rest
from shared.models.block import BlockName
from shared.models.plan import ActionName, Disposition
from shared.models.policy import Limits
from shared.models.verdict import Confidence
from tests.orchestration.test_respond import record, respond
from tests.support.asking import answer
from tests.support.durable_backend import Run, Script, durable_engine
from tests.support.early import Hunts, certain, early_scripts, planned, success
from tests.support.scripts import (
    decided,
    default_scripts,
    fail,
    verified,
)

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

RESET, REVOKE = ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS
RULES = ActionName.DISABLE_INBOX_RULES
CERTAIN = {"ForcePasswordReset", "RevokeSessions"}


def early(case: NewCase, **scripts: Script) -> Run:
    """Return a case whose hunts wait until the password has been reset."""
    return case(**early_scripts(**scripts))


def done(run: Run) -> list[str]:
    acts = ("force_password_reset", "revoke_sessions", "disable_inbox_rules")
    return [name for name, payload in run.calls if name in acts and not payload.get("last")]


def test_what_is_certain_does_not_wait_for_the_hunts(case: NewCase) -> None:
    run = early(case)
    respond(run)
    run.wait()
    [asked] = run.called("decide_early")
    assert {BlockName.USER, BlockName.SIGN_INS} <= asked["blocks"].keys()
    assert BlockName.ACTIVITY not in asked["blocks"]
    assert done(run) == ["force_password_reset", "revoke_sessions"], "each once"
    [full] = run.called("decide_response")
    assert full["at"] == asked["at"], "by the hour of what has begun"
    saved = record(run)
    assert {item["action"]: item["verified"] for item in saved["actions"]} == {
        "ForcePasswordReset": True,
        "RevokeSessions": True,
        "BlockIP": True,
    }
    begun, verdict = [e for e in saved["timeline"] if "begun" in e or e.startswith("verdict")]
    assert begun.startswith("ForcePasswordReset, RevokeSessions begun"), begun
    assert verdict.startswith("verdict High")


def test_what_the_hunts_find_is_done_in_the_same_containment(case: NewCase) -> None:
    """After the sessions are revoked, so that nobody who was signed in puts it back."""
    run = early(case, decide_response=planned(RULES))
    respond(run)
    run.wait()
    assert done(run) == ["force_password_reset", "revoke_sessions", "disable_inbox_rules"]
    assert len(run.called("read_account_state")) == 1, "one containment, one lock"
    assert {item["action"] for item in record(run)["actions"]} == {*CERTAIN, str(RULES)}


def test_what_is_asked_of_the_rest_waits_for_a_person(case: NewCase) -> None:
    run = early(case, decide_response=planned(RULES, disposition=Disposition.ASK))
    respond(run)
    run.wait_for_call("notify_analysts")
    assert run.called("notify_analysts")[0]["phase"] == "decision_needed"
    run.tell("Decision", answer(RULES, question=1))
    run.wait()
    assert done(run) == ["force_password_reset", "revoke_sessions", "disable_inbox_rules"]


def test_nothing_begins_where_nothing_is_certain(case: NewCase) -> None:
    hunts = Hunts()
    uncertain = hunts.released_by(lambda _payload: {})
    run = case(analyse_sign_ins=success, analyse_activity=hunts.script, decide_early=uncertain)
    respond(run)
    run.wait()
    assert len(run.called("decide_early")) == 1
    assert "at" not in run.called("decide_response")[0]
    assert done(run) == ["force_password_reset", "revoke_sessions"]


def test_without_a_success_in_the_log_nobody_asks_what_is_certain(case: NewCase) -> None:
    hunts = Hunts()
    hunts.release()
    run = case(analyse_activity=hunts.script)
    respond(run)
    run.wait()
    assert run.called("decide_early") == []


def test_deciding_early_that_fails_changes_nothing(case: NewCase) -> None:
    hunts = Hunts()

    def broken(_payload: Json) -> Json:
        hunts.release()
        raise RuntimeError("no")

    run = case(analyse_sign_ins=success, analyse_activity=hunts.script, decide_early=broken)
    respond(run)
    run.wait()
    assert done(run) == ["force_password_reset", "revoke_sessions"]


def test_deciding_early_that_is_overtaken_is_not_waited_for(case: NewCase) -> None:
    hunts, decided_in_full = Hunts(), threading.Event()

    def early_one(_payload: Json) -> Any:
        hunts.release()
        assert decided_in_full.wait(120)
        return certain()({})

    def full(_payload: Json) -> Any:
        decided_in_full.set()
        return decided()

    run = case(
        analyse_sign_ins=success,
        analyse_activity=hunts.script,
        decide_early=early_one,
        decide_response=full,
    )
    respond(run)
    run.wait()
    assert done(run) == ["force_password_reset", "revoke_sessions"], "each once"
    assert "at" not in run.called("decide_response")[0]


@pytest.mark.parametrize(("limit", "acts"), [(0, False), (1, True)])
def test_the_breaker_is_asked_before_anything_begins_and_counts_a_case_once(
    limit: int, acts: bool
) -> None:
    hunts, limits = Hunts(), Limits(automatic_per_hour=limit).to_json()
    scripts: dict[str, Script] = {
        "analyse_sign_ins": success,
        "analyse_activity": hunts.script,
        "decide_early": hunts.released_by(certain(limits=limits)),
        "decide_response": lambda _payload: planned(RULES)({}) | {"limits": limits},
    }
    with durable_engine() as engine:  # its breaker is nobody else's
        run = engine.case(default_scripts() | scripts)
        respond(run)
        run.wait()
    rest = ["force_password_reset", "revoke_sessions", "disable_inbox_rules"]
    assert done(run) == (rest if acts else [])
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert ("decision_needed" in phases) is not acts


def test_what_has_begun_stays_in_the_record_when_deciding_fails(case: NewCase) -> None:
    run = early(case, decide_response=fail("the ruleset is gone"))
    respond(run)
    run.wait()
    saved = record(run)
    assert {item["action"] for item in saved["actions"]} == CERTAIN
    plan = {line["action"]: line["disposition"] for line in saved["plan"]}
    assert plan == {
        "ForcePasswordReset": "automatic",
        "RevokeSessions": "automatic",
        "MonitorOnly": "never",
    }
    assert saved["verdict"]["compromise_confidence_score"] == Confidence.MEDIUM


@pytest.mark.parametrize("still_reading_back", [False, True])
def test_a_containment_that_was_told_nothing_gives_the_account_free(
    case: NewCase, monkeypatch: pytest.MonkeyPatch, still_reading_back: bool
) -> None:
    """What its case finds later is done by another, whether or not it reads back just then."""
    monkeypatch.setattr(rest, "PATIENCE", timedelta(milliseconds=200))
    numbers = iter(range(100))
    told = threading.Event()

    def hunts(payload: Json) -> Any:
        if next(numbers) == 0:  # tried again after a second, when patience is over
            raise RuntimeError("HTTP 503")
        return default_scripts()["analyse_activity"](payload)

    def notify(payload: Json) -> Any:
        told.set()
        return default_scripts()["notify_analysts"](payload)

    def look(payload: Json) -> Json:
        if still_reading_back:
            assert told.wait(120)
        return verified(payload)

    run = case(
        analyse_sign_ins=success,
        analyse_activity=hunts,
        decide_early=certain(),
        decide_response=planned(RULES),
        notify_analysts=notify,
        verify_account=look,
    )
    respond(run)
    run.wait()
    assert done(run) == ["force_password_reset", "revoke_sessions", "disable_inbox_rules"]
    assert len(run.called("read_account_state")) == 2, "two containments"
    assert {item["action"] for item in record(run)["actions"]} == {*CERTAIN, str(RULES)}
