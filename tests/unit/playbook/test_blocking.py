"""What several firewalls made of one address."""

from datetime import UTC, datetime
from typing import Any

from shared.playbook.acting.blocking import block_outcome, lift_result

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def state(name: str, **changes: Any) -> dict[str, Any]:
    usual = {"ours": True, "wanted": True, "refused": None, "rule_id": "r", "unsure": False}
    return usual | {"firewall": name, "state": None, "error": None} | changes


def test_a_block_whose_every_answer_was_lost_is_lifted_in_time() -> None:
    lost = state("one", refused="no answer within 10 s", unsure=True)
    outcome = block_outcome("203.0.113.7", [lost], {}, at=AT)
    assert outcome.status == "failed"
    assert outcome.undo is not None and outcome.undo["firewalls"] == ["one"]


def test_a_refused_block_leaves_nothing_to_lift() -> None:
    refused = state("one", refused="the group is full")
    outcome = block_outcome("203.0.113.7", [refused], {}, at=AT)
    assert (outcome.status, outcome.undo) == ("failed", None)


def test_a_lift_that_does_not_get_through_is_denied() -> None:
    seen = {"present": False, "provisioned": False, "broken": True, "detail": "Failed"}
    one = state("one", wanted=False, refused="it did not get through", state=seen)
    result = lift_result({"cases": [], "until": None}, [one], "case-1")
    assert (result["status"], result["verified"]) == ("failed", False)


def test_what_was_blocked_again_meanwhile_is_not_lifted() -> None:
    seen = {"present": True, "provisioned": True, "broken": False, "detail": ""}
    one = state("one", state=seen)
    for cases in ([], ["case-1"]):
        result = lift_result({"cases": cases, "until": "later"}, [one], "case-1")
        assert (result["status"], result["verified"]) == ("failed", False)
        assert "blocked again meanwhile: one: blocked, in force" in result["detail"]
    result = lift_result({"cases": ["case-2"], "until": "later"}, [one], "case-1")
    assert (result["status"], result["verified"]) == ("succeeded", True)
    assert result["detail"] == "stays blocked until later: also held by case-2"
