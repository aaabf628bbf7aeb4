"""Scripted activities: what each answers in an ordinary High case, and the case itself."""

from typing import Any

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Disposition, PlannedAction
from shared.models.policy import Limits
from shared.models.verdict import Confidence, Verdict
from shared.playbook.acting.evidence import missing_export, unexported_block
from shared.playbook.acting.exports import EXPORTS
from shared.playbook.acting.subject import query_parameters
from shared.playbook.planning.decided import Decided
from tests.support.durable_backend import Script
from tests.support.scripted_firewalls import ScriptedFirewalls

ADDRESS = "203.0.113.66"
OBJECT_ID = "5f0c2a9e-0000-4000-8000-000000000001"
NAME = "ada.lind@contoso.example"
DEVICE_ID = "8f2c6b1d4e7a90c35d18f6b2a4e9c7d01b3f5a68"
T0 = "2026-11-20T12:00:00.000Z"
T1 = "2026-11-20T12:00:05.000Z"
SOON = {
    "approval_deadline_minutes": 0.5,
    "recheck_minutes": 0.5,
    "watch_hours": 0.02,
    "block_hours": 0.1,
}
"""Waiting times of a case that nobody answers and that ends by itself."""
NO_CAMPAIGN = {"count": 0, "cases": [], "milestone": 0, "tell": [], "page": False}
DECISION = {
    "actions": ["RevokeSessions"],
    "decided_by": "kim",
    "decided_at": "2026-11-20T12:01:00Z",
}


def case_payload(**changes: Any) -> Json:
    """Return the input of ``respond`` for one account and one address."""
    given: Json = {
        "case_id": "case-0123456789abcdef01234567",
        "alert_type": "brute_force_success",
        "mode": "automatic",
        "incident": {
            "source": "sentinel",
            "incident_id": "/subscriptions/0/incidents/1",
            "title": "Brute force success",
        },
        "account": {"key": "a" * 32, "user_id": OBJECT_ID, "object_id": OBJECT_ID},
        "addresses": [ADDRESS],
        "now": T0,
        "detected_at": T0,
        "received_at": T0,
        "timing": {
            "approval_deadline_minutes": 5,
            "recheck_minutes": 10,
            "watch_hours": 1,
            "block_hours": 0.5,
        },
    }
    return CaseRequest.model_validate(given | changes).to_json()


def plan_line(
    action: ActionName, disposition: Disposition = Disposition.AUTOMATIC
) -> PlannedAction:
    """Return one line of a plan."""
    target = ADDRESS if action is ActionName.BLOCK_IP else NAME
    return PlannedAction(action=action, target=target, disposition=disposition, why="test")


def decided(
    confidence: Confidence = Confidence.HIGH, plan: list[PlannedAction] | None = None
) -> Json:
    """Return what ``decide_response`` answers."""
    actions = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP)
    scoring = make_block(BlockName.SCORING, BlockStatus.COMPLETE, inputs={})
    return Decided(
        verdict=Verdict(
            compromise_confidence_score=confidence, score=95, completeness=1, ruleset="test"
        ),
        plan=[plan_line(action) for action in actions] if plan is None else plan,
        recommended=list(actions),
        blocks={BlockName.SCORING: scoring.block.to_json()},
        object_id=OBJECT_ID,
        user_principal_name=NAME,
        address=ADDRESS,
        limits=Limits(automatic_per_hour=1000),
    ).to_json()


def _block(name: BlockName, **details: Any) -> Script:
    result = make_block(name, BlockStatus.COMPLETE, inputs={}, details=details).to_json()
    return lambda _payload: result


def outcome(action: ActionName, **changes: Any) -> Json:
    """Return an action outcome as an activity gives it."""
    target = ADDRESS if action is ActionName.BLOCK_IP else OBJECT_ID
    return {
        "action": action,
        "target": target,
        "status": "succeeded",
        "verified": None,
        "detail": "accepted",
        "at": T1,
        "undo": None,
    } | changes


def acts(action: ActionName) -> Script:
    """Return the script of an identity action that the provider accepts."""
    return lambda payload: {"outcome": outcome(action), "before": payload["before"] or _STATE}


def list_unexported(payload: Json) -> Json:
    """Answer as the activity does with Sentinel."""
    case, why = CaseRequest.model_validate(payload["case"]), payload["reason"]
    missing = [missing_export(export, why, case.now, case.now) for export in EXPORTS]
    names = query_parameters(case, payload["user_principal_name"], payload["on_premises_name"])
    return {"block": unexported_block(case, names, why, missing)}


def verified(payload: Json) -> Json:
    """Confirm every action."""
    return {"outcomes": [item | {"verified": True} for item in payload["outcomes"]]}


def fail(message: str = "no") -> Script:
    """Return a script that raises."""

    def script(_payload: Json) -> Any:
        raise RuntimeError(message)

    return script


def ordered(action: ActionName) -> Script:
    """Return the script of an order that the one device has not carried out yet."""
    result = {"device_id": DEVICE_ID, "name": "lt-1", "action_id": "1", "state": "Pending"}
    undo = {"devices": [DEVICE_ID]} if action is ActionName.ISOLATE_DEVICE else None
    found = {"outcome": outcome(action, undo=undo), "results": [result], "left_out": {}}
    return lambda _payload: found


def devices_done(payload: Json) -> Json:
    """Say that every device has done what it was told."""
    done = payload["outcome"] | {"verified": True, "detail": "done: lt-1"}
    return {"outcome": done, "results": payload["results"]}


_STATE = {"account_enabled": True, "sign_in_sessions_valid_from": T0, "last_password_change_at": T0}
_SEALED: Json = {
    "manifest": {"name": "manifest.json", "sha256": "0" * 64, "revision": 1},
    "items": [],
    "missing": [],
    "events": {"count": 0, "head": "0" * 64},
    "counted": {"items": 0, "rows": 0, "by_address": 0},
    "stored": True,
}
_RELEASED: Json = {"status": "succeeded", "verified": True, "detail": "released"}
_UNDONE = {"status": "succeeded", "verified": True, "detail": "accountEnabled is true"}


TICKETS = {"servicenow": "INC0010001", "jira": "SOC-1"}


def opened(*systems: str, **missing: str) -> Json:
    """What ``open_ticket`` returns: a ticket in these systems, and in the others why not."""
    tickets = [
        {"system": name, "ticket_id": TICKETS[name], "url": None, "own_id": None}
        for name in systems
    ]
    first = tickets[0]["ticket_id"] if tickets else None
    return {"ticket_id": first, "url": None, "tickets": tickets, "missing": missing}


def default_scripts() -> dict[str, Script]:
    """Return a script for every activity."""
    evidence = make_block(BlockName.EVIDENCE, BlockStatus.COMPLETE, inputs={}).block.to_json()
    return {
        "enrich_user": _block(BlockName.USER),
        "check_address": _block(BlockName.ADDRESS),
        "analyse_sign_ins": _block(BlockName.SIGN_INS, suspicious_address=ADDRESS),
        "count_users": lambda _payload: {"users": None},
        "claim_decision": lambda payload: {"decision": payload["decision"]},
        "check_silence": lambda payload: {"actions": payload["actions"], "why": ""},
        "analyse_activity": _block(BlockName.ACTIVITY),
        "get_case_context": lambda _payload: {"status": "New"},
        "decide_response": lambda _payload: decided(),
        "decide_early": lambda _payload: {},
        "read_account_state": lambda _payload: _STATE,
        "disable_account": acts(ActionName.DISABLE_ACCOUNT),
        "force_password_reset": acts(ActionName.FORCE_PASSWORD_RESET),
        "revoke_sessions": acts(ActionName.REVOKE_SESSIONS),
        "confirm_compromised": acts(ActionName.CONFIRM_COMPROMISED),
        "remove_authentication_methods": acts(ActionName.REMOVE_AUTHENTICATION_METHODS),
        "disable_inbox_rules": acts(ActionName.DISABLE_INBOX_RULES),
        "revoke_oauth_grants": acts(ActionName.REVOKE_OAUTH_GRANTS),
        "verify_account": verified,
        "verify_persistence": verified,
        "enable_account": lambda _payload: _UNDONE,
        "enable_inbox_rules": lambda _payload: _UNDONE,
        "restore_oauth_grants": lambda _payload: _UNDONE,
        "dismiss_risk": lambda _payload: _UNDONE,
        **ScriptedFirewalls().scripts(),
        "preserve_evidence": lambda _payload: {"block": evidence},
        "seal_evidence": lambda _payload: _SEALED,
        "export_late_rows": lambda _payload: {"items": [], "missing": []},
        "list_unexported": list_unexported,
        "save_case": lambda payload: {"case_id": payload["case_id"]},
        "open_ticket": lambda _payload: opened("servicenow"),
        "notify_analysts": lambda _payload: {"channels": {"slack": "sent", "email": "sent"}},
        "comment_incident": lambda _payload: {"key": "k"},
        "scan_devices": ordered(ActionName.SCAN_DEVICE),
        "isolate_devices": ordered(ActionName.ISOLATE_DEVICE),
        "verify_devices": devices_done,
        "release_devices": lambda _payload: _RELEASED,
        "recheck_sign_ins": lambda _payload: {"held": True, "detail": "held"},
        "take_joined": lambda _payload: {"count": 0, "incidents": [], "cases": []},
        "release_account": lambda _payload: {"waiting": False},
        "find_campaign": lambda _payload: NO_CAMPAIGN,
        "look_at_tickets": lambda _payload: {"heard": None},
        "evaluate_escalation": lambda _payload: {"confidence": "High", "reasons": []},
        "claim_campaign_note": lambda _payload: {"tell": False, "has_ticket": False},
    }
