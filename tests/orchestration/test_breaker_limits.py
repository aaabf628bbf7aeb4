"""Privileged accounts and the share of the directory: a case that passes either limit is asked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from durabletask.entities import EntityInstanceId

from orchestrators.names import BREAKER_KEY, Entity
from shared.models.policy import Limits
from shared.playbook.planning.blast_radius import Asked, Breaker, Limit
from tests.support.durable_backend import Engine, Run, Script, durable_engine
from tests.support.joining import close, respond
from tests.support.scripts import DECISION, decided, default_scripts, fail

BREAKER = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)
LIMITS = Limits(automatic_per_hour=3, privileged_per_hour=1, directory_share_percent=1.0)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of its own: the breaker is one for all."""
    with durable_engine() as running:
        yield running


def start(engine: Engine, count_users: Script, *kinds: str) -> Run:
    """Start a High case and wait until people are told of it.

    The engine's hour is nine seconds: what is to be within one is few.
    """
    run = begin(engine, count_users, *kinds)
    run.wait_for_call("notify_analysts")
    return run


def begin(engine: Engine, count_users: Script, *kinds: str) -> Run:
    verdict = decided() | {"limits": LIMITS.to_json(), "account": {"kinds": list(kinds)}}
    scripts = {"count_users": count_users, "decide_response": lambda _payload: verdict}
    run = engine.case(default_scripts() | scripts)
    respond(run)
    return run


def said(run: Run) -> str:
    """Return why the plan asks; empty when it does not."""
    plans = [call["patch"]["plan"] for call in run.called("save_case") if "plan" in call["patch"]]
    asked = {line["why"] for line in plans[0] if line["disposition"] == "ask"}
    return "; ".join(asked)


def paged(run: Run) -> str:
    run.wait(f"{run.case_id}:paused:1")
    [page] = [one for one in run.called("notify_analysts") if one["phase"] == "paused"]
    return str(page["why"])


def state(engine: Engine) -> Breaker:
    found = engine.client.get_entity(BREAKER)
    assert found is not None
    return Breaker.model_validate(found.get_typed_state(dict))


def users(number: int) -> Script:
    return lambda _payload: {"users": number}


def end(*runs: Run) -> None:
    for run in runs:
        run.tell("Decision", DECISION)
        run.wait_for_call("revoke_sessions")
        close(run)


@pytest.mark.parametrize("kind", ["privileged", "unknown"])
def test_a_second_account_that_may_be_privileged_is_asked_about(engine: Engine, kind: str) -> None:
    first = start(engine, users(600), "privileged")
    ordinary = start(engine, users(600), "ordinary")
    assert (said(first), said(ordinary)) == ("", "")
    second = start(engine, users(600), kind, "vip")
    assert "1 privileged account within an hour is the limit" in said(second)
    assert paged(second) == said(second)
    assert state(engine).tripped is not None
    other = start(engine, users(600), "ordinary")
    assert said(other) == said(second), "whichever limit was passed, everything is asked"
    end(first, ordinary, second, other)


def test_a_slow_storm_is_stopped_by_the_share_of_the_directory(engine: Engine) -> None:
    first = start(engine, users(600))
    at = state(engine).recent[0].at
    for number in range(1, 6):
        asked: dict[str, Any] = Asked(
            case_id=f"case-earlier-{number}",
            at=at - timedelta(hours=2 * (6 - number)),
            limits=LIMITS,
            users=600,
        ).to_json()
        engine.client.signal_entity(BREAKER, "admit", asked)
    last = start(engine, users(600))
    assert "6 accounts within 24 hours is the limit for a directory of 600" in said(last)
    assert paged(last) == said(last)
    tripped = state(engine).tripped
    assert tripped is not None and tripped.which is Limit.SHARE
    end(first, last)


def test_a_slow_storm_is_stopped_by_the_share_of_the_privileged(engine: Engine) -> None:
    """Of 20 who hold a role 10 % are two a day, were they hours apart."""
    ordinary = start(engine, users(20_000), "ordinary")
    at = state(engine).recent[0].at
    for number in range(2):
        asked = Asked(
            case_id=f"case-earlier-{number}",
            at=at - timedelta(hours=6 - 2 * number),
            limits=LIMITS,
            privileged=True,
        )
        engine.client.signal_entity(BREAKER, "admit", asked.to_json())
    third = start(engine, lambda _payload: {"users": 20_000, "privileged": 20}, "privileged")
    assert "2 privileged accounts within 24 hours is the limit for 20 privileged" in said(third)
    assert not third.called("revoke_sessions")
    assert "limits.privileged_share_percent" in paged(third)
    assert state(engine).privileged_within_a_day() == 2
    end(ordinary, third)


def test_when_nobody_can_count_the_hour_alone_holds(engine: Engine) -> None:
    runs = [begin(engine, fail("Graph is away")) for _ in range(LIMITS.automatic_per_hour + 1)]
    for run in runs:
        run.wait_for_call("notify_analysts")
    [why] = [said(run) for run in runs if said(run)]
    assert "3 accounts within an hour is the limit" in why
    end(*runs)
