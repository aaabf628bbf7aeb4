"""What was planned or chosen has an outcome, unless something by design explains why not."""

from typing import Any

import pytest

from lab.chaos.invariants import INVARIANTS, name_of
from lab.chaos.invariants.tried import every_planned_action_was_tried
from tests.unit.lab.chaos_world import action, planned, record, well, with_record

NAME = "every planned action was tried"
STAYS = "1 more incident on the account joined (Again): the verdict stays (High, 90 of 100)"


def found(**changes: Any) -> list[str]:
    """What the invariant says of the record with these fields changed."""
    return [one.detail for one in every_planned_action_was_tried(with_record(**changes))]


def said(*events: str) -> list[dict[str, str]]:
    """The timeline with these entries more."""
    return [*record()["timeline"], *({"event": event} for event in events)]


def decided(*actions: str) -> dict[str, Any]:
    """A person's decision."""
    return {"actions": list(actions), "decided_by": "Ada"}


def test_everything_that_was_planned_vanished() -> None:
    seen = with_record(actions=[])
    seen.ledger[:] = seen.ledger[3:]
    broken = [name_of(invariant) for invariant in INVARIANTS if list(invariant(seen))]
    assert broken == [NAME]
    assert len(list(every_planned_action_was_tried(seen))) == 3


@pytest.mark.parametrize("lost", ["ForcePasswordReset", "RevokeSessions", "BlockIP"])
def test_one_automatic_action_vanished(lost: str) -> None:
    [detail] = found(actions=[one for one in record()["actions"] if one["action"] != lost])
    assert f"{lost} on" in detail


def test_another_address_was_blocked() -> None:
    others = [one for one in record()["actions"] if one["action"] != "BlockIP"]
    [detail] = found(actions=[*others, action("BlockIP", target="203.0.113.250")])
    assert "BlockIP on" in detail


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_any_outcome_will_do(status: str) -> None:
    assert found(actions=[one | {"status": status} for one in record()["actions"]]) == []


@pytest.mark.parametrize("disposition", ["ask", "never"])
def test_what_is_asked_or_forbidden_needs_no_outcome(disposition: str) -> None:
    assert found(plan=[planned("DisableAccount", disposition)], actions=[]) == []


@pytest.mark.parametrize("idle", ["MonitorOnly", "NoAction"])
def test_doing_nothing_needs_no_outcome(idle: str) -> None:
    assert found(plan=[planned(idle)], decision=decided(idle), actions=[]) == []


def test_what_a_person_chose_vanished() -> None:
    plan = [planned("DisableAccount", "ask"), planned("RevokeSessions", "ask")]
    decision = decided("DisableAccount", "RevokeSessions", "BlockIP")
    detail = found(plan=plan, decision=decision, actions=[action("RevokeSessions")])
    assert ["DisableAccount was chosen by Ada" in one for one in detail] == [True, False]
    assert "BlockIP was chosen by Ada" in detail[1]
    left_out = action("BlockIP", target="-", status="skipped")
    done = [action("RevokeSessions"), action("DisableAccount"), left_out]
    assert found(plan=plan, decision=decision, actions=done) == []


def test_a_case_that_is_not_over_is_not_looked_at() -> None:
    assert found(actions=[], status="awaiting_decision") == []
    assert found(actions=[], timeline=[{"event": "case opened"}]) == []
    assert found(actions=[], timeline=said("the response broke off: ValueError")) == []
    assert list(every_planned_action_was_tried(well(records={}))) == []


def test_what_somebody_has_answered_is_not_done_over_their_head() -> None:
    """A later plan calls automatic what was asked before, and is there for something else."""
    timeline = said(
        "decided by Ada: MonitorOnly", f"{STAYS}; to do without asking: BlockIP, RevokeSessions"
    )
    assert found(timeline=timeline, actions=record()["actions"][1:]) == []
    named = found(timeline=timeline, actions=[])
    assert [one.split()[1] for one in named] == ["RevokeSessions", "BlockIP"]


@pytest.mark.parametrize(
    "events",
    [
        [f"{STAYS}; a person is asked"],
        ["decided by Ada: MonitorOnly"],
        [
            "decided by Ada: MonitorOnly",
            "1 more incident on the account joined (Again): the verdict stays High; nothing more "
            "is done",
        ],
        [
            "decided by Ada: MonitorOnly",
            "1 more incident on the account joined (Again): the verdict rises (High, 90 of 100); "
            "to do without asking: ForcePasswordReset",
        ],
    ],
)
def test_less_than_an_answer_and_a_new_plan_explains_nothing(events: list[str]) -> None:
    assert len(found(timeline=said(*events), actions=[])) == 3
