"""Failures that people must hear of: at once, until heard, and no longer than they are true."""

from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.plan import ActionName
from shared.playbook.reporting.handover import NO_TICKET_YET
from tests.support.durable_backend import Run
from tests.support.scripts import ADDRESS, OBJECT_ID, fail, plan_line

type NewCase = Callable[..., Run]


def contain(run: Run, *actions: ActionName) -> None:
    planned = [plan_line(action).to_json() for action in actions]
    run.start("contain", {"account_key": run.case_id, "object_id": OBJECT_ID, "actions": planned})


def test_a_failed_containment_is_told_before_the_firewall_has_answered(case: NewCase) -> None:
    run = case(revoke_sessions=fail("entra revokeSignInSessions: no"), block_ip=fail("busy"))
    contain(run, ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP)
    run.wait()
    assert [call["phase"] for call in run.called("notify_analysts")] == ["containment_failed"]
    names = [name for name, _payload in run.calls]
    last_try_of_the_firewall = len(names) - names[::-1].index("block_ip")
    assert names.index("notify_analysts") < last_try_of_the_firewall
    saved = [
        call["patch"]["actions"] for call in run.called("save_case") if "actions" in call["patch"]
    ]
    [failed] = [item for item in saved[0] if item["status"] == "failed"]
    assert (failed["action"], failed["detail"]) == (
        "RevokeSessions",
        "entra revokeSignInSessions: no",
    )


def test_nobody_is_disturbed_when_containment_succeeds_or_only_the_firewall_fails(
    case: NewCase,
) -> None:
    run = case(block_ip=fail("busy"))
    contain(run, ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP)
    outcomes = {item["target"]: item["status"] for item in run.output(list)}
    assert outcomes[ADDRESS] == "failed"
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
