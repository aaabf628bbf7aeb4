"""Who answers first, people or silence, and people or a newer question: one of them counts."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.asking import ANA, KIM, answer, phases, question, wait_for_phase
from tests.support.blocks import wait_for
from tests.support.claimed import Claims
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import LATER, RESET, REVOKE, close, events, judgements, last, respond
from tests.support.scripts import SOON, case_payload, decided, fail, plan_line

type NewCase = Callable[..., Run]

DISABLE = ActionName.DISABLE_ACCOUNT
ACTS = question(on_silence=[REVOKE])
MINUTE = SOON | {"approval_deadline_minutes": 1, "watch_hours": 1000}


def start(run: Run, **timing: Any) -> None:
    run.start("respond", case_payload(timing=MINUTE | timing))


def ended(run: Run) -> Json:
    """Close the case once it is handed over; return what was decided."""
    wait_for_phase(run, "completed")
    close(run)
    decision: Json = last(run, "decision")
    return decision


def test_who_claimed_the_answer_in_time_counts_though_it_never_arrives(case: NewCase) -> None:
    claims = Claims()
    run = case(decide_response=ACTS, **claims.scripts())
    assert claims.answer(run, answer(RESET), arrives=False) is None
    start(run)
    assert ended(run)["decided_by"] == "kim"
    assert len(run.called("force_password_reset")) == 1 and not run.called("revoke_sessions")


def test_an_answer_that_arrives_while_silence_claims_counts_once(case: NewCase) -> None:
    claims = Claims()

    def claim(payload: Json) -> Json:
        assert claims.answer(run, answer(RESET)) is None, "a moment before the deadline's claim"
        found: Json = claims.scripts()["claim_decision"](payload)
        return found

    run = case(decide_response=ACTS, claim_decision=claim)
    start(run)
    assert ended(run)["decided_by"] == "kim"
    assert len(run.called("force_password_reset")) == 1 and not run.called("revoke_sessions")
    assert not [event for event in events(run) if "too late" in event or "not taken" in event]


def test_after_silence_has_claimed_an_answer_is_too_late(case: NewCase) -> None:
    claims, refused = Claims(), []

    def check(payload: Json) -> Json:
        refused.append(claims.answer(run, answer(RESET)))
        run.tell("Decision", answer(RESET, decided_by="by hand"))
        return {"actions": payload["actions"], "why": ""}

    run = case(decide_response=ACTS, check_silence=check, **claims.scripts())
    start(run)
    saves = 1
    while not any("came too late" in event for event in events(run)):
        run.wait_for_call("save_case", count=(saves := saves + 1))
    decision = ended(run)
    assert (decision["channel"], decision["actions"]) == ("deadline", ["RevokeSessions"])
    assert not run.called("force_password_reset")
    [why] = refused
    assert why is not None and why.startswith("too late: decided by silence at 20")
    [late] = [event for event in events(run) if "came too late" in event]
    assert late.startswith("an answer by by hand (ForcePasswordReset)")


def test_an_event_raised_by_hand_while_silence_claims_is_noted(case: NewCase) -> None:
    def claim(payload: Json) -> Json:
        run.tell("Decision", {"actions": [RESET]})
        state = run.engine.client.wait_for_orchestration_start(run.case_id)
        assert state is not None
        return {"decision": payload["decision"]}

    run = case(decide_response=ACTS, claim_decision=claim)
    start(run)
    assert ended(run)["channel"] == "deadline"
    assert not run.called("force_password_reset")
    [late] = [event for event in events(run) if "too late" in event]
    assert late.startswith("an answer by holder of the system key")


def test_an_event_raised_by_hand_does_not_overrule_who_was_told_that_he_decided(
    case: NewCase,
) -> None:
    claims = Claims()
    run = case(decide_response=question(), **claims.scripts())
    respond(run, timing=LATER)
    run.wait_for_call("notify_analysts")
    assert claims.answer(run, answer(RESET), arrives=False) is None
    run.tell("Decision", {"actions": [REVOKE]})
    assert ended(run)["decided_by"] == "kim"
    assert not run.called("revoke_sessions")


def test_silence_counts_while_nobody_can_claim(case: NewCase) -> None:
    run = case(decide_response=ACTS, claim_decision=fail("the case store is away"))
    start(run)
    assert ended(run)["channel"] == "deadline"
    assert run.called("revoke_sessions")


def test_a_first_answer_that_never_arrived_is_nobody_elses_confirmation(case: NewCase) -> None:
    """One of two has claimed the first answer; nobody the second."""
    claims = Claims()
    run = case(decide_response=question(two_persons=True), **claims.scripts())
    claims.answer(run, answer(REVOKE, **KIM), arrives=False)
    start(run)
    decision = ended(run)
    assert (decision["channel"], decision["actions"]) == ("deadline", ["MonitorOnly"])
    assert "kim chose RevokeSessions; no second person" in decision["comment"]
    assert claims.answer(run, answer(REVOKE, **ANA, question=2)) is not None


def test_a_second_answer_that_never_arrived_confirms_the_first(case: NewCase) -> None:
    claims = Claims()
    run = case(decide_response=question(two_persons=True), **claims.scripts())
    claims.answer(run, answer(REVOKE, **KIM), arrives=False)
    claims.answer(run, answer(REVOKE, **ANA, question=2), arrives=False)
    start(run)
    decision = ended(run)
    assert (decision["decided_by"], decision["confirmed_by"]) == ("kim", "ana")
    assert len(run.called("revoke_sessions")) == 1


def high(*actions: ActionName, **changes: Any) -> Json:
    lines = [plan_line(action, Disposition.ASK) for action in actions]
    return decided(Confidence.HIGH, lines) | changes


def medium(**changes: Any) -> Json:
    lines = [plan_line(action, Disposition.ASK) for action in (RESET, REVOKE)]
    return decided(Confidence.MEDIUM, lines) | changes


def joins(case: NewCase, *answers: Json, **scripts: Any) -> tuple[Run, Inbox]:
    """A case that asks; the next incident that joins is judged by the second answer."""
    inbox = Inbox()
    run = case(decide_response=judgements(*answers), **inbox.scripts() | scripts)
    respond(run, timing=LATER)
    run.wait_for_call("comment_incident")
    return run, inbox


def test_a_question_that_is_asked_anew_takes_no_answer_any_more(case: NewCase) -> None:
    claims = Claims()
    run, inbox = joins(case, medium(), high(RESET, REVOKE, DISABLE), **claims.scripts())
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("notify_analysts", count=2)
    assert last(run, "question") == 2
    why = claims.answer(run, answer(RESET, question=1))
    assert why is not None and "judged anew at 20" in why
    assert claims.answer(run, answer(REVOKE, question=2)) is None
    assert ended(run)["actions"] == ["RevokeSessions"]
    assert not run.called("force_password_reset")


@pytest.mark.parametrize("arrives", [True, False], ids=["arrives", "never arrives"])
def test_who_answered_before_it_is_asked_anew_is_heard_and_then_asked_anew(
    case: NewCase, arrives: bool
) -> None:
    claims = Claims()

    def claim(payload: Json) -> Json:
        if payload["decision"]["channel"] == "superseded":
            claims.answer(run, answer(REVOKE, question=1), arrives=arrives)
        found: Json = claims.scripts()["claim_decision"](payload)
        return found

    run, inbox = joins(case, medium(), high(RESET, DISABLE), claim_decision=claim)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("revoke_sessions")
    wait_for(lambda: phases(run).count("decision_needed") >= 2)
    assert "decided by kim: RevokeSessions" in events(run)
    assert last(run, "question") == 2
    assert len(run.called("revoke_sessions")) == 1 and not run.called("disable_account")
    assert claims.answer(run, answer(DISABLE, question=2)) is None
    run.wait_for_call("disable_account")
    assert inbox.taken == 1
    wait_for_completed(run, 2)
    close(run)
    assert last(run, "decision")["question"] == 2


def wait_for_completed(run: Run, count: int) -> None:
    wait_for(lambda: phases(run).count("completed") >= count)


@pytest.mark.parametrize(
    "terms", [{"two_persons": True}, {"on_silence": [REVOKE]}], ids=["persons", "silence"]
)
def test_the_terms_of_a_question_do_not_change_under_its_number(case: NewCase, terms: Json) -> None:
    """More is done without asking, and the question that stays is another one by its terms."""
    more = plan_line(DISABLE)
    after = medium(**terms)
    after["plan"] = [*after["plan"], more.to_json()]
    run, inbox = joins(case, medium(), after)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("disable_account")
    run.wait_for_call("notify_analysts", count=2)
    assert last(run, "question") == 2
    asked = [call["patch"] for call in run.called("save_case") if "asked" in call["patch"]]
    seen = {(one["question"], one["asked"]["two_persons"]) for one in asked}
    assert seen == {(1, False), (2, "two_persons" in terms)}
    run.tell("Decision", answer(ActionName.NO_ACTION, question=2))
    ended(run)


def test_a_question_stays_when_its_terms_do(case: NewCase) -> None:
    after = medium()
    after["plan"] = [*after["plan"], plan_line(DISABLE).to_json()]
    run, inbox = joins(case, medium(), after)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("disable_account")
    run.tell("Decision", answer(REVOKE, question=1))
    run.wait_for_call("revoke_sessions")
    assert last(run, "question") == 1
    ended(run)
    assert not run.called("claim_decision"), "nobody claims a question that is not over"


def test_what_was_switched_off_since_is_not_done_by_silence(case: NewCase) -> None:
    why = "observe mode since the case began: nothing is done"
    run = case(decide_response=ACTS, check_silence=lambda _payload: {"actions": [], "why": why})
    start(run)
    decision = ended(run)
    assert decision["actions"] == ["MonitorOnly"]
    assert decision["comment"] == f"nobody answered within 1 minutes; not done: {why}"
    assert not run.called("revoke_sessions")
    [asked] = run.called("check_silence")
    assert asked["actions"] == ["RevokeSessions"]


def test_a_part_that_is_still_allowed_is_done_by_silence(case: NewCase) -> None:
    left = {"actions": [REVOKE], "why": "the policy in force now does not allow it: X"}
    both = question(on_silence=[RESET, REVOKE])
    run = case(decide_response=both, check_silence=lambda _payload: left)
    start(run)
    decision = ended(run)
    assert decision["actions"] == ["RevokeSessions"] and left["why"] in decision["comment"]
    assert len(run.called("revoke_sessions")) == 1 and not run.called("force_password_reset")


def test_silence_does_nothing_when_nobody_can_say_what_is_allowed(case: NewCase) -> None:
    run = case(decide_response=ACTS, check_silence=fail("the policy is gone"))
    start(run)
    decision = ended(run)
    assert decision["actions"] == ["MonitorOnly"] and "the policy is gone" in decision["comment"]
    assert not run.called("revoke_sessions")


def test_a_silence_that_does_nothing_asks_nobody_what_is_allowed(case: NewCase) -> None:
    run = case(decide_response=question())
    start(run)
    assert ended(run)["actions"] == ["MonitorOnly"]
    assert len(run.called("claim_decision")) == 1 and not run.called("check_silence")
