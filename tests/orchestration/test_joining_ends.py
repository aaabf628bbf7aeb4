import threading
from collections.abc import Callable

import pytest

from orchestrators import joining
from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import OTHER_ADDRESS, close, joined_notes, judgements, last, respond
from tests.support.scripted_firewalls import blocked
from tests.support.scripts import ADDRESS, DECISION, SOON, T1, decided, fail, plan_line

type NewCase = Callable[..., Run]


def test_a_storm_costs_few_looks_and_no_action_twice(case: NewCase) -> None:
    inbox = Inbox()
    run = case(**inbox.scripts())
    respond(run)
    for number in range(10, 60):
        run.tell("Joined", inbox.put(number))
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert inbox.taken == 50
    assert inbox.looks <= 4
    assert len(run.called("decide_response")) <= 4
    assert blocked(run) == [ADDRESS]
    for activity in ("force_password_reset", "revoke_sessions"):
        assert len(run.called(activity)) == 1, activity
    assert len(run.history()) < 400


def test_the_same_event_again_brings_nothing_twice(case: NewCase) -> None:
    inbox = Inbox()
    run = case(**inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    event = inbox.put(7)
    for _ in range(3):
        run.tell("Joined", event)
    run.wait_for_call("comment_incident", count=3)
    run.tell("Joined", event)
    run.tell("Joined", {"not": "of ours"})
    close(run)
    assert inbox.taken == 1 and len(joined_notes(run)) == 1


def test_what_waits_when_a_case_is_closed_is_still_looked_at(case: NewCase) -> None:
    inbox = Inbox()
    run = case(**inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    inbox.put(7)
    close(run)
    assert inbox.given_free.is_set() and inbox.taken == 1
    assert len(joined_notes(run)) == 1
    assert last(run, "status") == "closed"


def test_a_case_is_not_closed_over_an_incident_that_raises_it(case: NewCase) -> None:
    inbox = Inbox()
    quiet = decided(Confidence.LOW, [plan_line(ActionName.MONITOR_ONLY)])
    run = case(decide_response=judgements(quiet, decided()), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    inbox.put(7)
    run.tell("Closed", {"by": "kim", "comment": "done"})
    run.wait_for_call("comment_incident", count=5)
    assert len(run.called("revoke_sessions")) == 1
    saved = [call["patch"].get("timeline", []) for call in run.called("save_case")]
    assert any("not closed" in item["event"] for part in saved for item in part)
    close(run)
    assert last(run, "status") == "closed"


def test_the_account_is_given_free_after_many_looks(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_LOOKS", 1)
    inbox = Inbox()
    run = case(**inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    assert inbox.given_free.wait(120)
    run.wait_for_call("comment_incident", count=3)
    close(run)


def test_the_account_is_given_free_at_the_end_whatever_the_end(case: NewCase) -> None:
    ended = case()
    respond(ended, timing=SOON)
    ended.wait()
    assert ended.called("release_account") == [{"case_id": ended.case_id, "account_key": "a" * 32}]
    broken = case(decide_response=lambda _payload: decided() | {"plan": [{"action": "No"}]})
    respond(broken)
    broken.wait_for_call("release_account")


def test_people_learn_of_incidents_that_a_broken_case_has_not_looked_at(case: NewCase) -> None:
    inbox = Inbox()
    wrong = decided() | {"plan": [{"action": "No"}]}
    run = case(decide_response=lambda _payload: wrong, **inbox.scripts())
    inbox.put(7)
    respond(run)
    told = run.wait_for_call("notify_analysts", count=2)
    assert told["phase"] == "broke_off" and "send them again" in told["why"]


def test_a_store_that_is_down_or_a_scoring_that_fails_changes_nothing(case: NewCase) -> None:
    answers = iter([decided(Confidence.LOW, [plan_line(ActionName.MONITOR_ONLY)])])
    inbox = Inbox()

    def judge(_payload: Json) -> Json:
        return next(answers)

    run = case(decide_response=judge, **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert len(joined_notes(run)) == 1
    assert not run.called("revoke_sessions")
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert phases == ["opened", "completed", "closed"]


class Away:
    """A case store that does not answer until it is back."""

    def __init__(self) -> None:
        self.back = threading.Event()

    def unless_back(self, script: Callable[[Json], Json]) -> Callable[[Json], Json]:
        def answer(payload: Json) -> Json:
            if not self.back.is_set():
                raise RuntimeError("down")
            return script(payload)

        return answer


def test_a_look_that_failed_is_made_again(case: NewCase) -> None:
    inbox, away = Inbox(), Away()
    run = case(take_joined=away.unless_back(inbox.take), release_account=inbox.release)
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("take_joined", count=9)
    away.back.set()
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert inbox.taken == 1 and len(joined_notes(run)) == 1


def test_a_look_whose_answer_was_lost_loses_no_incident(case: NewCase) -> None:
    inbox, away = Inbox(), Away()

    def lose(payload: Json) -> Json:
        taken = inbox.take(payload)
        return away.unless_back(lambda _payload: taken)(payload)

    run = case(take_joined=lose, release_account=inbox.release)
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("take_joined", count=8)
    inbox.put(8)
    away.back.set()
    run.wait_for_call("comment_incident", count=4)
    close(run)
    assert inbox.taken == 2 and len(joined_notes(run)) == 2


def test_an_account_that_could_not_be_given_free_is_so_later(case: NewCase) -> None:
    inbox, away = Inbox(), Away()
    quiet = decided(Confidence.LOW, [plan_line(ActionName.MONITOR_ONLY)])
    run = case(
        decide_response=judgements(quiet, decided()),
        take_joined=inbox.take,
        release_account=away.unless_back(inbox.release),
    )
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Closed", {"by": "kim", "comment": "done"})
    run.wait_for_call("release_account", count=17)
    assert last(run, "status") == "closed", "people need not wait for it"
    inbox.put(7)
    away.back.set()
    run.wait_for_call("comment_incident", count=6)
    assert len(run.called("revoke_sessions")) == 1, "who joined meanwhile opens the case again"
    close(run)
    assert last(run, "status") == "closed" and inbox.given_free.is_set()


def test_a_case_ends_although_its_account_can_never_be_given_free(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_FAREWELLS", 2)
    down = case(take_joined=fail("down"), release_account=fail("down"))
    respond(down, timing=SOON)
    down.tell("Joined", {"incident": "x"})
    down.wait()
    assert len(down.called("release_account")) == 8 * 4


def test_an_incident_without_account_joins_nothing(case: NewCase) -> None:
    run = case(decide_response=lambda _payload: decided(Confidence.MEDIUM, []))
    respond(run, account=None, addresses=[], timing=SOON)
    run.wait()
    assert not run.called("release_account") and not run.called("take_joined")


def test_what_a_person_took_back_is_asked_before_it_is_done_again(case: NewCase) -> None:
    inbox = Inbox()
    again = decided() | {"attacked_at": "2026-11-20T13:00:00.000Z"}
    run = case(decide_response=judgements(decided(), again), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    inbox.taken_back = [
        {"action": action, "target": "x", "at": T1, "by": "lee", "comment": "it was her"}
        for action in ("ForcePasswordReset", "RevokeSessions")
    ]
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("notify_analysts", count=3)
    assert run.called("notify_analysts")[2]["phase"] == "decision_needed"
    plan = {line["action"]: line for line in last(run, "plan")}
    assert plan["RevokeSessions"]["disposition"] == "ask"
    assert "taken back by lee" in plan["RevokeSessions"]["why"]
    assert len(run.called("revoke_sessions")) == 1
    answer = {"actions": ["RevokeSessions"], "comment": "not her", "question": 1}
    run.tell("Decision", answer)
    run.wait_for_call("revoke_sessions", count=2)
    run.wait_for_call("comment_incident", count=5)
    close(run)
    assert len(run.called("force_password_reset")) == 1


def test_another_address_does_not_set_back_the_time_of_a_question(case: NewCase) -> None:
    """It is blocked without asking; what a person is asked is the same, and so is the question."""
    inbox = Inbox()
    ask = plan_line(ActionName.REVOKE_SESSIONS, Disposition.ASK)
    block = plan_line(ActionName.BLOCK_IP)
    other = block.model_copy(update={"target": OTHER_ADDRESS})
    first = decided(Confidence.MEDIUM, [ask, block])
    more = decided(Confidence.MEDIUM, [ask, other])
    run = case(decide_response=judgements(first, more), **inbox.scripts())
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Joined", inbox.put(7, addresses=[OTHER_ADDRESS]))
    run.wait_for_call("change_firewall", count=2)
    run.tell("Decision", DECISION)
    run.wait_for_call("revoke_sessions")
    run.wait_for_call("notify_analysts", count=2)
    close(run)
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert phases == ["decision_needed", "completed", "closed"], "asked once, and answered"
    assert blocked(run) == [ADDRESS, OTHER_ADDRESS]
    asked = [call["patch"]["asked"] for call in run.called("save_case") if "asked" in call["patch"]]
    assert all(one["answer_by"] == asked[0]["answer_by"] for one in asked)
