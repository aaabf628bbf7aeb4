"""A case record with everything in it, to be varied by tests."""

from typing import Any

from shared.models.base import Json
from shared.models.block import BLOCK_OUTPUTS, BlockName, BlockStatus, make_block
from shared.models.case import CaseRecord

AT = "2026-11-20T12:12:00.000Z"


def block(name: BlockName, status: BlockStatus, notes: list[str], **outputs: Any) -> Json:
    known = dict.fromkeys(BLOCK_OUTPUTS[name]) | outputs
    found = make_block(name, status, inputs={}, outputs=known, notes=notes)
    return found.block.to_json()


def action(name: str, status: str = "succeeded", **changes: Any) -> Json:
    return {
        "action": name,
        "target": "203.0.113.7" if name == "BlockIP" else "ann@contoso.com",
        "status": status,
        "verified": True if status == "succeeded" else None,
        "detail": "",
        "at": AT,
        "undo": None,
    } | changes


def planned(name: str, disposition: str, why: str = "because") -> Json:
    target = "203.0.113.7" if name == "BlockIP" else "ann@contoso.com"
    return {"action": name, "target": target, "disposition": disposition, "why": why}


LOGIN = {"time": "2026-11-20T12:04:05.000Z", "device": "LAPTOP-9", "browser": "Edge"}
REASON = {
    "id": "brute_force_success",
    "title": "Brute force followed by a success from the same address",
    "weight": 2.5,
    "evidence": "41 failures in 9 minutes, success at 12:04:05Z",
    "technique": "T1110.001",
}
FINDING = {
    "id": "inbox",
    "title": "New inbox rule",
    "technique": "T1564.008",
    "count": 2,
    "summary": "forwards to elsewhere",
    "rows": [],
}
OUTPUTS: dict[BlockName, Json] = {
    BlockName.USER: {
        "user_principal_name": "ann@contoso.com",
        "mfa_enabled": False,
        "is_admin_role": False,
    },
    BlockName.ADDRESS: {
        "ip_reputation_score": 97,
        "geo_country": "NL",
        "geo_city": "Amsterdam",
    },
    BlockName.SIGN_INS: {
        "successful_login_details": LOGIN,
        "mfa_result_successful_login": "not_required",
    },
    BlockName.ACTIVITY: {"findings": [FINDING]},
    BlockName.CONTAINMENT: {
        "password_reset_status": "succeeded, verified",
        "sessions_revoked_status": "succeeded, verified",
    },
    BlockName.FIREWALL: {"ip_block_status": "succeeded, verified"},
    BlockName.EVIDENCE: {"exported_ad_logs_link": "https://blob.example/ad.jsonl.gz"},
}
ACTIONS = ("ForcePasswordReset", "RevokeSessions", "BlockIP")


def record(**changes: Any) -> Json:
    """Return a High case that was contained, as JSON; ``changes`` replace whole fields."""
    case = "https://soc.example/api/cases/case-1"
    whole = {
        "case_id": "case-0123456789abcdef01234567",
        "status": "contained",
        "mode": "automatic",
        "alert_type": "brute_force_success",
        "incident": {
            "title": "Brute force success",
            "number": 3177,
            "severity": "High",
            "url": "https://portal.azure.com/incident",
            "techniques": ["T1078.004"],
        },
        "account": {"user_principal_name": "ann@contoso.com", "kinds": ["ordinary"]},
        "addresses": ["203.0.113.7"],
        "verdict": {
            "compromise_confidence_score": "High",
            "score": 91,
            "reasons": [REASON],
            "completeness": 1.0,
            "ruleset": "1",
        },
        "plan": [planned(name, "automatic") for name in ACTIONS],
        "actions": [action(name) for name in ACTIONS],
        "blocks": {
            name: block(name, BlockStatus.COMPLETE, [], **outputs)
            for name, outputs in OUTPUTS.items()
        },
        "links": {
            "status": case,
            "report": f"{case}/report?token=1.a",
            "decision": f"{case}/decision?token=1.b",
        },
    }
    return CaseRecord.model_validate(whole | changes).to_json()


def changed_block(name: BlockName, status: BlockStatus, notes: list[str], **outputs: Any) -> Json:
    """Return the usual blocks with one of them replaced."""
    blocks: Json = record()["blocks"]
    return blocks | {name: block(name, status, notes, **outputs)}
