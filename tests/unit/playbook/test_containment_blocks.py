from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.block import BLOCK_INPUTS, BLOCK_OUTPUTS, BlockName
from shared.models.case import CaseRequest
from shared.models.plan import ActionName, Decision, Disposition, PlannedAction
from shared.playbook.acting.containment import (
    NOTHING_TO_DO,
    SUPPORTED_ACTIONS,
    by_hand,
    containment_blocks,
    final_status,
    first_done,
    merge_outcomes,
    not_run,
)
from shared.playbook.planning.decided import Decided
from tests.support.scripts import ADDRESS, DECISION, case_payload, decided, outcome, plan_line

AT = datetime(2026, 11, 20, 12, 1, tzinfo=UTC)
CASE = CaseRequest.model_validate(case_payload())
RESET, REVOKE, BLOCK = (
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
    ActionName.BLOCK_IP,
)
KIM = Decision.model_validate(DECISION)


def blocks(
    *outcomes: Json,
    plan: list[PlannedAction] | None = None,
    decision: Decision | None = None,
) -> tuple[Json, Json]:
    """Return the identity block and the firewall block."""
    found = containment_blocks(
        CASE,
        {BlockName.ADDRESS: {"outputs": {"ip_reputation_score": 97}}},
        Decided.model_validate(decided(plan=plan)),
        decision=decision,
        outcomes=outcomes,
    )
    return found[BlockName.CONTAINMENT], found[BlockName.FIREWALL]


def done(action: ActionName, **changes: Any) -> Json:
    return outcome(action, **{"verified": True} | changes)


def test_everything_done_and_verified_is_complete_with_the_seeds_names() -> None:
    undo = {"rule_id": "/ipGroups/1"}
    identity, firewall = blocks(done(RESET), done(REVOKE), done(BLOCK, undo=undo))
    assert (identity["status"], firewall["status"]) == ("complete", "complete")
    assert identity["outputs"] == {
        "password_reset_status": "succeeded, verified",
        "sessions_revoked_status": "succeeded, verified",
        "ad_containment_execution_time": "2026-11-20T12:00:05.000Z",
    }
    assert firewall["outputs"] == {
        "ip_block_status": "succeeded, verified",
        "firewall_rule_id": "/ipGroups/1",
    }
    assert identity["notes"] == firewall["notes"] == []
    for name, block in ((BlockName.CONTAINMENT, identity), (BlockName.FIREWALL, firewall)):
        assert set(block["inputs"]) == set(BLOCK_INPUTS[name])
        assert set(block["outputs"]) == set(BLOCK_OUTPUTS[name])
    assert firewall["inputs"]["ip_reputation_score"] == 97
    assert firewall["inputs"]["successful_login_ip"] == ADDRESS


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("succeeded", "succeeded", "complete"),
        ("succeeded", "failed", "partial"),
        ("failed", "failed", "failed"),
        ("succeeded", "skipped", "complete"),
        ("failed", "skipped", "partial"),
        ("skipped", "skipped", "skipped"),
    ],
)
def test_the_blocks_status_follows_its_actions(first: str, second: str, status: str) -> None:
    identity, _firewall = blocks(done(RESET, status=first), done(REVOKE, status=second))
    assert identity["status"] == status


def test_nothing_done_is_skipped_and_says_why() -> None:
    lines = [
        plan_line(RESET, Disposition.NEVER),
        plan_line(REVOKE, Disposition.ASK),
        plan_line(BLOCK, Disposition.ASK),
    ]
    identity, firewall = blocks(plan=lines, decision=KIM.model_copy(update={"actions": []}))
    assert (identity["status"], firewall["status"]) == ("skipped", "skipped")
    assert identity["outputs"]["password_reset_status"] == "not allowed: test"
    assert identity["outputs"]["sessions_revoked_status"] == "not chosen by kim"
    assert firewall["outputs"]["ip_block_status"] == "not chosen by kim"
    identity, _firewall = blocks(plan=[plan_line(ActionName.MONITOR_ONLY)])
    assert identity["outputs"]["password_reset_status"] == "not recommended"
    identity, _firewall = blocks(plan=lines)
    assert identity["outputs"]["sessions_revoked_status"] == "not done"


@pytest.mark.parametrize(
    ("verified", "word"),
    [(True, "succeeded, verified"), (False, "succeeded, NOT verified"), (None, "succeeded")],
)
def test_what_is_not_verified_is_never_called_so(verified: bool | None, word: str) -> None:
    identity, _firewall = blocks(done(RESET, verified=verified, detail="lagging"))
    assert identity["outputs"]["password_reset_status"] == word
    assert any("lagging" in note for note in identity["notes"]) is (verified is not True)


def test_a_failure_is_a_note_with_its_reason() -> None:
    identity, _firewall = blocks(done(RESET, status="failed", verified=None, detail="HTTP 403"))
    assert identity["outputs"]["password_reset_status"] == "failed"
    assert "HTTP 403" in identity["notes"][0]
    assert identity["outputs"]["ad_containment_execution_time"] is None


def test_a_rule_that_was_there_before_is_not_ours_to_name() -> None:
    _identity, firewall = blocks(done(BLOCK, undo=None))
    assert firewall["outputs"]["firewall_rule_id"] is None


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], "monitoring"),
        (["skipped"], "monitoring"),
        (["succeeded", "skipped"], "contained"),
        (["succeeded", "failed"], "failed"),
        (["failed"], "failed"),
    ],
)
def test_the_cases_final_status(statuses: list[str], status: str) -> None:
    assert final_status([{"status": one} for one in statuses]) == status


def test_every_action_is_carried_out_by_the_app() -> None:
    assert set(ActionName) == SUPPORTED_ACTIONS | NOTHING_TO_DO


def test_when_containment_itself_broke_everything_planned_has_failed() -> None:
    lines = [plan_line(action) for action in (RESET, BLOCK, ActionName.MONITOR_ONLY)]
    found = by_hand(lines, AT, error="the engine lost it")
    assert [(item["action"], item["status"]) for item in found] == [
        (RESET, "failed"),
        (BLOCK, "failed"),
    ]
    assert {item["detail"] for item in found} == {"the engine lost it"}


def test_what_a_person_chose_and_nobody_runs_is_said() -> None:
    plan = [
        plan_line(RESET, Disposition.NEVER),
        plan_line(REVOKE, Disposition.ASK),
        plan_line(BLOCK, Disposition.AUTOMATIC),
    ]
    chosen = [RESET, REVOKE, BLOCK, ActionName.DISABLE_ACCOUNT, ActionName.NO_ACTION]
    decision = KIM.model_copy(update={"actions": chosen})
    found = not_run(decision, plan, [plan[1]], AT)
    assert [(item["action"], item["status"]) for item in found] == [
        (RESET, "skipped"),
        (ActionName.DISABLE_ACCOUNT, "skipped"),
    ]
    assert "test" in found[0]["detail"] and "no target" in found[1]["detail"]


def test_later_outcomes_win_and_none_is_lost() -> None:
    merged = merge_outcomes([done(RESET), done(BLOCK)], [done(RESET, detail="again")])
    assert [(item["action"], item["detail"]) for item in merged] == [
        (RESET, "again"),
        (BLOCK, "accepted"),
    ]


def test_what_is_not_in_force_contained_nothing() -> None:
    denied = outcome(REVOKE, verified=False)
    assert first_done([denied]) is None
    assert first_done([denied, outcome(RESET, verified=None, at="later")]) == "later"
