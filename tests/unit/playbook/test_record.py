from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.models.base import Json
from shared.models.block import BLOCK_INPUTS, BLOCK_OUTPUTS, BlockName, BlockStatus, make_block
from shared.models.case import CaseRecord, CaseRequest
from shared.models.plan import ActionName
from shared.playbook.reporting.record import (
    initial_record,
    merge_record,
    with_notification_inputs,
)
from tests.support.scripts import ADDRESS, case_payload, decided, outcome


def first(**changes: Any) -> Json:
    return initial_record(CaseRequest.model_validate(case_payload(**changes)))


def block(name: BlockName, **outputs: Any) -> Json:
    found = make_block(name, BlockStatus.COMPLETE, inputs={}, outputs=outputs)
    return found.block.to_json()


def entry(second: int, event: str) -> Json:
    return {"at": f"2026-11-20T12:00:{second:02d}.000Z", "event": event}


@pytest.mark.parametrize("account", [{}, {"account": None, "addresses": []}])
def test_the_first_record_is_whole(account: Json) -> None:
    record = first(**account)
    assert CaseRecord.model_validate(record).to_json() == record
    assert set(record["blocks"]) == set(BLOCK_OUTPUTS)
    for name, found in record["blocks"].items():
        assert found["status"] == "skipped"
        assert set(found["outputs"]) == set(BLOCK_OUTPUTS[name])
        assert set(found["inputs"]) == set(BLOCK_INPUTS[name])
    assert set(record["sla"]) == {"detected_at", "received_at"}


PATCHES: dict[str, Json] = {
    "status": {"status": "deciding"},
    "verdict": {"verdict": decided()["verdict"], "plan": decided()["plan"]},
    "account": {"account": {"display_name": "Ada", "kinds": ["ordinary"]}},
    "context": {"incident": {"context": {"status": "New"}}},
    "block": {"blocks": {BlockName.USER: block(BlockName.USER, is_admin_role=False)}},
    "outputs": {"blocks": {BlockName.NOTIFICATION: {"outputs": {"incident_ticket_id": "INC1"}}}},
    "actions": {"actions": [outcome(ActionName.REVOKE_SESSIONS), outcome(ActionName.BLOCK_IP)]},
    "timeline": {"timeline": [entry(3, "third"), entry(1, "first")]},
    "sla": {"sla": {"notified_at": "2026-11-20T12:00:09.000Z"}},
    "links": {"links": {"report": "https://soc.example/report"}},
}


@pytest.mark.parametrize("name", PATCHES)
def test_the_same_patch_twice_changes_nothing_more(name: str) -> None:
    once = merge_record(first(), PATCHES[name])
    assert once != first()
    assert merge_record(once, PATCHES[name]) == once


@settings(deadline=None)
@given(st.permutations(list(PATCHES)))
def test_the_order_of_patches_about_different_things_does_not_matter(order: list[str]) -> None:
    record, expected = first(), first()
    for name in order:
        record = merge_record(record, PATCHES[name])
    for patch in PATCHES.values():
        expected = merge_record(expected, patch)
    assert record == expected


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(PATCHES)), max_size=12))
def test_every_block_is_always_there_with_every_output(names: list[str]) -> None:
    record = first()
    for name in names:
        record = merge_record(record, PATCHES[name])
    for name, outputs in BLOCK_OUTPUTS.items():
        assert set(record["blocks"][name]["outputs"]) == set(outputs)


@settings(deadline=None)
@given(st.permutations(range(6)), st.integers(1, 5))
def test_the_timeline_is_in_order_however_it_arrives(order: list[int], cut: int) -> None:
    entries = [entry(number, f"event {number}") for number in order]
    record = merge_record(first(), {"timeline": entries[:cut]})
    record = merge_record(record, {"timeline": entries[cut:]})
    assert [item["event"] for item in record["timeline"]] == [f"event {n}" for n in range(6)]


def test_a_later_outcome_of_an_action_replaces_the_earlier_one_in_place() -> None:
    actions = [outcome(ActionName.REVOKE_SESSIONS), outcome(ActionName.BLOCK_IP)]
    record = merge_record(first(), {"actions": actions})
    later = [outcome(ActionName.REVOKE_SESSIONS, verified=True)]
    merged = merge_record(record, {"actions": later})["actions"]
    assert [item["action"] for item in merged] == ["RevokeSessions", "BlockIP"]
    assert [item["verified"] for item in merged] == [True, None]


def test_the_same_action_on_another_target_is_another_action() -> None:
    actions = [outcome(ActionName.BLOCK_IP), outcome(ActionName.BLOCK_IP, target="198.51.100.9")]
    merged = merge_record(first(), {"actions": actions})["actions"]
    assert [item["target"] for item in merged] == [ADDRESS, "198.51.100.9"]


def test_what_is_not_known_takes_nothing_away() -> None:
    record = merge_record(first(), {"account": {"display_name": "Ada"}})
    merged = merge_record(record, {"account": {"display_name": None, "synced": False}})
    assert merged["account"]["display_name"] == "Ada"
    assert merged["account"]["synced"] is False


def test_a_block_that_is_completed_keeps_the_rest() -> None:
    told = make_block(
        BlockName.NOTIFICATION,
        BlockStatus.PARTIAL,
        inputs={},
        outputs={"analyst_notification_status": {"slack": "sent"}},
        notes=["no ticket yet: 503", "not delivered by email: 451"],
    ).block.to_json()
    record = merge_record(first(), {"blocks": {BlockName.NOTIFICATION: told}})
    more = {
        "outputs": {"incident_ticket_id": "INC1"},
        "resolved_notes": ["no ticket yet", "unknown: incident_ticket_id"],
    }
    found = merge_record(record, {"blocks": {BlockName.NOTIFICATION: more}})
    block = found["blocks"][BlockName.NOTIFICATION]
    assert block["outputs"] == {
        "incident_ticket_id": "INC1",
        "analyst_notification_status": {"slack": "sent"},
    }
    assert block["notes"] == ["not delivered by email: 451"]


@pytest.mark.parametrize(
    "patch",
    [
        {"nonsense": 1},
        {"status": "no such status"},
        {"verdict": {"score": 50}},
        {"plan": [{"action": "NoSuchAction"}]},
        {"actions": [{"action": "BlockIP", "target": "x", "status": "done", "at": "now"}]},
        {"timeline": [{"at": "yesterday", "event": "x"}]},
        {"blocks": {BlockName.USER: {"status": "fine"}}},
        {"links": {"report": 1}},
    ],
)
def test_a_patch_that_makes_no_record_is_refused(patch: Json) -> None:
    record = first()
    with pytest.raises(ValidationError):
        merge_record(record, patch)
    assert record == first(), "the record that was given is not touched"


def test_the_notification_block_shows_what_the_ticket_is_made_of() -> None:
    blocks = {
        BlockName.USER: block(BlockName.USER, user_principal_name="ada@contoso.example"),
        BlockName.FIREWALL: block(BlockName.FIREWALL, ip_block_status="succeeded"),
        BlockName.SCORING: block(BlockName.SCORING, compromise_confidence_score="High"),
    }
    record = with_notification_inputs(merge_record(first(), {"blocks": blocks}))
    inputs = record["blocks"][BlockName.NOTIFICATION]["inputs"]
    assert set(inputs) == set(BLOCK_INPUTS[BlockName.NOTIFICATION])
    assert inputs["user_principal_name"] == "ada@contoso.example"
    assert inputs["ip_block_status"] == "succeeded"
    assert inputs["compromise_confidence_score"] == "High"
    assert inputs["exported_ad_logs_link"] is None


def test_what_the_record_has_learnt_later_is_not_overwritten_by_an_older_memory() -> None:
    failed = outcome(ActionName.BLOCK_IP, status="failed")
    later = outcome(ActionName.BLOCK_IP, at="2026-11-20T13:00:00.000Z", verified=True)
    record = initial_record(CaseRequest.model_validate(case_payload()))
    record = merge_record(record, {"actions": [failed], "status": "failed"})
    record = merge_record(record, {"actions": [later]})
    assert record["status"] == "contained", "what was made good is not failed any more"
    assert merge_record(record, {"actions": [failed]})["actions"] == record["actions"]


@pytest.mark.parametrize("status", ["closed", "awaiting_decision", "contained"])
def test_an_action_that_is_made_good_changes_no_other_status(status: str) -> None:
    failed = outcome(ActionName.BLOCK_IP, status="failed")
    later = outcome(ActionName.BLOCK_IP, at="2026-11-20T13:00:00.000Z")
    record = initial_record(CaseRequest.model_validate(case_payload()))
    record = merge_record(record, {"actions": [failed], "status": status})
    assert merge_record(record, {"actions": [later]})["status"] == status


def test_a_case_stays_failed_while_another_action_is() -> None:
    failed = outcome(ActionName.BLOCK_IP, status="failed")
    other = outcome(ActionName.REVOKE_SESSIONS, status="failed")
    later = outcome(ActionName.BLOCK_IP, at="2026-11-20T13:00:00.000Z")
    record = initial_record(CaseRequest.model_validate(case_payload()))
    record = merge_record(record, {"actions": [failed, other], "status": "failed"})
    assert merge_record(record, {"actions": [later]})["status"] == "failed"


LATER = "2026-11-20T13:00:00.000Z"
RULES: Json = {"rules": [{"id": "r1", "name": ".."}]}


@pytest.mark.parametrize(
    ("name", "first_undo", "then", "kept"),
    [
        ("DisableAccount", {"account_enabled": True}, None, {"account_enabled": True}),
        ("DisableInboxRules", RULES, None, RULES),
        (
            "DisableInboxRules",
            RULES,
            {"rules": [{"id": "r2", "name": "x"}]},
            {"rules": [{"id": "r1", "name": ".."}, {"id": "r2", "name": "x"}]},
        ),
        ("ConfirmCompromised", {"risk_state": "none"}, {"risk_state": "atRisk"}, None),
        ("RevokeOAuthGrants", None, {"grants": [{"id": "g"}]}, {"grants": [{"id": "g"}]}),
    ],
)
def test_an_action_done_twice_gives_back_what_the_first_run_took(
    name: str, first_undo: Json | None, then: Json | None, kept: Json | None
) -> None:
    action = ActionName(name)
    again: Json = {"actions": [outcome(action, at=LATER, undo=then)]}
    record = merge_record(first(), {"actions": [outcome(action, undo=first_undo)]})
    record = merge_record(record, again)
    for _ in range(2):
        [found] = record["actions"]
        assert (found["at"], found["undo"]) == (LATER, kept or first_undo)
        record = merge_record(record, again)


def test_what_was_taken_back_is_not_owed_again_by_a_second_run() -> None:
    action = ActionName.DISABLE_ACCOUNT
    undone = {"at": "2026-11-20T12:30:00.000Z", "by": "kim", "comment": "it was her"}
    done = outcome(action, undo={"account_enabled": True})
    record = merge_record(first(), {"actions": [done]})
    record = merge_record(record, {"actions": [done | {"undo": None, "undone": undone}]})
    [found] = merge_record(record, {"actions": [done]})["actions"]
    assert (found["undo"], found["undone"]["by"]) == (None, "kim")
    [found] = merge_record(record, {"actions": [outcome(action, at=LATER)]})["actions"]
    assert (found["undo"], found.get("undone")) == (None, None)


def test_sealing_adds_to_the_evidence_that_is_listed() -> None:
    known = block(BlockName.EVIDENCE) | {"details": {"items": [{"name": "b", "query": "logs"}]}}
    sealed = {
        "items": [{"name": "c"}, {"name": "a"}],
        "manifest": {"name": "manifest.json", "revision": 1},
    }
    record = merge_record(first(), {"blocks": {BlockName.EVIDENCE: known}})
    for _ in range(2):
        record = merge_record(record, {"blocks": {BlockName.EVIDENCE: {"details": sealed}}})
        found = record["blocks"][BlockName.EVIDENCE]
        assert found["status"] == "complete"
        assert found["details"]["items"] == [
            {"name": "a"},
            {"name": "b", "query": "logs"},
            {"name": "c"},
        ]
