from typing import Any

import pytest

from shared.models.case import CaseRecord
from shared.models.plan import ActionName
from shared.models.undoing import BEYOND, choose, did_not_hold
from shared.playbook.acting.undoing import status_now, with_undo
from shared.playbook.reporting.case_text import (
    incident_comment_for,
    notification_for,
    ticket_for,
)
from shared.playbook.reporting.next_steps import next_steps
from shared.playbook.reporting.record import merge_record
from tests.unit.playbook.records import action, record

type Json = dict[str, Any]

WHO = "ann@contoso.com"
DONE_AT = "2026-11-20T12:10:00.000Z"
ASKED_AT = "2026-11-20T12:30:00.000Z"
ENDED_AT = "2026-11-20T12:31:00.000Z"
UNDONE = {"at": ENDED_AT, "by": "kim", "comment": "rang her", "verified": True, "detail": "seen"}


def done(name: str, **changes: Any) -> Json:
    given: Json = {"at": DONE_AT, "verified": True} | changes
    return action(name, **given)


DISABLED = done("DisableAccount", undo={"account_enabled": True})
RESET, REVOKED = done("ForcePasswordReset"), done("RevokeSessions")
BLOCKED = done("BlockIP", undo={"rule_id": "/ipGroups/1"})


def back(outcome: Json, **changes: Any) -> Json:
    return outcome | {"undo": None, "undone": UNDONE | changes}


def result(outcome: Json, status: str, **changes: Any) -> Json:
    given = {"action": outcome["action"], "target": outcome["target"], "status": status}
    return given | {"detail": "why", "instead": "do so by hand"} | changes


def run(*results: Json, **changes: Any) -> Json:
    given = {"number": 1, "at": ASKED_AT, "by": "kim", "comment": "rang her"}
    return given | {"results": list(results), "finished_at": ENDED_AT} | changes


def case(actions: list[Json], *undos: Json, **changes: Any) -> CaseRecord:
    given = {"status": "contained", "actions": actions, "undos": list(undos)} | changes
    return CaseRecord.model_validate(record(**given))


ALL_BACK = run(
    result(DISABLED, "succeeded"), result(RESET, "impossible"), result(REVOKED, "impossible")
)


@pytest.mark.parametrize(
    ("actions", "undos", "status"),
    [
        ([DISABLED, RESET, REVOKED], [], "contained"),
        ([back(DISABLED), RESET, REVOKED], [ALL_BACK], "monitoring"),
        ([back(DISABLED), RESET], [run(result(DISABLED, "succeeded"))], "monitoring"),
        ([DISABLED, RESET, REVOKED], [run(result(DISABLED, "failed"))], "contained"),
        (
            [DISABLED, RESET],
            [run(result(DISABLED, "failed"), result(RESET, "impossible"))],
            "contained",
        ),
        ([RESET, back(BLOCKED)], [run(result(BLOCKED, "succeeded"))], "contained"),
        (
            [RESET, back(BLOCKED)],
            [run(result(BLOCKED, "succeeded"), result(RESET, "impossible"))],
            "monitoring",
        ),
        ([back(BLOCKED)], [run(result(BLOCKED, "succeeded"))], "monitoring"),
        (
            [back(DISABLED), done("RevokeSessions", status="failed", verified=None)],
            [run(result(DISABLED, "succeeded"))],
            "failed",
        ),
        (
            [done("DisableAccount", at="2026-11-20T13:00:00.000Z", undo={"account_enabled": True})],
            [ALL_BACK],
            "contained",
        ),
    ],
)
def test_the_status_after_an_undo(actions: list[Json], undos: list[Json], status: str) -> None:
    assert status_now(case(actions, *undos)) == status


@pytest.mark.parametrize("status", ["closed", "containing", "awaiting_decision", "deciding"])
def test_a_closed_case_stays_closed_and_a_running_one_has_its_own_status(status: str) -> None:
    assert status_now(case([back(DISABLED)], ALL_BACK, status=status)) == status


def test_a_containment_that_did_not_hold_is_failed_until_it_is_taken_back() -> None:
    seen = {"at": "2026-11-20T12:25:00.000Z", "held": False, "detail": "1 sign-in"}
    assert status_now(case([RESET], recheck=seen)) == "failed"
    assert status_now(case([back(DISABLED), RESET], ALL_BACK, recheck=seen)) == "monitoring"
    later = seen | {"at": "2026-11-20T12:45:00.000Z"}
    assert did_not_hold(case([back(DISABLED), RESET], ALL_BACK, recheck=later))
    assert not did_not_hold(case([RESET], recheck=seen | {"held": None}))


def test_what_the_response_remembers_does_not_bring_an_undone_action_back() -> None:
    """Its last write comes minutes later, when the firewall has answered."""
    stored = record(actions=[back(DISABLED), RESET], undos=[ALL_BACK])
    merged = merge_record(stored, {"actions": [DISABLED, RESET], "status": "contained"})
    assert merged["actions"][0]["undone"]["by"] == "kim"
    assert merged["actions"][0]["undo"] is None
    assert with_undo(merged)["status"] == "monitoring"
    again = done("DisableAccount", at="2026-11-20T13:00:00.000Z", undo={"account_enabled": True})
    merged = merge_record(stored, {"actions": [again]})
    assert merged["actions"][0]["undone"] is None, "what was done anew is not undone"


@pytest.mark.parametrize("undo_first", [True, False])
def test_an_undo_that_waited_for_a_second_containment_takes_that_back(undo_first: bool) -> None:
    """It was asked for about the first, ran after the second, and what it restored is so."""
    again = done("DisableAccount", at="2026-11-20T13:00:00.000Z", undo={"account_enabled": True})
    undone = {"actions": [back(DISABLED, at="2026-11-20T13:05:00.000Z")]}
    stored = record(actions=[DISABLED])
    for patch in [undone, {"actions": [again]}] if undo_first else [{"actions": [again]}, undone]:
        stored = merge_record(stored, patch)
    [found] = stored["actions"]
    assert (found["undo"], found["undone"]["at"]) == (None, "2026-11-20T13:05:00.000Z")
    assert found["at"] == again["at"]


def test_one_entry_for_each_undo() -> None:
    stored = record(undos=[run(finished_at=None)])
    merged = merge_record(stored, {"undos": [ALL_BACK]})
    merged = merge_record(merged, {"undos": [run(number=2)]})
    assert [(one["number"], bool(one["finished_at"])) for one in merged["undos"]] == [
        (1, True),
        (2, True),
    ]


def test_blocks_keep_history_and_say_what_became_of_it() -> None:
    stored = record(actions=[back(DISABLED), back(BLOCKED), RESET], status="contained")
    before = {name: dict(block["outputs"]) for name, block in stored["blocks"].items()}
    once = with_undo(stored)
    assert with_undo(once) == once
    identity = once["blocks"]["Conditional_AD_Containment"]
    assert identity["outputs"] == before["Conditional_AD_Containment"]
    assert any("DisableAccount" in note and "kim" in note for note in identity["notes"])
    word = once["blocks"]["Conditional_Firewall_IP_Block"]["outputs"]["ip_block_status"]
    assert word == f"{before['Conditional_Firewall_IP_Block']['ip_block_status']}, then taken back"


def test_what_failed_half_way_can_be_taken_back() -> None:
    half = done("DisableInboxRules", status="failed", verified=None, undo={"rules": [{"id": "1"}]})
    chosen = choose(record(actions=[half]))
    assert [one.action for one in chosen.actions] == ["DisableInboxRules"]


@pytest.mark.parametrize(
    "name", [one for one in ActionName if one not in ("MonitorOnly", "NoAction")]
)
def test_what_cannot_be_taken_back_has_a_reason(name: ActionName) -> None:
    [line] = choose(record(actions=[done(name, undo=None, detail="was so before")])).impossible
    assert line.detail
    assert line.instead or name is ActionName.SCAN_DEVICE
    assert name in BEYOND


def texts(stored: Json) -> list[str]:
    message = notification_for(stored, "undone")
    return [
        ticket_for(stored, phase="undone").work_note,
        f"{message.title} {message.summary} {' '.join(message.lines)}",
        incident_comment_for(stored),
    ]


def test_every_text_says_who_took_what_back_and_what_people_do_instead() -> None:
    stored = record(actions=[back(DISABLED), RESET], undos=[ALL_BACK], status="monitoring")
    for text in texts(stored):
        assert "Taken back by kim (rang her): DisableAccount on" in text.replace("\\", "")
        assert "ForcePasswordReset" in text and "cannot be taken back" in text
        assert "do so by hand" in text
        assert "Done: DisableAccount" not in text
    assert "ACTIONS TAKEN BACK" in texts(stored)[0]
    assert not any("DisableAccount" in step for step in next_steps(stored))


def test_an_undo_that_failed_comes_first() -> None:
    failed = run(result(DISABLED, "failed", detail="HTTP 403", instead="enable it by hand"))
    stored = record(actions=[DISABLED], undos=[failed])
    assert "FAILED (HTTP 403): enable it by hand" in next_steps(stored)[0]
    for text in texts(stored):
        assert "TAKING BACK FAILED" in text
    later = record(actions=[back(DISABLED)], undos=[failed])
    assert not any("FAILED" in step for step in next_steps(later)), "a later one restored it"


def test_an_undo_that_could_not_be_proved_is_to_be_verified_by_hand() -> None:
    stored = record(actions=[back(DISABLED, verified=None, detail="timed out")], undos=[ALL_BACK])
    task = f"Verify by hand that DisableAccount on {WHO} is taken back (timed out)."
    assert next_steps(stored)[0].startswith(task)


def test_a_containment_that_did_not_hold_is_said_in_every_text() -> None:
    seen = {"at": ENDED_AT, "held": False, "detail": "2 sign-ins from 203.0.113.7"}
    stored = record(actions=[RESET], recheck=seen, status="failed")
    assert "did NOT hold (2 sign-ins from 203.0.113.7)" in next_steps(stored)[0]
    for text in texts(stored):
        assert "CONTAINMENT DID NOT HOLD" in text
