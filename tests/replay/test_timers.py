"""Timers: those that lose are cancelled, and those of many days are set anew every third."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from durabletask import task, worker

from orchestrators.registry import ORCHESTRATORS
from orchestrators.respond import respond
from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.replay.record import HISTORIES
from tests.support.golden import History, replay_turn
from tests.support.scripts import (
    SOON,
    case_payload,
    decided,
    default_scripts,
    outcome,
    plan_line,
)
from tests.support.stepper import Stepper

BY_NAME: dict[str, Any] = {one.__name__: one for one in ORCHESTRATORS}
FILES = sorted(HISTORIES.glob("*.json"))
DAYS = 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_timer_is_left_when_an_orchestration_ends(path: Path) -> None:
    history = History.load(path.read_text())
    made: list[task.TimerTask] = []
    create = worker._RuntimeOrchestrationContext.create_timer_internal

    def remember(*given: Any, **named: Any) -> task.TimerTask:
        made.append(create(*given, **named))
        return made[-1]

    with patch.object(worker._RuntimeOrchestrationContext, "create_timer_internal", remember):
        replay_turn(BY_NAME[history.orchestrator], history, len(history.turns()) - 1)
    assert [timer for timer in made if not timer.is_complete] == []


def waiting(**timing: float) -> Stepper:
    """A case that has asked and waits for an answer."""
    plan = [plan_line(ActionName.REVOKE_SESSIONS, Disposition.ASK)]
    judged = decided(Confidence.HIGH, plan)
    payload = case_payload(timing=SOON | {"approval_deadline_minutes": DAYS * 24 * 60} | timing)
    scripts = default_scripts() | {"decide_response": lambda _payload: judged}
    done = [outcome(ActionName.REVOKE_SESSIONS)]
    return Stepper(respond, payload, scripts, {"contain": done, "tell_again": {}})


def decision(case: Stepper) -> Json | None:
    saved = [call["patch"] for call in case.called("save_case")]
    return next((patch["decision"] for patch in saved if patch.get("decision")), None)


@pytest.mark.parametrize(
    ("total", "parts"),
    [
        (2, [2]),
        (3, [3]),
        (DAYS, [3, 6, 9, DAYS]),
        (30, [*range(3, 31, 3)]),
    ],
)
def test_a_deadline_of_many_days_is_waited_for_in_parts(total: int, parts: list[int]) -> None:
    """Thirty days is the longest that the policy takes; no part is longer than three."""
    case, days = waiting(approval_deadline_minutes=total * 24 * 60), []
    while decision(case) is None:
        [(timer, due)] = case.due().items()
        days.append(due / timedelta(days=1))
        case.fire(timer)
    assert days == parts
    assert (found := decision(case)) is not None
    assert (found["decided_by"], found["actions"]) == ("deadline (policy)", ["MonitorOnly"])
    assert not case.called("contain")


def test_an_answer_after_days_counts_and_the_timer_that_is_left_does_nothing() -> None:
    case = waiting()
    for _chunk in range(2):
        [timer] = case.due()
        case.fire(timer)
    [left] = case.due()
    case.tell("Decision", {"actions": ["RevokeSessions"], "comment": "rang her"})
    assert len(case.called("contain")) == 1
    before = len(case.calls)
    case.fire(left)
    assert (found := decision(case)) is not None and found["comment"] == "rang her"
    assert len(case.calls) == before, "the deadline's timer was cancelled"


def test_a_reminder_after_days_comes_before_the_deadline() -> None:
    case = waiting(reminder_minutes=4 * 24 * 60, escalate_minutes=9 * 24 * 60)
    while decision(case) is None:
        due = case.due()
        case.fire(min(due, key=lambda timer: due[timer]))
    told = [call["phase"] for call in case.called("tell_again")]
    assert told == ["reminder", "escalated"]
    assert "nobody has answered for 4 days; 6 days left" in case.called("tell_again")[0]["why"]
