"""A question on the engine: numbers, reminders, silence, waits of days."""

import re
from typing import Any

import pytest

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.asking import (
    RESET,
    REVOKE,
    NewCase,
    answer,
    answered,
    phases,
    question,
    respond,
    wait_for_phase,
)
from tests.support.blocks import wait_for
from tests.support.durable_backend import durable_engine
from tests.support.inbox import Inbox
from tests.support.joining import OTHER_ADDRESS, close, events, judgements, last
from tests.support.scripted_firewalls import blocked
from tests.support.scripts import ADDRESS, decided, default_scripts, plan_line


def test_an_answer_after_the_decision_changes_nothing_and_is_noted(case: NewCase) -> None:
    run = case(decide_response=question())
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Decision", answer(REVOKE))
    wait_for_phase(run, "completed")
    run.tell("Decision", {"not": "an answer"})
    run.tell("Decision", answer(REVOKE))
    run.tell("Decision", answer(RESET, decided_by="ana", decided_at="2026-11-20T12:02:00Z"))
    wait_for(lambda: any("came too late" in event for event in events(run)))
    close(run)
    assert not run.called("force_password_reset")
    [late] = [event for event in events(run) if "came too late" in event]
    assert late.startswith("an answer by ana (ForcePasswordReset) came too late")


@pytest.mark.parametrize("number", [0, 2, 99, "x"])
def test_an_answer_to_another_question_changes_nothing(case: NewCase, number: object) -> None:
    run = case(decide_response=question())
    respond(run)
    answered(run, answer(RESET, question=number), answer(REVOKE, question=1))
    assert not run.called("force_password_reset")
    assert last(run, "decision")["question"] == 1


def test_an_answer_at_once_counts_though_nobody_has_been_told_yet(case: NewCase) -> None:
    def notify(payload: Json) -> Any:
        if payload["phase"] == "decision_needed":
            run.tell("Decision", answer(REVOKE))
        return default_scripts()["notify_analysts"](payload)

    run = case(decide_response=question(), notify_analysts=notify)
    respond(run)
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)
    assert last(run, "decision")["decided_by"] == "kim"


def test_who_answered_in_time_is_heard_before_the_deadline(case: NewCase) -> None:
    """The deadline passes while people are still being told; the answer is there by then."""

    def ticket(payload: Json) -> Any:
        if payload["phase"] == "decision_needed" and not run.called("force_password_reset"):
            run.tell("Decision", answer(RESET, REVOKE))
            raise RuntimeError("the ITSM takes its time")
        return default_scripts()["open_ticket"](payload)

    run = case(decide_response=question(), open_ticket=ticket)
    respond(run, approval_deadline_minutes=0.005)
    run.wait_for_call("revoke_sessions")
    assert len(run.called("force_password_reset")) == 1
    wait_for_phase(run, "completed")
    close(run)


def test_reminder_and_escalation_are_told_once_and_end_with_the_answer(case: NewCase) -> None:
    run = case(decide_response=question())
    respond(run, reminder_minutes=1, escalate_minutes=2)
    reminder = wait_for_phase(run, "reminder")
    escalation = wait_for_phase(run, "escalated")
    for told, minutes in ((reminder, 1), (escalation, 2)):
        waited = re.match(r"nobody has answered for (\d+) minutes?; ", told["why"])
        assert waited is not None and int(waited[1]) >= minutes
        assert "left, until 20" in told["why"] and "only monitored" in told["why"]
    run.tell("Decision", answer())
    wait_for_phase(run, "completed")
    close(run)
    assert sorted(phases(run)) == [
        "closed",
        "completed",
        "decision_needed",
        "escalated",
        "reminder",
    ]
    tickets = [call["phase"] for call in run.called("open_ticket")]
    assert sorted(tickets) == sorted([*phases(run), "sealed"])
    asked = last(run, "asked")
    assert asked["reminded_at"] <= asked["escalated_at"] < asked["answer_by"]
    kinds = [event.partition(":")[0] for event in events(run)]
    assert kinds.count("analysts reminded") == kinds.count("escalated") == 1
    assert kinds.count("analysts told (reminder)") == kinds.count("analysts told (escalated)") == 1


def test_an_answer_before_the_reminder_lets_nobody_be_reminded(case: NewCase) -> None:
    run = case(decide_response=question())
    respond(run, reminder_minutes=30_000, escalate_minutes=40_000)
    answered(run, answer())
    assert phases(run) == ["decision_needed", "completed", "closed"]


def test_who_takes_the_case_while_it_waits_is_told_once_and_answers_all_the_same(
    case: NewCase,
) -> None:
    run = case(decide_response=question())
    respond(run)
    wait_for_phase(run, "decision_needed")
    run.tell("Acknowledged", {"by": "ana@contoso.com"})
    told = wait_for_phase(run, "acknowledged")
    assert told["why"] == "acknowledged by ana@contoso.com"
    run.tell("Acknowledged", {"by": "lee@contoso.com"})
    answered(run, answer())
    assert phases(run).count("acknowledged") == 1
    [closed] = [one for one in run.called("open_ticket") if one["phase"] == "closed"]
    assert closed["why"].startswith("closed by ")


def test_nobody_who_answers_waits_for_a_reminder_that_does_not_get_through(case: NewCase) -> None:
    def ticket(payload: Json) -> Any:
        if payload["phase"] == "reminder":
            run.tell("Decision", answer())
            assert run.wait_for_call("revoke_sessions"), "contained while the reminder hangs"
        return default_scripts()["open_ticket"](payload)

    run = case(decide_response=question(), open_ticket=ticket)
    respond(run, reminder_minutes=0.5)
    wait_for_phase(run, "completed")
    close(run)


def test_every_message_that_asked_stops_asking(case: NewCase) -> None:
    def notify(payload: Json) -> Json:
        told = {"channels": {"slack": "sent"}}
        return told | {"references": {"slack": f"C1:{payload['phase']}"}}

    run = case(decide_response=question(), notify_analysts=notify)
    respond(run, reminder_minutes=0.5)
    wait_for_phase(run, "reminder")
    run.tell("Decision", answer())
    wait_for_phase(run, "completed")
    close(run)
    changed = [one for one in run.called("notify_analysts") if one["phase"] == "decided"]
    assert sorted(one["references"]["slack"] for one in changed) == [
        "C1:decision_needed",
        "C1:reminder",
    ]


def test_the_address_that_was_shown_is_blocked_and_not_one_that_joined_since(
    case: NewCase,
) -> None:
    asked = plan_line(RESET, Disposition.ASK)
    first = decided(Confidence.HIGH, [asked]) | {"blockable_address": ADDRESS}
    moved = {"blockable_address": OTHER_ADDRESS, "address": OTHER_ADDRESS}
    later = decided(Confidence.HIGH, [asked, plan_line(REVOKE)]) | moved
    inbox = Inbox()
    run = case(decide_response=judgements(first, later), **inbox.scripts())
    respond(run)
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("revoke_sessions")
    run.tell("Decision", answer(ActionName.BLOCK_IP))
    wait_for_phase(run, "completed")
    close(run)
    assert blocked(run) == [ADDRESS]
    assert last(run, "asked")["address"] == ADDRESS, "as long as it is asked, pages show it, too"
    assert phases(run).count("decision_needed") == 1


def test_silence_does_what_the_policy_permits_of_what_is_asked(case: NewCase) -> None:
    permitted = [ActionName.DISABLE_ACCOUNT, REVOKE]
    run = case(decide_response=question(on_silence=permitted))
    respond(run, approval_deadline_minutes=0.5)
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)
    assert not run.called("force_password_reset"), "asked for, but not permitted on silence"
    assert not run.called("disable_account"), "permitted, but not asked for"
    decision = last(run, "decision")
    assert (decision["decided_by"], decision["channel"]) == ("deadline (policy)", "deadline")
    assert decision["actions"] == ["RevokeSessions"]
    assert last(run, "asked")["on_silence"] == ["RevokeSessions"]


def test_silence_never_does_what_the_plan_forbids(case: NewCase) -> None:
    plan = [plan_line(RESET, Disposition.NEVER), plan_line(REVOKE, Disposition.ASK)]
    judged = decided(Confidence.HIGH, plan) | {"on_silence": [RESET]}
    run = case(decide_response=lambda _payload: judged)
    respond(run, approval_deadline_minutes=0.5)
    wait_for_phase(run, "completed")
    close(run)
    assert not run.called("force_password_reset") and not run.called("revoke_sessions")
    assert last(run, "decision")["actions"] == ["MonitorOnly"]


@pytest.mark.parametrize("since_asked", [False, True])
def test_silence_is_held_by_the_breaker_too(since_asked: bool) -> None:
    """On an engine of its own: there is one breaker for all cases of an engine."""
    none = {"automatic_per_hour": 0, "privileged_per_hour": 0, "directory_share_percent": 1.0}
    scripts = default_scripts()
    scripts["decide_response"] = question(on_silence=[REVOKE], limits=none)
    if since_asked:
        scripts["decide_response"] = question(on_silence=[REVOKE])
        scripts["check_silence"] = lambda payload: {
            "actions": payload["actions"],
            "why": "",
            "limits": none,
            "kinds": ["ordinary"],
        }
    with durable_engine() as engine:
        run = engine.case(scripts)
        respond(run, approval_deadline_minutes=0.5)
        wait_for_phase(run, "completed")
        run.wait(f"{run.case_id}:paused:1")
        close(run)
    assert not run.called("revoke_sessions")
    decision = last(run, "decision")
    assert decision["actions"] == ["MonitorOnly"]
    assert "automatic containment is paused" in decision["comment"]
    assert phases(run).count("paused") == 1, "the SOC is told"


def test_limits_switched_off_since_hold_silence_also_of_a_case_that_was_counted() -> None:
    """What was automatic is done when the question is asked; the rest waits for the deadline."""
    plan = [plan_line(REVOKE, Disposition.AUTOMATIC), plan_line(RESET, Disposition.ASK)]
    scripts = default_scripts()
    scripts["decide_response"] = lambda _payload: (
        decided(Confidence.HIGH, plan) | {"on_silence": [RESET]}
    )
    scripts["check_silence"] = lambda payload: {
        "actions": payload["actions"],
        "why": "",
        "limits": {"automatic_per_hour": 0, "privileged_per_hour": 0},
        "kinds": ["ordinary"],
    }
    with durable_engine() as engine:
        run = engine.case(scripts)
        respond(run, approval_deadline_minutes=0.5)
        wait_for_phase(run, "completed")
        run.wait(f"{run.case_id}:paused:1")
        close(run)
    assert run.called("revoke_sessions") and not run.called("force_password_reset")
    assert last(run, "decision")["actions"] == ["MonitorOnly"]
