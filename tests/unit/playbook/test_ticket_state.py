"""How a closed case is classified, who has it, and what work is open."""

from typing import Any

import pytest

from shared.models.case import CaseRecord
from shared.playbook.reporting.ticket_state import closing_of, ticket_state
from tests.unit.playbook.records import record

AT = "2026-11-20T12:00:00Z"
DONE = {"action": "DisableAccount", "target": "o1", "status": "succeeded", "at": AT}
BACK = {"at": AT, "by": "ana", "comment": "her", "verified": True, "detail": ""}


def case(*, confidence: str = "High", **values: Any) -> CaseRecord:
    plain = record(actions=[], decision=None)
    verdict = plain["verdict"] | {"compromise_confidence_score": confidence}
    return CaseRecord.model_validate(plain | {"verdict": verdict} | values)


def chosen(action: str, channel: str = "web") -> dict[str, Any]:
    return {
        "actions": [action],
        "comment": "",
        "decided_by": "ana@contoso.com",
        "decided_at": AT,
        "channel": channel,
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"actions": [DONE]}, "TruePositive"),
        ({"actions": [DONE | {"status": "failed"}], "confidence": "Medium"}, "Undetermined"),
        ({"actions": [DONE | {"undone": BACK}]}, "BenignPositive"),
        ({"decision": chosen("NoAction")}, "BenignPositive"),
        ({"decision": chosen("MonitorOnly")}, "Undetermined"),
        ({"decision": chosen("RevokeSessions"), "confidence": "Medium"}, "TruePositive"),
        ({"decision": chosen("NoAction", "deadline"), "confidence": "Medium"}, "Undetermined"),
        ({}, "TruePositive"),
        ({"confidence": "Low"}, "Undetermined"),
        ({"verdict": None}, "Undetermined"),
    ],
)
def test_a_case_is_classified_by_what_people_decided_and_what_became_of_it(
    values: dict[str, Any], expected: str
) -> None:
    closing = closing_of(case(**values))
    assert closing.classification == expected
    reasons = {"TruePositive": "SuspiciousActivity", "BenignPositive": "SuspiciousButExpected"}
    assert closing.reason == reasons.get(expected, "")
    assert closing.comment.startswith("Tourniquet case ")


def test_who_took_the_case_owns_it_before_who_decided() -> None:
    decided = case(decision=chosen("NoAction"))
    assert ticket_state(decided, "completed")["owner"] == "ana@contoso.com"
    taken = case(decision=chosen("NoAction"), sla={"reviewed_by": "lee@contoso.com"})
    assert ticket_state(taken, "completed")["owner"] == "lee@contoso.com"
    silent = case(decision=chosen("NoAction", "deadline"))
    assert ticket_state(silent, "completed")["owner"] == ""


def test_only_open_work_is_a_task_and_only_once_it_is_known() -> None:
    steps = [
        {"what": f"Do {kind}", "who": "L1", "kind": kind, "urgency": "now"}
        for kind in ("task", "recommendation")
    ]
    found = case(hand_over=steps)
    [task] = ticket_state(found, "completed")["tasks"]
    assert task.title == "Do task"
    assert ticket_state(found, "opened")["tasks"] is None
    assert ticket_state(found, "opened")["closing"] is None
    assert ticket_state(found, "closed")["closing"] is not None
    assert ticket_state(found, "not_held")["open_again"]


@pytest.mark.parametrize(
    ("closed_at", "reopened", "closes", "opens"),
    [
        (None, [], True, True),
        ("2026-11-20T13:00:00.000Z", [], True, True),
        ("2026-11-20T13:00:00.000Z", ["2026-11-20T12:30:00.000Z"], True, False),
        (
            "2026-11-20T13:00:00.000Z",
            ["2026-11-20T12:30:00.000Z", "2026-11-20T14:00:00Z"],
            False,
            True,
        ),
    ],
)
def test_a_note_that_comes_late_does_not_undo_what_happened_since(
    closed_at: str | None, reopened: list[str], closes: bool, opens: bool
) -> None:
    found = case(sla={"closed_at": closed_at, "reopenings": reopened})
    assert (ticket_state(found, "closed")["closing"] is not None) is closes
    assert ticket_state(found, "not_held")["open_again"] is opens
