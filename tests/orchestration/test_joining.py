import threading
from collections.abc import Callable
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.message import NO_TICKETING
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import (
    LATER,
    OTHER_ADDRESS,
    RESET,
    REVOKE,
    close,
    events,
    joined_notes,
    judgements,
    last,
    medium,
    respond,
)
from tests.support.scripted_firewalls import blocked
from tests.support.scripts import (
    ADDRESS,
    DECISION,
    T1,
    decided,
    default_scripts,
    fail,
    opened,
    plan_line,
)

type NewCase = Callable[..., Run]


def test_an_incident_that_joins_in_the_watch_is_a_note(case: NewCase) -> None:
    inbox = Inbox()
    run = case(**inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    comment = run.wait_for_call("comment_incident", count=3)
    assert comment["phase"] == "joined"
    assert comment["incident_ids"] == ["/subscriptions/0/incidents/7"]
    close(run)
    [note] = joined_notes(run)
    assert note == (
        "1 more incident on the account joined (No. 7): "
        "the verdict stays High; nothing more is done"
    )
    assert last(run, "joined")[0]["case_id"] == f"case-{7:024x}"
    assert [call["phase"] for call in run.called("open_ticket")].count("joined") == 1
    assert len(run.called("enrich_user")) == len(run.called("decide_response")) == 2
    assert blocked(run) == [ADDRESS]
    for activity in ("force_password_reset", "revoke_sessions", "preserve_evidence"):
        assert len(run.called(activity)) == 1, activity


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fail("the ITSM is down"), ["ticket NOT told of what joined: the ITSM is down"]),
        (
            lambda _payload: {"ticket_id": None, "error": "HTTP 403"},
            ["ticket NOT told of what joined: HTTP 403"],
        ),
        (
            lambda _payload: {"ticket_id": "INC1", "missing": {"jira": "timed out"}},
            ["ticket NOT told of what joined: jira: timed out"],
        ),
        (lambda _payload: {"ticket_id": None, "error": NO_TICKETING}, []),
    ],
)
def test_who_could_not_be_told_of_what_joined_is_said(
    case: NewCase, answer: Any, said: list[str]
) -> None:
    def ticket(payload: Json) -> Any:
        default = default_scripts()["open_ticket"]
        return answer(payload) if payload["phase"] == "joined" else default(payload)

    inbox = Inbox()
    run = case(open_ticket=ticket, **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=3)
    close(run)
    patches = [one["patch"] for one in run.called("save_case")]
    events = [entry["event"] for patch in patches for entry in patch.get("timeline", [])]
    assert [one for one in events if "NOT told of what joined" in one] == said


def test_an_incident_that_joins_while_facts_are_gathered_waits_for_its_turn(case: NewCase) -> None:
    inbox, told = Inbox(), threading.Event()

    def enrich(payload: Json) -> Any:
        assert told.wait(120)
        return default_scripts()["enrich_user"](payload)

    run = case(enrich_user=enrich, **inbox.scripts())
    respond(run)
    run.wait_for_call("enrich_user")
    run.tell("Joined", inbox.put(7))
    told.set()
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert inbox.taken == 1 and len(joined_notes(run)) == 1
    assert len(run.called("force_password_reset")) == 1


def test_an_incident_that_joins_during_containment_waits_for_its_turn(case: NewCase) -> None:
    inbox, told = Inbox(), threading.Event()

    def reset(payload: Json) -> Any:
        assert told.wait(120)
        return default_scripts()["force_password_reset"](payload)

    run = case(force_password_reset=reset, **inbox.scripts())
    respond(run)
    run.wait_for_call("force_password_reset")
    run.tell("Joined", inbox.put(7))
    told.set()
    run.wait_for_call("comment_incident", count=3)
    close(run)
    assert inbox.taken == 1
    assert len(run.called("force_password_reset")) == len(run.called("revoke_sessions")) == 1


def test_the_question_stays_when_the_verdict_does(case: NewCase) -> None:
    inbox = Inbox()
    run = case(decide_response=lambda _payload: medium(), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=2)
    run.tell("Decision", DECISION)
    run.wait_for_call("comment_incident", count=3)
    close(run)
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert phases.count("decision_needed") == 1
    assert len(run.called("revoke_sessions")) == 1


def test_a_verdict_that_rises_while_a_person_is_asked_acts_at_once(case: NewCase) -> None:
    inbox = Inbox()
    run = case(decide_response=judgements(medium(), decided()), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("change_firewall")
    run.wait_for_call("notify_analysts", count=3)
    close(run)
    assert len(run.called("force_password_reset")) == len(run.called("revoke_sessions")) == 1
    assert last(run, "verdict")["compromise_confidence_score"] == "High"
    assert last(run, "decision") is None
    [note] = joined_notes(run)
    assert "(High, 95 of 100); to do without asking: ForcePasswordReset" in note


def test_a_higher_verdict_that_still_asks_puts_a_new_question(case: NewCase) -> None:
    lines = [plan_line(action, Disposition.ASK) for action in (RESET, REVOKE)]
    inbox = Inbox()
    high = decided(Confidence.HIGH, lines)
    run = case(decide_response=judgements(medium(), high), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("notify_analysts", count=2)
    run.tell("Decision", DECISION)
    run.tell("Decision", DECISION | {"decided_by": "ana", "question": 2})
    run.wait_for_call("revoke_sessions")
    run.wait_for_call("comment_incident", count=4)
    close(run)
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert phases.count("decision_needed") == 2
    assert last(run, "question") == 2
    assert last(run, "decision")["decided_by"] == "ana", "kim answered what is asked no more"
    [refused] = [event for event in events(run) if "kim was not taken" in event]
    assert "question 2 is open" in refused


def test_a_verdict_that_rises_after_an_answer_asks_again_and_takes_no_stale_answer(
    case: NewCase,
) -> None:
    low = decided(Confidence.LOW, [plan_line(ActionName.MONITOR_ONLY)])
    lines = [plan_line(REVOKE, Disposition.ASK)]
    high = decided(Confidence.HIGH, lines)
    inbox = Inbox()
    run = case(decide_response=judgements(low, medium(), high), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("notify_analysts", count=3)
    run.tell("Decision", {"actions": ["NoAction"], "comment": "it was me"})
    run.wait_for_call("comment_incident", count=5)
    run.tell("Decision", DECISION)
    run.tell("Joined", inbox.put(8))
    run.wait_for_call("notify_analysts", count=5)
    assert not run.called("revoke_sessions"), "the answer came before the question"
    assert last(run, "decision") is None and last(run, "question") == 2
    run.tell("Decision", {"actions": ["RevokeSessions"], "comment": "now I see", "question": 2})
    run.wait_for_call("revoke_sessions")
    run.wait_for_call("comment_incident", count=8)
    close(run)
    assert last(run, "decision")["comment"] == "now I see"


def test_a_verdict_that_rises_in_the_watch_contains_and_watches_again(case: NewCase) -> None:
    inbox = Inbox()
    run = case(decide_response=judgements(medium(), decided()), **inbox.scripts())
    respond(run, timing=LATER | {"approval_deadline_minutes": 0.01})
    run.wait_for_call("comment_incident", count=2)
    assert not run.called("force_password_reset")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("recheck_sign_ins")
    close(run)
    assert len(run.called("force_password_reset")) == len(blocked(run)) == 1
    phases = [call["phase"] for call in run.called("notify_analysts")]
    assert phases == ["decision_needed", "completed", "opened", "completed", "closed"]


def test_only_what_is_newly_automatic_is_done(case: NewCase) -> None:
    block = plan_line(ActionName.BLOCK_IP).model_copy(update={"target": OTHER_ADDRESS})
    first = decided()
    more = decided(Confidence.HIGH, [plan_line(RESET), plan_line(REVOKE), block])
    inbox = Inbox()
    run = case(decide_response=judgements(first, more), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7, addresses=[OTHER_ADDRESS]))
    run.wait_for_call("change_firewall", count=2)
    run.wait_for_call("comment_incident", count=5)
    close(run)
    assert blocked(run) == [ADDRESS, OTHER_ADDRESS]
    assert len(run.called("force_password_reset")) == len(run.called("revoke_sessions")) == 1
    asked = [call["address"] for call in run.called("check_address")]
    assert OTHER_ADDRESS in asked, "the new incident's address is looked up"
    first, again = (call["case"] for call in run.called("preserve_evidence"))
    assert OTHER_ADDRESS not in first["addresses"]
    assert again["addresses"] == [ADDRESS, OTHER_ADDRESS], "evidence is kept about it, too"


def test_an_attacker_who_came_back_is_contained_again(case: NewCase) -> None:
    again = decided() | {"attacked_at": "2026-11-20T13:00:00.000Z"}
    inbox = Inbox()
    run = case(decide_response=judgements(decided(), again), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("revoke_sessions", count=2)
    run.wait_for_call("comment_incident", count=5)
    close(run)
    assert len(run.called("force_password_reset")) == 2
    assert blocked(run) == [ADDRESS], "the block is still in force"
    assert T1 < "2026-11-20T13:00:00.000Z"


def test_a_ticket_that_is_refused_after_a_second_round_is_completed_late(
    case: NewCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1,))
    inbox, completed = Inbox(), 0

    def ticket(payload: Json) -> Any:
        nonlocal completed
        completed += payload["phase"] == "completed"
        refused = payload["phase"] == "completed" and completed in (2, 3)
        return fail("HTTP 503")(payload) if refused else opened("servicenow")

    scripts = {"open_ticket": ticket, **inbox.scripts()}
    run = case(decide_response=judgements(medium(), decided()), **scripts)
    respond(run, timing=LATER | {"approval_deadline_minutes": 0.01})
    run.wait_for_call("comment_incident", count=2)
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("recheck_sign_ins")
    close(run)
    run.wait()
    assert "ticket INC0010001 completed late" in events(run)
