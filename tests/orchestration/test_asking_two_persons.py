"""A question that two persons have to answer, on the engine."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.plan import ActionName
from tests.support.asking import (
    ANA,
    KIM,
    RESET,
    REVOKE,
    NewCase,
    answer,
    phases,
    question,
    respond,
    wait_for_phase,
)
from tests.support.joining import close, events, last
from tests.support.scripts import default_scripts


def test_two_persons_have_to_choose_the_same(case: NewCase) -> None:
    run = case(decide_response=question(two_persons=True))
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Decision", answer(REVOKE, **KIM, comment="odd"))
    second = wait_for_phase(run, "second_needed")
    assert second["why"].startswith("kim has chosen RevokeSessions (odd)")
    assert not run.called("revoke_sessions")
    assert last(run, "question") == 2
    assert last(run, "asked")["first_answer"]["decided_by"] == "kim"
    run.tell("Decision", answer(REVOKE, **KIM, question=2))
    run.tell("Decision", answer(REVOKE, decided_by="holder of the signed link", question=2))
    run.tell("Decision", answer(REVOKE, **ANA, question=2))
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)
    decision = last(run, "decision")
    assert (decision["decided_by"], decision["confirmed_by"]) == ("kim", "ana")
    refused = [event for event in events(run) if "was not taken" in event]
    assert len(refused) == 2
    assert "you have chosen already" in refused[0]
    assert "does not say who you are" in refused[1]
    assert "decided by kim, confirmed by ana: RevokeSessions" in events(run)


def test_a_second_person_who_chooses_otherwise_is_confirmed_by_the_first(case: NewCase) -> None:
    run = case(decide_response=question(two_persons=True))
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Decision", answer(REVOKE, **KIM))
    wait_for_phase(run, "second_needed")
    run.tell("Decision", answer(RESET, REVOKE, **ANA, question=2))
    run.wait_for_call("notify_analysts", count=3)
    assert last(run, "question") == 3
    run.tell("Decision", answer(RESET, REVOKE, **KIM, question=3))
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)
    decision = last(run, "decision")
    assert (decision["decided_by"], decision["confirmed_by"]) == ("ana", "kim")
    assert len(run.called("force_password_reset")) == 1


def test_two_are_wanted_for_what_has_become_such_an_account_since_it_was_asked(
    case: NewCase,
) -> None:
    run = case(decide_response=question(on_silence=[REVOKE]))
    respond(run)
    run.wait_for_call("notify_analysts")
    assert last(run, "asked")["two_persons"] is False
    run.tell("Decision", answer(REVOKE, **KIM, two_persons=True))
    wait_for_phase(run, "second_needed")
    asked = last(run, "asked")
    assert (asked["two_persons"], asked["on_silence"]) == (True, ["MonitorOnly"])
    assert not run.called("revoke_sessions")
    run.tell("Decision", answer(REVOKE, **KIM, question=2))
    run.tell("Decision", answer(REVOKE, **ANA, question=2))
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)
    decision = last(run, "decision")
    assert (decision["decided_by"], decision["confirmed_by"]) == ("kim", "ana")
    assert len([one for one in events(run) if "you have chosen already" in one]) == 1


@pytest.mark.parametrize("idle", [ActionName.MONITOR_ONLY, ActionName.NO_ACTION])
def test_one_person_is_enough_to_leave_the_account_as_it_is(
    case: NewCase, idle: ActionName
) -> None:
    run = case(decide_response=question(two_persons=True))
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Decision", answer(idle))
    wait_for_phase(run, "completed")
    close(run)
    assert last(run, "decision")["actions"] == [idle]
    assert "second_needed" not in phases(run)


def test_the_deadline_is_the_same_for_both(case: NewCase) -> None:
    def notify(payload: Json) -> Any:
        if payload["phase"] == "decision_needed":
            run.tell("Decision", answer(REVOKE, **KIM))
        return default_scripts()["notify_analysts"](payload)

    run = case(decide_response=question(two_persons=True), notify_analysts=notify)
    respond(run, approval_deadline_minutes=1)
    wait_for_phase(run, "second_needed")
    wait_for_phase(run, "completed")
    close(run)
    asked = [call["patch"]["asked"] for call in run.called("save_case") if "asked" in call["patch"]]
    assert len({(one["at"], one["answer_by"]) for one in asked}) == 1
    assert not run.called("revoke_sessions")
    decision = last(run, "decision")
    assert (decision["decided_by"], decision["actions"]) == ("deadline (policy)", ["MonitorOnly"])
    assert "kim" in decision["comment"]
