from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Engine
from tests.support.scripts import (
    ADDRESS,
    OBJECT_ID,
    case_payload,
    decided,
    fail,
    plan_line,
)

type EngineWith = Callable[..., AbstractContextManager[Engine]]

IDENTITY = ["force_password_reset", "revoke_sessions"]
SOON = {
    "approval_deadline_minutes": 0.01,
    "recheck_minutes": 0.005,
    "watch_hours": 0.0002,
    "block_hours": 0.0001,
}


def record(engine: Engine) -> dict[str, Any]:
    """Return everything saved so far, later patches over earlier ones."""
    merged: dict[str, Any] = {"blocks": {}, "sla": {}, "timeline": []}
    for call in engine.called("save_case"):
        patch = call["patch"]
        merged["blocks"] |= patch.get("blocks", {})
        merged["sla"] |= patch.get("sla", {})
        merged["timeline"] += [item["event"] for item in patch.get("timeline", [])]
        merged |= {k: v for k, v in patch.items() if k not in ("blocks", "sla", "timeline", "case")}
    return merged


def close(engine: Engine, case_id: str) -> None:
    event = {"by": "tester", "comment": "done"}
    engine.client.raise_orchestration_event(case_id, "Closed", data=event)


def test_a_high_case_is_contained_each_action_once(engine: Engine) -> None:
    payload = case_payload(timing=SOON)
    engine.start("respond", payload, payload["case_id"])
    state = engine.wait(payload["case_id"])

    assert state.get_output(dict) == {"case_id": payload["case_id"], "confidence": "High"}
    for activity in (*IDENTITY, "block_ip", "preserve_evidence"):
        assert len(engine.called(activity)) == 1, activity
    order = [name for name, _payload in engine.calls if name in IDENTITY]
    assert order == IDENTITY, "sessions are revoked after the password changed"
    saved = record(engine)
    assert {item["action"]: item["verified"] for item in saved["actions"]} == {
        "ForcePasswordReset": True,
        "RevokeSessions": True,
        "BlockIP": True,
    }
    assert saved["blocks"]["Conditional_AD_Containment"]["outputs"]["password_reset_status"] == (
        "succeeded, verified"
    )
    assert saved["blocks"]["Incident_Creation_Notification"]["status"] == "complete"


def test_every_action_gets_the_state_before(engine: Engine) -> None:
    payload = case_payload(timing=SOON)
    engine.start("respond", payload, payload["case_id"])
    engine.wait(payload["case_id"])
    for activity in IDENTITY:
        assert engine.called(activity)[0]["before"]["account_enabled"] is True
        assert engine.called(activity)[0]["object_id"] == OBJECT_ID


def test_people_are_told_before_containment_has_finished(engine_with: EngineWith) -> None:
    with engine_with(force_password_reset=fail("vendor is down")) as engine:
        payload = case_payload()
        engine.start("respond", payload, payload["case_id"])
        told = engine.wait_for_call("notify_analysts")
        assert told["phase"] == "opened"
        assert not engine.called("revoke_sessions"), "the first action is still being tried again"


def test_a_failing_action_does_not_stop_the_others(engine_with: EngineWith) -> None:
    with engine_with(force_password_reset=fail("vendor is down")) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"], 60)
        saved = record(engine)
    status = {item["action"]: item["status"] for item in saved["actions"]}
    assert status == {
        "ForcePasswordReset": "failed",
        "RevokeSessions": "succeeded",
        "BlockIP": "succeeded",
    }
    assert saved["status"] == "failed", "what was decided and not done is for a person"
    assert saved["blocks"]["Conditional_AD_Containment"]["status"] == "partial"


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
    engine_with: EngineWith, activity: str, block: str
) -> None:
    with engine_with(**{activity: fail("down")}) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        saved = record(engine)
    assert saved["blocks"][block]["status"] == "partial"
    assert "down" in saved["blocks"][block]["notes"][0]
    assert saved["blocks"]["Incident_Creation_Notification"]["status"] == "complete"
    if activity == "check_address":
        assert saved["blocks"][block]["outputs"]["ip_reputation_score"] == "unknown"


def test_failing_scoring_is_medium_and_touches_nothing(engine_with: EngineWith) -> None:
    with engine_with(decide_response=fail("bug")) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        saved = record(engine)
        assert not any(engine.called(activity) for activity in (*IDENTITY, "block_ip"))
    assert saved["verdict"]["compromise_confidence_score"] == "Medium"
    assert saved["blocks"]["Compromise_Confidence_Scoring"]["status"] == "failed"


def test_failing_evidence_is_listed_and_the_case_goes_on(engine_with: EngineWith) -> None:
    with engine_with(preserve_evidence=lambda _payload: None) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        saved = record(engine)
    assert saved["blocks"]["Evidence_Preservation"]["status"] == "failed"
    assert "by hand" in saved["blocks"]["Evidence_Preservation"]["notes"][0]


def test_ticketing_down_sends_the_emergency_mail_and_tries_again(engine_with: EngineWith) -> None:
    with engine_with(open_ticket=fail("503")) as engine:
        payload = case_payload()
        engine.start("respond", payload, payload["case_id"])
        engine.wait_for_call("comment_incident", count=2)
        phases = [call["phase"] for call in engine.called("notify_analysts")]
        assert "emergency" in phases
        late = engine.client.wait_for_orchestration_start(f"{payload['case_id']}:ticket")
        assert late is not None, "the ticket is tried again beside the watch"
        notes = record(engine)["blocks"]["Incident_Creation_Notification"]["notes"]
        assert any("no ticket yet" in note for note in notes)


def asks() -> dict[str, Any]:
    plan = [
        plan_line(action, Disposition.ASK)
        for action in (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)
    ]
    return decided(Confidence.MEDIUM, plan)


def test_a_medium_case_waits_and_does_what_the_person_chose(engine_with: EngineWith) -> None:
    with engine_with(decide_response=lambda _payload: asks()) as engine:
        payload = case_payload(timing=SOON | {"approval_deadline_minutes": 5})
        engine.start("respond", payload, payload["case_id"])
        assert engine.wait_for_call("notify_analysts")["phase"] == "decision_needed"
        assert not any(engine.called(activity) for activity in IDENTITY)
        engine.client.raise_orchestration_event(payload["case_id"], "Decision", data={"x": 1})
        decision = {
            "actions": ["RevokeSessions"],
            "decided_by": "kim",
            "decided_at": "2026-11-20T12:01:00Z",
        }
        engine.client.raise_orchestration_event(payload["case_id"], "Decision", data=decision)
        engine.wait(payload["case_id"])
        assert len(engine.called("revoke_sessions")) == 1
        assert not engine.called("force_password_reset")
        saved = record(engine)
    assert saved["decision"]["decided_by"] == "kim"
    outputs = saved["blocks"]["Conditional_AD_Containment"]["outputs"]
    assert outputs["password_reset_status"] == "not chosen by kim"


def test_silence_touches_nothing_and_is_recorded(engine_with: EngineWith) -> None:
    with engine_with(decide_response=lambda _payload: asks()) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        assert not any(engine.called(activity) for activity in IDENTITY)
        decision = record(engine)["decision"]
    assert (decision["decided_by"], decision["actions"]) == ("deadline", ["MonitorOnly"])


def test_an_incident_without_account_still_reaches_people(engine_with: EngineWith) -> None:
    plan = [plan_line(ActionName.MONITOR_ONLY)]
    with engine_with(decide_response=lambda _payload: decided(Confidence.MEDIUM, plan)) as engine:
        payload = case_payload(account=None, addresses=[], timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        assert engine.called("open_ticket") and engine.called("notify_analysts")
        assert not engine.called("enrich_user") and not engine.called("check_address")
        assert record(engine)["blocks"]["AD_User_Enrichment"]["status"] == "skipped"


def test_the_block_expires_and_a_breach_after_containment_is_told(engine_with: EngineWith) -> None:
    broken = {"held": False, "detail": "it did NOT hold"}
    with engine_with(recheck_sign_ins=lambda _payload: broken) as engine:
        payload = case_payload(timing=SOON)
        engine.start("respond", payload, payload["case_id"])
        engine.wait(payload["case_id"])
        assert engine.called("unblock_ip") == [{"case_id": payload["case_id"], "address": ADDRESS}]
        assert "not_held" in [call["phase"] for call in engine.called("notify_analysts")]


def test_acknowledging_and_closing_are_recorded(engine: Engine) -> None:
    payload = case_payload(timing=SOON | {"watch_hours": 1, "recheck_minutes": 50})
    engine.start("respond", payload, payload["case_id"])
    engine.wait_for_call("comment_incident", count=2)
    event = {"by": "kim", "comment": ""}
    engine.client.raise_orchestration_event(payload["case_id"], "Acknowledged", data=event)
    close(engine, payload["case_id"])
    engine.wait(payload["case_id"])
    saved = record(engine)
    assert saved["status"] == "closed"
    assert "acknowledged by kim" in saved["timeline"]
    assert {"reviewed_at", "closed_at"} <= set(saved["sla"])


def test_the_suspicious_address_of_the_log_is_looked_up_too(engine: Engine) -> None:
    payload = case_payload(addresses=[], timing=SOON)
    engine.start("respond", payload, payload["case_id"])
    engine.wait(payload["case_id"])
    assert [call["address"] for call in engine.called("check_address")] == [ADDRESS]
