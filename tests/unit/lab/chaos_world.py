"""A round of chaos in which everything went well, to be spoilt by each test in its own way."""

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.chaos.models import Answer, CaseKind, PlannedCase, Round
from lab.chaos.observed import Answered, Delivery, Observed
from shared.models.plan import ActionName

type Json = dict[str, Any]

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BEFORE, MOVED = "2026-01-01T00:00:00Z", "2026-11-22T12:00:05Z"
CASE_ID, SECOND_ID = "case-1", "case-2"
ADDRESS = "203.0.113.101"
GROUP = "ipg"

PLANNED = PlannedCase(
    number=1,
    kind=CaseKind.ATTACKED,
    name="user-00001",
    object_id="6f582a22-f4fc-5586-b13c-c2b636b457ad",
    incident="0a9f3a44-1111-4222-8333-944455566677",
    second_incident="0a9f3a44-1111-4222-8333-944455566678",
    address=ADDRESS,
    blockable=True,
    clock_skew=0,
    deliveries=(0.0,),
    answer=Answer(actions=(ActionName.DISABLE_ACCOUNT,), after=0, undone=True),
)


def line(vendor: str, operation: str, second: int = 5, **more: Any) -> Json:
    """One side effect of the ledger."""
    at = (START + timedelta(seconds=second)).isoformat()
    path = f"/graph/v1.0/users/{PLANNED.object_id}"
    usual = {"path": path, "target": PLANNED.object_id, "body": {}, "effect": True}
    return {"vendor": vendor, "operation": operation, "at": at, "seq": 0, **usual, **more}


RESET = line("entra", "users.patch", body={"passwordProfile": {"password": "***"}})
REVOKE = line("entra", "revokeSignInSessions", 6)
DISABLE = line("entra", "users.patch", 7, body={"accountEnabled": False})
ENABLE = line("entra", "users.patch", 60, body={"accountEnabled": True})
BLOCK = line(
    "azure_firewall", "ipGroups.put", 8, path="/arm/x", target=GROUP,
    detail={"added": [ADDRESS], "removed": []},
)  # fmt: skip
OPENED = line(
    "servicenow", "incident.post", 9, path="/t", target="INC1",
    body={"correlation_id": CASE_ID, "short_description": PLANNED.name},
)  # fmt: skip


def action(name: str, **more: Any) -> Json:
    """One outcome of a record: done and verified."""
    target = ADDRESS if name == "BlockIP" else "user-00001@contoso.example"
    usual = {"status": "succeeded", "verified": True, "detail": "accepted", "undo": None}
    usual |= {"at": "2026-11-20T12:00:00.000Z"}
    return {"action": name, "target": target, "undone": None, **usual, **more}


def planned(name: str, disposition: str = "automatic", **more: Any) -> Json:
    """One line of a plan."""
    target = ADDRESS if name == "BlockIP" else PLANNED.object_id
    return {"action": name, "target": target, "disposition": disposition, "why": "High", **more}


def record() -> Json:
    """The record of a case that was contained and handed over."""
    done = [action("ForcePasswordReset"), action("RevokeSessions"), action("BlockIP")]
    return {
        "case_id": CASE_ID,
        "status": "contained",
        "verdict": {"compromise_confidence_score": "High"},
        "plan": [planned(one["action"]) for one in done],
        "decision": None,
        "actions": done,
        "joined": [],
        "blocks": {
            "Incident_Creation_Notification": {
                "status": "complete",
                "outputs": {"incident_ticket_id": "INC1", "analyst_notification_status": {}},
            }
        },
        "timeline": [{"event": "case opened"}, {"event": "analysts told (completed): INC1"}],
    }


def _tenant(moment: str, blocked: list[str]) -> Json:
    user = {
        "id": PLANNED.object_id,
        "accountEnabled": True,
        "lastPasswordChangeDateTime": moment,
        "signInSessionsValidFromDateTime": moment,
    }
    return {
        "directory": {"users": [user]},
        "tickets": [{"number": "INC1", "correlation_id": CASE_ID}],
        "ipGroups": [{"properties": {"ipAddresses": blocked}}],
    }


def well(**changes: Any) -> Observed:
    """A round of one case in which everything holds, with these fields changed."""
    usual = Observed(
        planned=Round(
            number=1, cases=(PLANNED,), faults=(), kills=(), pauses=(), blob=(), hub=(),
            directory_skew=0,
        ),
        case_ids={1: (CASE_ID, SECOND_ID)},
        deliveries=[Delivery(1, CASE_ID, START, 1)],
        answers=[],
        records={CASE_ID: record()},
        ledger=[
            copy.deepcopy(one) | {"seq": number}
            for number, one in enumerate((RESET, REVOKE, BLOCK, OPENED), start=1)
        ],
        before=_tenant(BEFORE, []),
        after=_tenant(MOVED, [ADDRESS]),
        automatic=frozenset(
            map(ActionName, ("ForcePasswordReset", "RevokeSessions", "BlockIP", "DisableAccount"))
        ),
    )  # fmt: skip
    return replace(usual, **changes)


def of_kind(kind: CaseKind, **more: Any) -> Observed:
    """The same, but the account is of another kind."""
    seen = well(**more)
    case = PLANNED.model_copy(update={"kind": kind})
    return replace(seen, planned=seen.planned.model_copy(update={"cases": (case,)}))


def with_record(**changes: Any) -> Observed:
    """The same, with fields of the record changed."""
    return well(records={CASE_ID: record() | changes})


def answered(*actions: str, second: int = 0, undo: bool = False) -> Answered:
    """A person's answer."""
    at = START + timedelta(seconds=second)
    return Answered(1, tuple(map(ActionName, actions)), at, undo=undo)
