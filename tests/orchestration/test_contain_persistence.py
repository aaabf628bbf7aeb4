"""What an intruder left behind is taken away after the account is contained, all at once."""

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from shared.models.plan import ActionName
from tests.orchestration.test_contain import contain, outcomes
from tests.support.durable_backend import Run, Script
from tests.support.scripts import acts, default_scripts, fail, outcome, verified

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

METHODS = ActionName.REMOVE_AUTHENTICATION_METHODS
RULES = ActionName.DISABLE_INBOX_RULES
GRANTS = ActionName.REVOKE_OAUTH_GRANTS
RISK = ActionName.CONFIRM_COMPROMISED
NAMES = {
    METHODS: "remove_authentication_methods",
    RULES: "disable_inbox_rules",
    GRANTS: "revoke_oauth_grants",
    RISK: "confirm_compromised",
}


def test_ways_back_go_together_once_the_account_is_closed(case: NewCase) -> None:
    order: list[str] = []
    together = threading.Barrier(len(NAMES), timeout=120)

    def first(name: str) -> Script:
        def run(payload: Json) -> Any:
            order.append(name)
            return default_scripts()[name](payload)

        return run

    def rest(action: ActionName) -> Script:
        def run(payload: Json) -> Any:
            together.wait()
            order.append(NAMES[action])
            return acts(action)(payload)

        return run

    chain = ("disable_account", "force_password_reset", "revoke_sessions")
    scripts = {name: first(name) for name in chain}
    run = case(**scripts, **{NAMES[action]: rest(action) for action in NAMES})
    contain(
        run,
        *NAMES,
        ActionName.REVOKE_SESSIONS,
        ActionName.DISABLE_ACCOUNT,
        ActionName.FORCE_PASSWORD_RESET,
    )
    found = outcomes(run)
    assert {item["verified"] for item in found.values()} == {True}
    assert order[:3] == list(chain) and set(order[3:]) == set(NAMES.values())


def test_the_account_is_read_back_while_the_ways_back_are_closed(case: NewCase) -> None:
    together = threading.Barrier(2, timeout=120)

    def meet(script: Script) -> Script:
        def run(payload: Json) -> Any:
            together.wait()
            return script(payload)

        return run

    run = case(disable_inbox_rules=meet(acts(RULES)), verify_account=meet(verified))
    contain(run, ActionName.REVOKE_SESSIONS, RULES)
    assert {item["verified"] for item in outcomes(run).values()} == {True}
    assert len(run.called("verify_account")) == 1


def test_each_is_told_when_the_compromise_began(case: NewCase) -> None:
    run = case()
    contain(run, METHODS, since="2026-11-20T11:58:00.000Z", directory="okta")
    outcomes(run)
    for name in ("remove_authentication_methods", "verify_persistence"):
        [call] = run.called(name)
        assert (call["since"], call["directory"]) == ("2026-11-20T11:58:00.000Z", "okta")
    assert run.called("verify_persistence")[0]["before"].keys() == {"RemoveAuthenticationMethods"}
    assert not run.called("verify_account"), "nothing about the account itself was changed"


def test_account_and_ways_back_are_read_back_each_as_long_as_it_needs(case: NewCase) -> None:
    reads = count(1)

    def late(payload: Json) -> Any:
        if next(reads) >= 3:
            return verified(payload)
        return {"outcomes": [item | {"verified": False} for item in payload["outcomes"]]}

    run = case(verify_persistence=late)
    contain(run, ActionName.REVOKE_SESSIONS, GRANTS)
    found = outcomes(run)
    assert {item["verified"] for item in found.values()} == {True}
    calls = (len(run.called("verify_account")), len(run.called("verify_persistence")))
    assert calls == (1, 3)
    for call in run.called("verify_persistence"):
        assert [item["action"] for item in call["outcomes"]] == [GRANTS]


@pytest.mark.parametrize("action", [METHODS, RULES, GRANTS])
def test_one_that_keeps_failing_says_in_the_end_what_it_did(
    case: NewCase, action: ActionName
) -> None:
    """Four tries are lost; the last one may not fail, so that half an effect is never hidden."""
    half = outcome(action, status="failed", detail="NOT removed: b (down)", undo={"rules": []})

    def script(payload: Json) -> Any:
        if not payload.get("last"):
            raise RuntimeError("down")
        return {"outcome": half, "before": {"chosen": []}}

    run = case(**{NAMES[action]: script})
    contain(run, action, ActionName.REVOKE_SESSIONS)
    found = outcomes(run)
    assert (found[action]["status"], found[action]["detail"]) == ("failed", half["detail"])
    assert found[action]["undo"] == {"rules": []}
    assert found["RevokeSessions"]["verified"] is True
    calls = run.called(NAMES[action])
    assert [bool(call.get("last")) for call in calls] == [False] * 4 + [True]
    assert len({call["attempt"] for call in calls}) == 1, "the claim is the same"
    assert run.called("notify_analysts")[0]["phase"] == "containment_failed"


def test_one_that_cannot_even_say_so_is_failed_and_the_others_go_on(case: NewCase) -> None:
    run = case(revoke_oauth_grants=fail("the worker is gone"))
    contain(run, GRANTS, RULES)
    found = outcomes(run)
    assert found[GRANTS]["status"] == "failed" and "gone" in found[GRANTS]["detail"]
    assert (found[RULES]["status"], found[RULES]["verified"]) == ("succeeded", True)


def test_a_refusal_is_not_tried_again(case: NewCase) -> None:
    refused = outcome(METHODS, status="failed", detail="entra (HTTP 403): needs a role")
    answer = {"outcome": refused, "before": None}
    run = case(remove_authentication_methods=lambda _payload: answer)
    contain(run, METHODS)
    assert outcomes(run)[METHODS]["detail"] == "entra (HTTP 403): needs a role"
    assert len(run.called("remove_authentication_methods")) == 1
    assert not run.called("verify_persistence")
