"""The breaker is open and incidents join: the same case is not another one, nor a new question."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from durabletask.entities import EntityInstanceId

from orchestrators.names import BREAKER_KEY, Entity
from shared.models.plan import ActionName
from shared.models.verdict import Confidence
from shared.playbook.planning.blast_radius import Breaker
from tests.support.durable_backend import Engine, Run, durable_engine
from tests.support.inbox import Inbox
from tests.support.joining import (
    OTHER_ADDRESS,
    close,
    joined_notes,
    judgements,
    last,
    medium,
    respond,
)
from tests.support.scripts import DECISION, decided, default_scripts, plan_line

LIMITS = {"automatic_per_hour": 1}
HIGH = decided() | {"limits": LIMITS}
BACK = HIGH | {"attacked_at": "2026-11-20T13:00:00Z"}
"""The attacker signed in after what was done."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of its own: the breaker is one for all."""
    with durable_engine() as running:
        yield running


def start(engine: Engine, *answers: dict[str, Any]) -> tuple[Run, Inbox]:
    inbox = Inbox()
    scripts = default_scripts() | inbox.scripts() | {"decide_response": judgements(*answers)}
    run = engine.case(scripts)
    respond(run)
    run.wait_for_call("comment_incident")
    return run, inbox


def join(run: Run, inbox: Inbox, number: int) -> None:
    noted = len(joined_notes(run))
    run.tell("Joined", inbox.put(number))
    limit = time.monotonic() + 120
    while len(joined_notes(run)) == noted:
        assert time.monotonic() < limit, "the incident did not join"
        time.sleep(0.01)


def asked(run: Run) -> int:
    phases = [call["phase"] for call in run.called("notify_analysts")]
    return phases.count("decision_needed")


def breaker_id() -> EntityInstanceId:
    return EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)


def breaker(engine: Engine) -> Breaker:
    found = engine.client.get_entity(breaker_id())
    assert found is not None
    return Breaker.model_validate(found.get_typed_state(dict))


def test_incidents_that_join_while_it_is_open_ask_once_and_count_once(engine: Engine) -> None:
    contained, first_inbox = start(engine, HIGH, BACK)
    contained.wait_for_call("comment_incident", count=2)
    held, second_inbox = start(engine, HIGH)
    held.wait_for_call("notify_analysts")
    assert (asked(contained), asked(held)) == (0, 1)

    join(contained, first_inbox, 1)
    contained.wait_for_call("notify_analysts", count=3)
    for number in (2, 3):
        join(contained, first_inbox, number)
    for number in (4, 5):
        join(held, second_inbox, number)
    assert (asked(contained), asked(held)) == (1, 1), "a question is not put anew by every incident"
    assert last(contained, "question") == 1
    assert len(contained.called("revoke_sessions")) == 1
    state = breaker(engine)
    assert (state.held, len(state.recent)) == (2, 1)

    for run in (contained, held):
        run.tell("Decision", DECISION)
        run.wait_for_call("revoke_sessions", count=1 + (run is contained))
        close(run)


def test_a_verdict_that_rises_while_it_is_open_counts_once(engine: Engine) -> None:
    contained, _ = start(engine, HIGH)
    contained.wait_for_call("comment_incident", count=2)
    low = medium() | {"limits": LIMITS}
    raised, inbox = start(engine, low, HIGH)
    assert breaker(engine).held == 0
    join(raised, inbox, 1)
    raised.wait_for_call("notify_analysts", count=2)
    for number in (2, 3):
        join(raised, inbox, number)
    assert asked(raised) == 2, "asked about Medium, then about High"
    assert last(raised, "verdict")["compromise_confidence_score"] == Confidence.HIGH
    assert breaker(engine).held == 1
    raised.tell("Decision", DECISION | {"question": 2})
    raised.wait_for_call("revoke_sessions")
    for run in (contained, raised):
        close(run)


def test_what_the_breaker_held_is_asked_on_when_it_has_closed_again(engine: Engine) -> None:
    """The new judgement would do it by itself, and more: the question does not vanish with it."""
    contained, _ = start(engine, HIGH)
    contained.wait_for_call("comment_incident", count=2)
    other = plan_line(ActionName.BLOCK_IP).model_copy(update={"target": OTHER_ADDRESS})
    more = HIGH | {"plan": [*HIGH["plan"], other.to_json()], "limits": {"automatic_per_hour": 9}}
    held, inbox = start(engine, HIGH, more)
    closed = {"at": "2026-11-20T12:00:00Z", "by": "ana", "comment": "the detection is fixed"}
    engine.client.signal_entity(breaker_id(), "reset", closed)
    join(held, inbox, 1)
    held.wait_for_call("change_firewall")
    assert not held.called("revoke_sessions")
    assert asked(held) == 1, "the same question"
    held.tell("Decision", DECISION)
    held.wait_for_call("revoke_sessions")
    for run in (contained, held):
        close(run)
