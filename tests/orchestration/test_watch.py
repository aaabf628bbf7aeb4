from collections.abc import Callable
from typing import Any

import pytest

from shared.models.plan import ActionName
from tests.orchestration.test_respond import record, respond
from tests.support.blocks import wait_for
from tests.support.durable_backend import Run
from tests.support.scripts import ADDRESS, SOON, outcome

type NewCase = Callable[..., Run]

BROKEN = {"held": False, "detail": "it did NOT hold"}
LONG = SOON | {"watch_hours": 100}


def phases(run: Run, activity: str) -> list[str]:
    return [call["phase"] for call in run.called(activity)]


def test_the_block_expires_and_a_breach_after_containment_is_told(case: NewCase) -> None:
    run = case(recheck_sign_ins=lambda _payload: BROKEN)
    respond(run)
    run.wait()
    assert any(f"block of {ADDRESS} expired; " in event for event in record(run)["timeline"])
    for activity in ("notify_analysts", "open_ticket", "comment_incident"):
        assert "not_held" in phases(run, activity), activity
    saved = record(run)
    assert saved["status"] == "failed", "the case is open again, and says so"
    assert (saved["recheck"]["held"], saved["recheck"]["detail"]) == (False, "it did NOT hold")
    assert "containment re-checked: it did NOT hold" in saved["timeline"]


@pytest.mark.parametrize("held", [True, None])
def test_a_containment_that_held_is_recorded_and_alarms_nobody(
    case: NewCase, held: bool | None
) -> None:
    run = case(recheck_sign_ins=lambda _payload: {"held": held, "detail": "looked"})
    respond(run)
    run.wait()
    saved = record(run)
    assert (saved["recheck"]["held"], saved["status"]) == (held, "contained")
    assert "not_held" not in phases(run, "notify_analysts")


def closed_early(run: Run) -> None:
    respond(run, timing=LONG)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Closed", {"by": "kim", "comment": "done"})


def test_a_case_that_was_closed_early_is_checked_all_the_same(case: NewCase) -> None:
    run = case()
    closed_early(run)
    run.wait()
    saved = record(run)
    assert (saved["status"], saved["recheck"]["held"]) == ("closed", True)


def test_a_breach_reopens_a_closed_case_until_it_is_closed_again(case: NewCase) -> None:
    def rechecked(_payload: dict[str, Any]) -> Any:
        assert record(run)["status"] == "closed"
        return BROKEN

    run = case(recheck_sign_ins=rechecked)
    closed_early(run)
    run.wait_for_call("recheck_sign_ins")
    wait_for(lambda: "not_held" in phases(run, "comment_incident"))
    assert record(run)["status"] == "failed"
    run.tell("Acknowledged", {"by": "ola", "comment": ""})
    run.tell("Closed", {"by": "ola", "comment": "contained by hand"})
    run.wait()
    saved = record(run)
    assert saved["status"] == "closed"
    assert "acknowledged by ola" in saved["timeline"]
    assert "closed by ola: contained by hand" in saved["timeline"]
    assert len(run.called("recheck_sign_ins")) == 1


def test_sign_ins_are_searched_since_the_first_action_that_kept_people_out(case: NewCase) -> None:
    late = "2026-11-20T12:40:00.000Z"

    def reset(payload: dict[str, Any]) -> Any:
        again = outcome(ActionName.FORCE_PASSWORD_RESET, at=late)
        return {"outcome": again, "before": payload["before"]}

    run = case(force_password_reset=reset)
    respond(run)
    run.wait()
    [asked] = run.called("recheck_sign_ins")
    done = {item["action"]: item["at"] for item in record(run)["actions"]}
    assert done["ForcePasswordReset"] == late
    assert asked["since"] == done["RevokeSessions"] < late
