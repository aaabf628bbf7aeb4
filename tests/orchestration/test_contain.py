import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from shared.models.plan import ActionName
from tests.support.durable_backend import RUN, Run, Script
from tests.support.scripts import (
    OBJECT_ID,
    SOON,
    case_payload,
    default_scripts,
    fail,
    outcome,
    plan_line,
    verified,
)

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

BOTH = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)


def contain(run: Run, *actions: ActionName, key: str = "", **more: str) -> None:
    run.start(
        "contain",
        more
        | {
            "account_key": key or run.case_id,
            "object_id": OBJECT_ID,
            "actions": [plan_line(action).to_json() for action in actions],
        },
    )


def outcomes(run: Run) -> dict[str, Json]:
    return {item["action"]: item for item in run.output(list)}


def shown_after(reads: int) -> Script:
    """Confirm the actions from that read-back on."""
    numbers = count(1)

    def script(payload: Json) -> Json:
        if next(numbers) >= reads:
            return verified(payload)
        return {"outcomes": [item | {"verified": False} for item in payload["outcomes"]]}

    return script


def test_a_directory_that_lags_is_read_back_until_it_shows_the_change(case: NewCase) -> None:
    run = case(verify_account=shown_after(4))
    contain(run, *BOTH)
    assert {item["verified"] for item in outcomes(run).values()} == {True}
    assert len(run.called("verify_account")) == 4


def test_what_never_shows_is_reported_as_not_verified(case: NewCase) -> None:
    run = case(verify_account=shown_after(1000))
    contain(run, *BOTH)
    found = outcomes(run)
    assert {item["verified"] for item in found.values()} == {False}
    assert {item["status"] for item in found.values()} == {"succeeded"}


def test_a_read_back_that_fails_leaves_the_outcome_unverified_and_says_why(case: NewCase) -> None:
    run = case(verify_account=fail("HTTP 503"))
    contain(run, ActionName.REVOKE_SESSIONS)
    found = outcomes(run)["RevokeSessions"]
    assert (found["verified"], found["detail"]) == (None, "accepted; not read back: HTTP 503")


def test_why_a_look_failed_is_forgotten_when_the_next_one_succeeds(case: NewCase) -> None:
    numbers = count(1)

    def script(payload: Json) -> Json:
        if next(numbers) <= 2:  # a look is tried twice
            raise RuntimeError("HTTP 503")
        return verified(payload)

    run = case(verify_account=script)
    contain(run, ActionName.REVOKE_SESSIONS)
    found = outcomes(run)["RevokeSessions"]
    assert (found["verified"], found["detail"]) == (True, "accepted")


@pytest.mark.parametrize("looks_fail", [False, True])
def test_an_action_whose_answers_were_lost_is_told_and_looked_at(
    case: NewCase, looks_fail: bool
) -> None:
    """Four tries are lost; what the last one says can be taken back, and is read back."""
    undo = {"account_enabled": True}
    lost = outcome(ActionName.DISABLE_ACCOUNT, status="failed", detail="HTTP 503", undo=undo)

    def disable(payload: Json) -> Json:
        if not payload.get("last"):
            raise RuntimeError("connection lost")
        return {"outcome": lost, "before": {"account_enabled": True}, "unsure": True}

    def look(payload: Json) -> Json:
        if looks_fail:
            raise RuntimeError("HTTP 504")
        assert payload["unsure"] == ["DisableAccount"]
        return verified({"outcomes": [lost | {"status": "succeeded"}]})

    run = case(disable_account=disable, verify_account=look)
    contain(run, ActionName.DISABLE_ACCOUNT)
    found = outcomes(run)["DisableAccount"]
    assert found["undo"] == undo
    if looks_fail:
        assert (found["status"], found["verified"]) == ("failed", None)
        assert found["detail"] == "HTTP 503; not read back: HTTP 504"
    else:
        assert (found["status"], found["verified"]) == ("succeeded", True)


def test_what_the_directory_denies_of_a_lost_answer_is_not_looked_at_again(case: NewCase) -> None:
    lost = outcome(ActionName.REVOKE_SESSIONS, status="failed", detail="HTTP 503")
    run = case(
        revoke_sessions=lambda _payload: {"outcome": lost, "before": {}, "unsure": True},
        verify_account=lambda _payload: {"outcomes": [lost | {"verified": False}]},
    )
    contain(run, ActionName.REVOKE_SESSIONS)
    assert outcomes(run)["RevokeSessions"]["status"] == "failed"
    assert len(run.called("verify_account")) == 1


def test_what_no_look_can_prove_is_not_looked_at_again(case: NewCase) -> None:
    """Okta without its System Log: nobody waits a minute for a proof that cannot come."""

    def blind(payload: Json) -> Json:
        return {"outcomes": payload["outcomes"], "unprovable": ["RevokeSessions"]}

    run = case(verify_account=blind)
    contain(run, ActionName.REVOKE_SESSIONS)
    assert outcomes(run)["RevokeSessions"]["verified"] is None
    assert len(run.called("verify_account")) == 1


def test_what_can_be_proved_is_looked_at_beside_what_cannot(case: NewCase) -> None:
    looks = shown_after(3)

    def half(payload: Json) -> Json:
        found = looks(payload)["outcomes"]
        blind = [
            one | {"verified": None} if one["action"] == "RevokeSessions" else one for one in found
        ]
        return {"outcomes": blind, "unprovable": ["RevokeSessions"]}

    run = case(verify_account=half)
    contain(run, *BOTH)
    assert outcomes(run)["ForcePasswordReset"]["verified"] is True
    assert len(run.called("verify_account")) == 3


def test_failed_actions_are_not_read_back(case: NewCase) -> None:
    refused = outcome(ActionName.REVOKE_SESSIONS, status="failed", detail="HTTP 403")
    run = case(revoke_sessions=lambda _payload: {"outcome": refused, "before": None})
    contain(run, ActionName.REVOKE_SESSIONS)
    found = outcomes(run)["RevokeSessions"]
    assert (found["status"], found["detail"]) == ("failed", "HTTP 403")
    assert len(run.called("revoke_sessions")) == 1, "a permanent refusal is not tried again"
    assert not run.called("verify_account")


def test_each_action_is_read_back_against_the_state_it_found(case: NewCase) -> None:
    found = {"account_enabled": True, "sign_in_sessions_valid_from": "2026-11-20T12:00:04.000Z"}
    revoked = {"outcome": outcome(ActionName.REVOKE_SESSIONS), "before": found}
    run = case(revoke_sessions=lambda _payload: revoked)
    contain(run, *BOTH)
    outcomes(run)
    first = default_scripts()["read_account_state"]({})
    assert run.called("verify_account")[0]["before"] == {
        "ForcePasswordReset": first,
        "RevokeSessions": found,
    }
    attempts = {run.called(name)[0]["attempt"] for name in ("force_password_reset",)}
    assert attempts == {f"{RUN}-{run.case_id}"}, "a claim is the same however often it is delivered"


def test_the_first_action_does_not_wait_for_the_state_before(case: NewCase) -> None:
    together = threading.Barrier(2, timeout=120)

    def meet(name: str) -> Script:
        def run(payload: Json) -> Any:
            together.wait()
            return default_scripts()[name](payload)

        return run

    names = ("read_account_state", "force_password_reset")
    run = case(**{name: meet(name) for name in names})
    contain(run, *BOTH)
    assert {item["verified"] for item in outcomes(run).values()} == {True}


def test_disabling_knows_what_an_undo_restores_though_storage_is_away(case: NewCase) -> None:
    run = case()
    contain(run, ActionName.DISABLE_ACCOUNT)
    outcomes(run)
    first = default_scripts()["read_account_state"]({})
    assert run.called("disable_account")[0]["before"] == first


def test_an_unreadable_state_does_not_stop_containment(case: NewCase) -> None:
    run = case(read_account_state=fail("down"))
    contain(run, ActionName.REVOKE_SESSIONS)
    assert outcomes(run)["RevokeSessions"]["status"] == "succeeded"
    assert run.called("revoke_sessions")[0]["before"] is None


def test_the_account_does_not_wait_for_the_firewall(case: NewCase) -> None:
    """While the firewall is busy the record already says that the account is contained."""
    written = threading.Event()

    def block(payload: Json) -> Any:
        assert written.wait(120), "the firewall answers only after the account's block is written"
        return default_scripts()["change_firewall"](payload)

    def save(payload: Json) -> Json:
        if "Conditional_AD_Containment" in payload["patch"].get("blocks", {}):
            written.set()
        return {"case_id": payload["case_id"]}

    run = case(change_firewall=block, save_case=save)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    patches = [call["patch"] for call in run.called("save_case")]
    [early] = [p for p in patches if "Conditional_AD_Containment" in p.get("blocks", {})][:1]
    assert early["blocks"]["Conditional_AD_Containment"]["status"] == "complete"
    assert early["blocks"]["Evidence_Preservation"]["status"] == "complete"
    assert "Conditional_Firewall_IP_Block" not in early["blocks"]
