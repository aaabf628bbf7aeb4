import copy
from typing import Any

import pytest
from pydantic import ValidationError

from lab.scenarios.checker import Check, check
from lab.scenarios.expectation import Expectation
from lab.scenarios.played import Played
from shared.models.block import BLOCK_OUTPUTS, BlockName

EXPECT = Expectation.model_validate(
    {
        "confidence": "High",
        "score": [80, 100],
        "status": "contained",
        "plan": [{"action": "RevokeSessions", "disposition": "automatic"}],
        "actions": [{"action": "RevokeSessions", "status": "succeeded", "verified": True}],
        "effects": {"entra revokeSignInSessions": 1},
        "forbidden": ["azure_firewall *"],
        "blocks": {"Conditional_AD_Containment": "complete"},
        "evidence": {"at_least": 1, "links": ["exported_ad_logs_link"]},
    }
)

CONTAINMENT, USER, EVIDENCE = BlockName.CONTAINMENT, BlockName.USER, BlockName.EVIDENCE


def entry(vendor: str, operation: str, status: int = 200, **more: Any) -> dict[str, Any]:
    base = {"vendor": vendor, "operation": operation, "target": "x", "status": status}
    return base | {"effect": True} | more


def record() -> dict[str, Any]:
    blocks: dict[str, Any] = {
        name: {"status": "complete", "outputs": dict.fromkeys(outputs, "x"), "notes": []}
        for name, outputs in BLOCK_OUTPUTS.items()
    }
    blocks[BlockName.EVIDENCE]["details"] = {"items": [{"name": "signins"}]}
    action = {"action": "RevokeSessions", "target": "x", "status": "succeeded", "verified": True}
    return {
        "status": "contained",
        "verdict": {"compromise_confidence_score": "High", "score": 93},
        "plan": [{"action": "RevokeSessions", "disposition": "automatic"}],
        "actions": [action],
        "blocks": blocks,
    }


def played(**changes: Any) -> Played:
    base: dict[str, Any] = {
        "answers": [{"cases": [{"case_id": "c1", "created": True}]}],
        "records": [record()],
        "ledger": [
            entry("entra", "revokeSignInSessions"),
            entry("slack", "chat.postMessage"),
            entry("email", "message"),
            entry("entra", "users.get", effect=False),
        ],
    }
    return Played(**(base | changes))


def broken(checks: list[Check]) -> list[str]:
    return [item.expected for item in checks if not item.held]


def test_all_lines_hold() -> None:
    assert broken(check(EXPECT, played())) == []


def test_nothing_at_all_is_told_line_by_line() -> None:
    assert len(broken(check(EXPECT, Played()))) >= 10


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("verdict", "compromise_confidence_score"), "Low", "confidence High"),
        (("verdict", "score"), 79, "score 80 to 100"),
        (("status",), "monitoring", "status contained"),
        (("plan", 0, "disposition"), "ask", "plan RevokeSessions: automatic"),
        (("actions", 0, "verified"), None, "RevokeSessions succeeded verified"),
        (("blocks", CONTAINMENT, "status"), "failed", f"{CONTAINMENT} complete"),
        (("blocks", USER, "outputs"), {}, "all nine blocks with the seed's outputs"),
        (("blocks", EVIDENCE, "details", "items"), [], "at least 1 pieces of evidence"),
    ],
)
def test_a_record_that_differs(path: tuple[str | int, ...], value: Any, line: str) -> None:
    changed = record()
    place: Any = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert line in broken(check(EXPECT, played(records=[changed])))


def test_an_action_nobody_expected() -> None:
    changed = record()
    changed["actions"].append(changed["actions"][0] | {"action": "DisableAccount"})
    assert broken(check(EXPECT, played(records=[changed]))) == ["no other action taken"]


@pytest.mark.parametrize(
    ("extra", "lines"),
    [
        (entry("entra", "revokeSignInSessions"), ["entra revokeSignInSessions: 1 effect"]),
        (entry("entra", "users.patch"), ["no other change to an account or firewall"]),
        (
            entry("azure_firewall", "ipGroups.put"),
            ["azure_firewall *: nothing changed", "no other change to an account or firewall"],
        ),
        (
            entry("slack", "chat.postMessage", 400, effect=False, violation="no text"),
            ["every request accepted by the vendors' specifications"],
        ),
        (entry("slack", "chat.postMessage", 429, effect=False, fault="status"), []),
    ],
)
def test_a_ledger_that_differs(extra: dict[str, Any], lines: list[str]) -> None:
    ledger = [*played().ledger, extra]
    assert broken(check(EXPECT, played(ledger=ledger))) == lines


def test_an_expected_refusal_holds() -> None:
    refusal = entry("entra", "users.patch", 403, effect=False)
    expect = EXPECT.model_copy(update={"refusals": ["entra users.patch"]})
    assert broken(check(expect, played(ledger=[*played().ledger, refusal]))) == []


def test_duplicates_are_one_case_created_once() -> None:
    first = {"cases": [{"case_id": "c1", "created": True}]}
    again = {"cases": [{"case_id": "c1", "created": False}]}
    assert broken(check(EXPECT, played(answers=[first, again, again]))) == []
    twice = check(EXPECT, played(answers=[first, copy.deepcopy(first)]))
    assert broken(twice) == ["1 case for 2 deliveries, created once"]


def test_missing_people() -> None:
    changed = record()
    changed["blocks"]["Incident_Creation_Notification"]["outputs"]["incident_ticket_id"] = None
    ledger = [entry("entra", "revokeSignInSessions")]
    lines = broken(check(EXPECT, played(records=[changed], ledger=ledger)))
    assert lines == ["ticket opened", "analysts told by slack", "analysts told by email"]


def test_several_cases_are_checked_one_by_one() -> None:
    expect = Expectation.model_validate(
        {
            "cases": 2,
            "accounts": {
                "dana@contoso.example": {"confidence": "High"},
                "kim@contoso.example": {"confidence": "Low", "status": "monitoring"},
            },
            "effects": {"entra revokeSignInSessions": 1},
        }
    )
    first = record() | {"account": {"user_principal_name": "Dana@contoso.example"}}
    other = record() | {"account": {"user_principal_name": "kim@contoso.example"}, "actions": []}
    cases = [{"case_id": case_id, "created": True} for case_id in ("c1", "c2")]
    lines = broken(check(expect, played(answers=[{"cases": cases}], records=[other, first])))
    assert lines == [
        "dana@contoso.example: no action taken",
        "kim@contoso.example: confidence Low",
        "kim@contoso.example: status monitoring",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cases": 1, "accounts": {"a@b.example": {}}, "confidence": "High"},
        {"cases": 2, "accounts": {"a@b.example": {}}},
    ],
)
def test_several_cases_are_all_named_and_nothing_is_said_twice(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="accounts"):
        Expectation.model_validate(wrong)


@pytest.mark.parametrize(
    ("undone", "line"),
    [
        (None, "RevokeSessions succeeded and taken back"),
        ({"verified": None}, "RevokeSessions succeeded and taken back"),
        ({"verified": True}, "RevokeSessions succeeded and not taken back"),
    ],
)
def test_what_is_to_be_taken_back_and_what_is_not(undone: Any, line: str) -> None:
    changed = record()
    changed["actions"][0] |= {"undone": undone}
    wanted: dict[str, Any] = {"action": "RevokeSessions", "status": "succeeded"}
    wanted |= {"undone": "and not" not in line}
    expect = Expectation.model_validate({"confidence": "High", "actions": [wanted]})
    assert line in broken(check(expect, played(records=[changed])))
