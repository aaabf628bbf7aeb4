"""Containment that begins before everything was gathered."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.models.block import BlockName
from shared.models.plan import ActionName, Disposition
from shared.models.policy import Limits
from tests.orchestration.test_respond import record, respond
from tests.support.asking import answer
from tests.support.durable_backend import Run, Script, durable_engine
from tests.support.early import Hunts, certain, early_scripts, planned, success
from tests.support.scripts import decided, default_scripts, verified

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

RULES = ActionName.DISABLE_INBOX_RULES
BOTH_DONE = ["force_password_reset", "revoke_sessions"]
BEGUN = "ForcePasswordReset, RevokeSessions begun"


def early(case: NewCase, **scripts: Script) -> Run:
    """Return a case whose hunts wait until the password has been reset."""
    return case(**early_scripts(**scripts))


def done(run: Run) -> list[str]:
    acts = (*BOTH_DONE, "disable_inbox_rules")
    return [name for name, payload in run.calls if name in acts and not payload.get("last")]


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("notify_analysts")]


def test_what_is_certain_does_not_wait_for_the_hunts(case: NewCase) -> None:
    run = early(case)
    respond(run)
    run.wait()
    [asked] = run.called("decide_early")
    assert {BlockName.USER, BlockName.SIGN_INS} <= asked["blocks"].keys()
    assert BlockName.ACTIVITY not in asked["blocks"]
    assert done(run) == BOTH_DONE, "each once"
    saved = record(run)
    assert {item["action"]: item["verified"] for item in saved["actions"]} == {
        "ForcePasswordReset": True,
        "RevokeSessions": True,
        "BlockIP": True,
    }
    lines = [e for e in saved["timeline"] if "begun" in e or e.startswith("verdict")]
    assert [line.partition(":")[0] for line in dict.fromkeys(lines)] == [
        BEGUN,
        "verdict High (95 of 100)",
    ]


def test_what_the_hunts_find_is_done_afterwards(case: NewCase) -> None:
    """After the sessions are revoked, so that nobody who was signed in puts it back."""
    run = early(case, decide_response=planned(RULES))
    respond(run)
    run.wait()
    assert done(run) == [*BOTH_DONE, "disable_inbox_rules"]
    assert {item["action"] for item in record(run)["actions"]} == {
        "ForcePasswordReset",
        "RevokeSessions",
        "DisableInboxRules",
    }


def test_what_is_asked_of_the_rest_waits_for_a_person(case: NewCase) -> None:
    run = early(case, decide_response=planned(RULES, disposition=Disposition.ASK))
    respond(run)
    run.wait_for_call("notify_analysts")
    assert phases(run)[0] == "decision_needed"
    run.tell("Decision", answer(RULES, question=1))
    run.wait()
    assert done(run) == [*BOTH_DONE, "disable_inbox_rules"]


def test_what_is_automatic_of_the_rest_waits_for_no_person(case: NewCase) -> None:
    methods = ActionName.REMOVE_AUTHENTICATION_METHODS
    plan = [*planned(RULES)({})["plan"], *planned(methods, disposition=Disposition.ASK)({})["plan"]]
    whole = decided() | {"plan": [line for n, line in enumerate(plan) if line not in plan[:n]]}
    run = early(case, decide_response=lambda _payload: whole)
    respond(run)
    run.wait_for_call("disable_inbox_rules")
    run.tell("Decision", answer(methods, question=1))
    run.wait()
    assert done(run) == [*BOTH_DONE, "disable_inbox_rules"]
    assert len(run.called("remove_authentication_methods")) == 1


def test_nothing_begins_where_nothing_is_certain(case: NewCase) -> None:
    hunts = Hunts()
    uncertain = hunts.released_by(lambda _payload: {})
    run = case(analyse_sign_ins=success, analyse_activity=hunts.script, decide_early=uncertain)
    respond(run)
    run.wait()
    assert len(run.called("decide_early")) == 1
    assert done(run) == BOTH_DONE
    assert not [event for event in record(run)["timeline"] if "begun" in event]


def test_without_a_success_in_the_log_nobody_asks_what_is_certain(case: NewCase) -> None:
    run = case()
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
    assert done(run) == BOTH_DONE


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
    assert done(run) == BOTH_DONE, "each once"


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
    assert done(run) == ([*BOTH_DONE, "disable_inbox_rules"] if acts else [])
    assert ("decision_needed" in phases(run)) is not acts
    assert phases(run).count("paused") == (0 if acts else 1)
    told = [name if name == "notify_analysts" else payload["patch"].keys()
            for name, payload in run.calls if name in ("notify_analysts", "save_case")]  # fmt: skip
    verdict = next(n for n, one in enumerate(told) if "verdict" in one)
    assert verdict < told.index("notify_analysts"), "what a page quotes is there"


def test_a_breaker_that_opens_meanwhile_holds_the_others_and_not_a_case_it_let_through() -> None:
    """A storm: each case is let through or held as a whole, however its answers are spread."""
    hunts, limits = Hunts(), Limits(automatic_per_hour=1).to_json()
    tripped = threading.Event()

    def full(_payload: Json) -> Any:
        assert tripped.wait(120)
        return planned(RULES)({}) | {"limits": limits}

    reset = hunts.released_by(default_scripts()["force_password_reset"])
    scripts: dict[str, Script] = {
        "analyse_sign_ins": success,
        "analyse_activity": hunts.script,
        "force_password_reset": reset,
        "decide_early": certain(limits=limits),
        "decide_response": full,
    }
    with durable_engine() as engine:
        first = engine.case(default_scripts() | scripts)
        respond(first)
        first.wait_for_call("force_password_reset")
        held = decided() | {"limits": limits}
        second = engine.case(default_scripts() | {"decide_response": lambda _payload: held})
        respond(second)
        second.wait_for_call("notify_analysts")
        tripped.set()
        first.wait()
        second.wait()
    assert done(first) == [*BOTH_DONE, "disable_inbox_rules"]
    assert "decision_needed" not in phases(first)
    assert done(second) == []


def test_a_person_in_another_case_on_the_account_does_not_wait_for_the_hunts(
    case: NewCase,
) -> None:
    hunts, looked = Hunts(), threading.Event()

    def look(payload: Json) -> Json:
        looked.set()
        return verified(payload)

    first = early(
        case,
        analyse_activity=hunts.script,
        force_password_reset=default_scripts()["force_password_reset"],
        verify_account=look,
    )
    asks = planned(RULES, disposition=Disposition.ASK)({})
    asks |= {"plan": [line for line in asks["plan"] if line["action"] == RULES]}
    rules = hunts.released_by(default_scripts()["disable_inbox_rules"])
    second = case(decide_response=lambda _payload: asks, disable_inbox_rules=rules)
    respond(first)
    assert looked.wait(120)
    respond(second)
    second.wait_for_call("notify_analysts")
    second.tell("Decision", answer(RULES, question=1))
    second.wait()
    first.wait()
    assert done(first) == BOTH_DONE
