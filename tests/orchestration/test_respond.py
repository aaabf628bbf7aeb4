import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.scripts import (
    ADDRESS,
    DECISION,
    OBJECT_ID,
    SOON,
    case_payload,
    decided,
    default_scripts,
    fail,
    plan_line,
)

type NewCase = Callable[..., Run]

IDENTITY = ["force_password_reset", "revoke_sessions"]


def respond(run: Run, **changes: Any) -> None:
    """Start the response of a case that ends by itself soon."""
    run.start("respond", case_payload(**{"timing": SOON} | changes))


MERGED = ("blocks", "sla", "timeline", "actions", "case")


def record(run: Run) -> dict[str, Any]:
    """Return everything saved so far, later patches over earlier ones."""
    merged: dict[str, Any] = {"blocks": {}, "sla": {}, "timeline": []}
    actions: dict[str, Any] = {}
    for call in run.called("save_case"):
        patch = call["patch"]
        merged["blocks"] |= patch.get("blocks", {})
        merged["sla"] |= patch.get("sla", {})
        merged["timeline"] += [item["event"] for item in patch.get("timeline", [])]
        merged |= {k: v for k, v in patch.items() if k not in MERGED}
        actions |= {item["action"]: item for item in patch.get("actions", [])}
    return merged | {"actions": list(actions.values())}


def test_a_high_case_is_contained_each_action_once(case: NewCase) -> None:
    run = case()
    respond(run)
    state = run.wait()

    assert state.get_output(dict) == {"case_id": run.case_id, "confidence": "High"}
    assert [call["block"] != [] for call in run.called("change_firewall")] == [True, False]
    for activity in (*IDENTITY, "preserve_evidence"):
        assert len(run.called(activity)) == 1, activity
    order = [name for name, _payload in run.calls if name in IDENTITY]
    assert order == IDENTITY, "sessions are revoked after the password changed"
    saved = record(run)
    assert {item["action"]: item["verified"] for item in saved["actions"]} == {
        "ForcePasswordReset": True,
        "RevokeSessions": True,
        "BlockIP": True,
    }
    assert saved["blocks"]["Conditional_AD_Containment"]["outputs"]["password_reset_status"] == (
        "succeeded, verified"
    )
    assert saved["blocks"]["Incident_Creation_Notification"]["status"] == "complete"


def test_every_action_is_told_whose_account_it_is(case: NewCase) -> None:
    run = case()
    respond(run)
    run.wait()
    for activity in IDENTITY:
        assert run.called(activity)[0]["object_id"] == OBJECT_ID


def test_people_are_told_before_containment_has_finished(case: NewCase) -> None:
    told = threading.Event()

    def reset(payload: dict[str, Any]) -> Any:
        assert told.wait(120), "the first action ends only after people were told"
        return default_scripts()["force_password_reset"](payload)

    def notify(payload: dict[str, Any]) -> Any:
        told.set()
        return default_scripts()["notify_analysts"](payload)

    run = case(force_password_reset=reset, notify_analysts=notify)
    respond(run)
    run.wait()
    assert [call["phase"] for call in run.called("notify_analysts")] == ["opened", "completed"]
    assert len(run.called("force_password_reset")) == 1


def test_a_failing_action_does_not_stop_the_others(case: NewCase) -> None:
    run = case(force_password_reset=fail("vendor is down"))
    respond(run)
    run.wait()
    saved = record(run)
    status = {item["action"]: item["status"] for item in saved["actions"]}
    assert status == {
        "ForcePasswordReset": "failed",
        "RevokeSessions": "succeeded",
        "BlockIP": "succeeded",
    }
    assert saved["status"] == "failed", "what was decided and not done is for a person"
    assert saved["blocks"]["Conditional_AD_Containment"]["status"] == "partial"
    tries = [call.get("last", False) for call in run.called("force_password_reset")]
    assert tries == [False] * 4 + [True] * 2, "then it is asked what became of the tries"


@pytest.mark.parametrize(
    ("activity", "block"),
    [
        ("enrich_user", "AD_User_Enrichment"),
        ("check_address", "IP_Reputation_GeoIP_Check"),
        ("analyse_sign_ins", "AzureAD_SignIn_Log_Analysis"),
        ("analyse_activity", "Account_Activity_Analysis"),
    ],
)
def test_a_failing_gathering_block_is_partial_and_the_case_goes_on(
    case: NewCase, activity: str, block: str
) -> None:
    run = case(**{activity: fail("down")})
    respond(run)
    run.wait()
    saved = record(run)
    assert saved["blocks"][block]["status"] == "partial"
    assert "down" in saved["blocks"][block]["notes"][0]
    assert saved["blocks"]["Incident_Creation_Notification"]["status"] == "complete"
    if activity == "check_address":
        assert saved["blocks"][block]["outputs"]["ip_reputation_score"] == "unknown"


def test_failing_scoring_is_medium_and_touches_nothing(case: NewCase) -> None:
    run = case(decide_response=fail("bug"))
    respond(run)
    run.wait()
    saved = record(run)
    assert not any(run.called(activity) for activity in (*IDENTITY, "change_firewall"))
    assert saved["verdict"]["compromise_confidence_score"] == "Medium"
    assert saved["blocks"]["Compromise_Confidence_Scoring"]["status"] == "failed"


def test_failing_evidence_is_listed_and_the_case_goes_on(case: NewCase) -> None:
    run = case(preserve_evidence=lambda _payload: None)
    respond(run)
    run.wait()
    written = [call["patch"].get("blocks", {}) for call in run.called("save_case")]
    blocks = [one["Evidence_Preservation"] for one in written if "Evidence_Preservation" in one]
    [block] = [one for one in blocks if one.get("status") == "failed"][-1:]
    assert "by hand" in block["notes"][0]
    assert any("SigninLogs" in note for note in block["notes"])


def test_ticketing_down_sends_the_emergency_mail_and_tries_again(case: NewCase) -> None:
    calls = iter([False] * 4 + [True])

    def ticket(payload: dict[str, Any]) -> Any:
        if next(calls):
            return default_scripts()["open_ticket"](payload)
        raise RuntimeError("503")

    run = case(open_ticket=ticket)
    respond(run)
    run.wait_for_late()
    assert "emergency" in [call["phase"] for call in run.called("notify_analysts")]
    saved = record(run)
    outputs = saved["blocks"]["Incident_Creation_Notification"]["outputs"]
    assert outputs["incident_ticket_id"] == "INC0010001", "the ticket is tried again until it is"
    assert "ticket INC0010001 opened late" in saved["timeline"]


def asks() -> dict[str, Any]:
    plan = [
        plan_line(action, Disposition.ASK)
        for action in (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)
    ]
    return decided(Confidence.MEDIUM, plan)


def test_a_medium_case_waits_and_does_what_the_person_chose(case: NewCase) -> None:
    run = case(decide_response=lambda _payload: asks())
    respond(run, timing=SOON | {"approval_deadline_minutes": 600})
    assert run.wait_for_call("notify_analysts")["phase"] == "decision_needed"
    assert not any(run.called(activity) for activity in IDENTITY)
    run.tell("Decision", {"x": 1})
    run.tell("Decision", DECISION)
    run.wait()
    assert len(run.called("revoke_sessions")) == 1
    assert not run.called("force_password_reset")
    saved = record(run)
    assert saved["decision"]["decided_by"] == "kim"
    outputs = saved["blocks"]["Conditional_AD_Containment"]["outputs"]
    assert outputs["password_reset_status"] == "not chosen by kim"


def test_silence_touches_nothing_and_is_recorded(case: NewCase) -> None:
    run = case(decide_response=lambda _payload: asks())
    respond(run)
    run.wait()
    assert not any(run.called(activity) for activity in IDENTITY)
    decision = record(run)["decision"]
    assert (decision["decided_by"], decision["actions"]) == (
        "deadline (policy)",
        ["MonitorOnly"],
    )


def test_an_incident_without_account_still_reaches_people(case: NewCase) -> None:
    plan = [plan_line(ActionName.MONITOR_ONLY)]
    run = case(decide_response=lambda _payload: decided(Confidence.MEDIUM, plan))
    respond(run, account=None, addresses=[])
    run.wait()
    assert run.called("open_ticket") and run.called("notify_analysts")
    assert not run.called("enrich_user") and not run.called("check_address")
    assert record(run)["blocks"]["AD_User_Enrichment"]["status"] == "skipped"


def test_acknowledging_and_closing_are_recorded(case: NewCase) -> None:
    run = case()
    respond(run, timing=SOON | {"watch_hours": 100})
    run.wait_for_call("comment_incident", count=2)
    run.tell("Acknowledged", {"by": "kim", "comment": ""})
    run.tell("Closed", {"by": "kim", "comment": "done"})
    run.wait()
    saved = record(run)
    assert saved["status"] == "closed"
    assert "acknowledged by kim" in saved["timeline"]
    assert "closed by kim: done" in saved["timeline"]
    assert {"reviewed_at", "closed_at"} <= set(saved["sla"])


def test_the_suspicious_address_of_the_log_is_looked_up_too(case: NewCase) -> None:
    run = case()
    respond(run, addresses=[])
    run.wait()
    assert [call["address"] for call in run.called("check_address")] == [ADDRESS]


def test_what_nobody_foresaw_still_reaches_people(case: NewCase) -> None:
    broken = decided() | {"plan": [{"action": "NoSuchAction"}]}
    run = case(decide_response=lambda _payload: broken)
    respond(run)
    told = run.wait_for_call("notify_analysts")
    assert told["phase"] == "broke_off"
    assert "NoSuchAction" in told["why"]
    assert record(run)["status"] == "failed"


def test_taking_a_case_stops_the_review_clock_while_it_waits(case: NewCase) -> None:
    run = case(decide_response=lambda _payload: asks())
    respond(run, timing=SOON | {"approval_deadline_minutes": 1000})
    run.wait_for_call("comment_incident")
    run.tell("Acknowledged", {"by": "kim", "comment": ""})
    run.tell("Decision", DECISION)
    run.wait()
    saved = record(run)
    assert "acknowledged by kim" in saved["timeline"]
    assert "reviewed_at" in saved["sla"]


def test_the_durable_event_needs_only_what_the_route_takes(case: NewCase) -> None:
    run = case(decide_response=lambda _payload: asks())
    respond(run, timing=SOON | {"approval_deadline_minutes": 1000})
    run.wait_for_call("comment_incident")
    run.tell("Decision", {"actions": ["MonitorOnly", "RevokeSessions"], "comment": "both"})
    run.tell("Decision", {"actions": ["RevokeSessions"], "comment": "by hand", "who": "eve"})
    run.wait()
    decision = record(run)["decision"]
    assert (decision["decided_by"], decision["channel"], decision["comment"]) == (
        "holder of the system key",
        "event",
        "by hand",
    )
    assert len(run.called("revoke_sessions")) == 1


def test_evidence_and_recheck_are_about_the_address_that_the_log_shows(case: NewCase) -> None:
    run = case()
    respond(run, addresses=["198.51.100.7"])
    run.wait()
    for activity in ("preserve_evidence", "recheck_sign_ins"):
        assert run.called(activity)[0]["case"]["addresses"] == ["198.51.100.7", ADDRESS]
