"""Failures that people must hear of: at once, until heard, and no longer than they are true."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from shared.models.plan import ActionName
from shared.playbook.reporting.handover import NO_TICKET_YET, NOT_COMPLETED
from tests.support.durable_backend import Run
from tests.support.scripts import (
    OBJECT_ID,
    SOON,
    case_payload,
    default_scripts,
    fail,
    opened,
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
        assert told.wait(120), "the firewall answers only after people were told"
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
        return opened("servicenow")

    run = case(open_ticket=refuse_twice)
    run.start("open_ticket_late", {})
    assert run.output(bool) is True
    [saved] = run.called("save_case")
    assert [entry["event"] for entry in saved["patch"]["timeline"]] == [
        "ticket INC0010001 opened late"
    ]
    assert saved["patch"]["blocks"]["Incident_Creation_Notification"] == {
        "outputs": {"incident_ticket_id": "INC0010001"},
        "details": {"ticket_url": None, "tickets": opened("servicenow")["tickets"]},
        "resolved_notes": [NO_TICKET_YET, NOT_COMPLETED, "unknown: incident_ticket_id"],
        "notes": [],
    }


def test_a_system_that_stays_away_is_named_when_the_others_come_back(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1, 2))
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))
    answers = iter([{"ticket_id": None, "url": None, "error": "both: HTTP 503"}])
    half = opened("servicenow", jira="HTTP 503")
    run = case(open_ticket=lambda _payload: next(answers, half))
    run.start("open_ticket_late", {"case_id": "case-1"})
    assert run.output(bool) is False
    linked, *_given_up = run.called("save_case")
    patch = linked["patch"]["blocks"]["Incident_Creation_Notification"]
    assert patch["notes"] == [f"{NO_TICKET_YET} in jira: HTTP 503"]


def test_a_system_that_is_down_is_tried_again_though_the_other_has_the_ticket(
    case: NewCase,
) -> None:
    answers, every = iter([opened("servicenow", jira="HTTP 503")] * 3), opened("servicenow", "jira")
    run = case(open_ticket=lambda _payload: next(answers, every))
    run.start("respond", case_payload(timing=SOON))
    run.wait_for_late()
    assert "emergency" not in [call["phase"] for call in run.called("notify_analysts")]
    patches = [call["patch"] for call in run.called("save_case")]
    lines = [line["event"] for patch in patches for line in patch.get("timeline", [])]
    assert "ticket SOC-1 opened late" in lines and "ticket INC0010001 opened late" not in lines
    blocks = [patch.get("blocks", {}).get("Incident_Creation_Notification") for patch in patches]
    first, *_others, late = [block for block in blocks if block]
    assert f"{NO_TICKET_YET} in jira: HTTP 503" in first["notes"]
    assert [one["ticket_id"] for one in late["details"]["tickets"]] == ["INC0010001", "SOC-1"]
    assert NO_TICKET_YET in late["resolved_notes"]


def test_a_system_that_stays_down_is_named(case: NewCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1, 2))
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))
    run = case(open_ticket=lambda _payload: opened("servicenow", jira="HTTP 503"))
    run.start("open_ticket_late", {"case_id": "case-1", "systems": ["servicenow"]})
    assert run.output(bool) is False
    [saved] = run.called("save_case")
    [line] = saved["patch"]["timeline"]
    assert line["event"] == "no ticket in jira: the ITSM stayed down; open by hand"
