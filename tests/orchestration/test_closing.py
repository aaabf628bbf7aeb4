"""A closing counts when people have seen what they close, and never before a question."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.base import Json, format_utc
from shared.models.verdict import Confidence
from tests.support.asking import REVOKE, NewCase, answer, phases, question, respond, wait_for_phase
from tests.support.blocks import wait_for
from tests.support.durable_backend import Run
from tests.support.inbox import Inbox
from tests.support.joining import close, events, judgements, last
from tests.support.scripts import SOON, case_payload, decided, default_scripts, plan_line

TOO_EARLY = {"by": "mallory", "comment": "x"}
REFUSED = "not closed by mallory: a question is open; answer it, then close the case"


def decided_and_closed(run: Run) -> None:
    """Answer; the case is handed over and watched until kim closes it."""
    run.tell("Decision", answer(REVOKE))
    wait_for_phase(run, "completed")
    close(run)


@pytest.mark.parametrize("activity", ["get_case_context", "decide_response", "notify_analysts"])
def test_what_closed_a_case_before_its_question_or_while_it_asks_does_not_count(
    case: NewCase, activity: str
) -> None:
    scripts: dict[str, Any] = default_scripts() | {"decide_response": question()}

    def meanwhile(payload: Json) -> Any:
        if payload.get("phase", "decision_needed") == "decision_needed":
            run.tell("Closed", TOO_EARLY)
        return scripts[activity](payload)

    run = case(**{"decide_response": question(), activity: meanwhile})
    respond(run)
    run.wait_for_call("notify_analysts")
    decided_and_closed(run)
    assert [event for event in events(run) if "closed by" in event] == [
        REFUSED,
        "closed by kim: done",
    ]
    assert last(run, "status") == "closed"


def test_the_record_says_that_the_watch_is_over(case: NewCase) -> None:
    run = case()
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert "watch ended; the case was not closed by a person" in events(run)
    assert (last(run, "watched"), last(run, "status")) == (False, "contained")


def test_what_is_sent_before_the_record_says_that_the_watch_is_over_closes_the_case(
    case: NewCase,
) -> None:
    scripts = default_scripts()

    def save(payload: Json) -> Any:
        if payload["patch"].get("watched") is False:
            run.tell("Closed", {"by": "kim", "comment": "in time"})
        return scripts["save_case"](payload)

    run = case(save_case=save)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert events(run).count("closed by kim: in time") == 1
    assert (last(run, "watched"), last(run, "status")) == (False, "closed")
    told = [call["patch"].get("sla", {}).get("closed_by") for call in run.called("save_case")]
    assert [one for one in told if one] == ["kim"]


def test_a_case_that_reopens_after_its_watch_is_watched_again(case: NewCase) -> None:
    broken = {"held": False, "detail": "it did NOT hold"}
    run = case(recheck_sign_ins=lambda _payload: broken)
    run.start("respond", case_payload(timing=SOON | {"watch_hours": 0.005}))
    run.wait()
    patches = [call["patch"] for call in run.called("save_case")]
    assert [one["watched"] for one in patches if "watched" in one] == [False, True, False]


def test_what_is_no_note_closes_nothing_and_breaks_nothing(case: NewCase) -> None:
    run = case(decide_response=question())
    respond(run)
    run.wait_for_call("notify_analysts")
    run.tell("Closed", "garbage")
    decided_and_closed(run)
    assert REFUSED.replace("mallory", "unknown") in events(run)


BROKEN = {"held": False, "detail": "it did NOT hold"}
KIM = {"by": "kim", "comment": "done"}
STALE = "not closed by kim: sent before the case was opened again; look at it anew"


def closings(run: Run) -> list[str]:
    return [event for event in events(run) if "closed by" in event or event.startswith("not clos")]


def test_a_second_closing_does_not_close_a_case_whose_containment_did_not_hold(
    case: NewCase,
) -> None:
    run = case(recheck_sign_ins=lambda _payload: BROKEN)
    run.start("respond", case_payload(timing=SOON | {"watch_hours": 1000}))
    wait_for_phase(run, "completed")
    clicked = format_utc(datetime.now(UTC))
    run.tell("Closed", KIM | {"at": clicked})
    run.tell("Closed", KIM | {"at": clicked})
    wait_for(lambda: STALE in events(run))
    assert last(run, "status") == "failed", "the case stays open"
    run.tell("Closed", {"by": "ola", "comment": "by hand"})
    run.wait()
    assert closings(run) == ["closed by kim: done", STALE, "closed by ola: by hand"]
    assert last(run, "status") == "closed"


@pytest.mark.parametrize("late", [False, True])
def test_no_closing_from_before_more_was_done_closes_the_case_after_it(
    case: NewCase, late: bool
) -> None:
    inbox = Inbox()
    judged = judgements(
        decided(Confidence.MEDIUM, []), decided(Confidence.HIGH, [plan_line(REVOKE)])
    )
    said = KIM | {"at": format_utc(datetime.now(UTC))}

    def decide(payload: Json) -> Any:
        if run.called("take_joined"):
            for _click in range(1 if late else 2):
                run.tell("Closed", said)
        return judged(payload)

    def revoke(payload: Json) -> Any:
        if late:
            run.tell("Closed", said)
        return default_scripts()["revoke_sessions"](payload)

    run = case(decide_response=decide, revoke_sessions=revoke, **inbox.scripts())
    respond(run)
    wait_for_phase(run, "completed")
    run.tell("Joined", inbox.put(7))
    wait_for(lambda: phases(run).count("completed") == 2)
    close(run)
    anew = "not closed: an incident that joined meanwhile calls for more; close it again"
    assert closings(run)[0] == anew
    assert closings(run)[1:] == [STALE] * late + ["closed by kim: done"]


def test_who_takes_the_case_as_its_watch_ends_is_written_down(case: NewCase) -> None:
    scripts = default_scripts()

    def save(payload: Json) -> Any:
        if payload["patch"].get("watched") is False:
            run.tell("Acknowledged", {"by": "kim", "comment": ""})
        return scripts["save_case"](payload)

    run = case(save_case=save)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert events(run).count("acknowledged by kim") == 1
    assert last(run, "watched") is False
