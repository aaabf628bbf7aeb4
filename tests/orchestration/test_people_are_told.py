"""Failures that people must hear of: at once, until heard, and no longer than they are true."""

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.plan import ActionName
from shared.playbook.reporting.handover import NO_TICKET_YET
from tests.support.durable_backend import Run
from tests.support.scripts import (
    OBJECT_ID,
    SOON,
    case_payload,
    default_scripts,
    fail,
    plan_line,
)

type NewCase = Callable[..., Run]


def contain(run: Run, *actions: ActionName) -> None:
    planned = [plan_line(action).to_json() for action in actions]
    run.start("contain", {"account_key": run.case_id, "object_id": OBJECT_ID, "actions": planned})


def test_a_failed_containment_is_told_before_the_firewall_has_answered(case: NewCase) -> None:
    told = threading.Event()

    def notify(payload: dict[str, Any]) -> Any:
        if payload["phase"] == "containment_failed":
            told.set()
        return default_scripts()["notify_analysts"](payload)

    def block(payload: dict[str, Any]) -> Any:
        assert told.wait(20), "the firewall answers only after people were told"
        return default_scripts()["change_firewall"](payload)

    refused = fail("entra revokeSignInSessions: no")
    run = case(revoke_sessions=refused, change_firewall=block, notify_analysts=notify)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    saved = [
        call["patch"]["actions"] for call in run.called("save_case") if "actions" in call["patch"]
    ]
    [failed] = [item for item in saved[0] if item["status"] == "failed"]
    assert (failed["action"], failed["detail"]) == (
        "RevokeSessions",
        "entra revokeSignInSessions: no",
    )


def test_nobody_is_disturbed_when_containment_succeeds(case: NewCase) -> None:
    run = case()
    contain(run, ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)
    assert {item["status"] for item in run.output(list)} == {"succeeded"}
    assert run.called("notify_analysts") == []


def test_a_ticket_that_is_refused_for_good_is_not_taken_for_opened(case: NewCase) -> None:
    tries = count(1)

    def refuse_twice(_payload: dict[str, Any]) -> dict[str, Any]:
        if next(tries) <= 2:
            return {"ticket_id": None, "url": None, "error": "servicenow incident.list (HTTP 401)"}
        return {"ticket_id": "INC0010042", "url": "https://itsm.example/42"}

    run = case(open_ticket=refuse_twice)
    run.start("open_ticket_late", {})
    assert run.output(bool) is True
    [saved] = run.called("save_case")
    assert [entry["event"] for entry in saved["patch"]["timeline"]] == [
        "ticket INC0010042 opened late"
    ]
    assert saved["patch"]["blocks"]["Incident_Creation_Notification"] == {
        "outputs": {"incident_ticket_id": "INC0010042"},
        "details": {"ticket_url": "https://itsm.example/42"},
        "resolved_notes": [NO_TICKET_YET, "unknown: incident_ticket_id"],
    }
