"""The blast-radius breaker on the engine: of a storm of High verdicts few act by themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from durabletask.client import OrchestrationFailedError
from durabletask.entities import EntityInstanceId

from orchestrators.names import BREAKER_KEY, Entity
from shared.models.base import Json
from tests.support.durable_backend import Engine, Run, Script, durable_engine
from tests.support.scripts import (
    DECISION,
    OBJECT_ID,
    SOON,
    case_payload,
    decided,
    default_scripts,
)

LIMIT = 10
LIMITS = {"automatic_per_hour": LIMIT}
STORM = 200
NO_CHANNEL = 20
"""Tries of a page that fail: more than one round of retries."""
SPEED = 40
"""The limit is of an hour: on the usual clock a slow machine's storm would take longer than one."""


@pytest.fixture(scope="module")
def storm() -> Iterator[tuple[Engine, list[Run]]]:
    """Many High cases at once, on an engine of their own: the breaker is one for all."""
    incident = {"source": "manual", "incident_id": "storm", "title": "Password spray"}
    payload = case_payload(timing=SOON | {"approval_deadline_minutes": 60_000}, incident=incident)
    with durable_engine(speed=SPEED) as engine:
        runs = [engine.case(scripts(number)) for number in range(STORM)]
        for run in runs:
            run.start("respond", payload)
        for run in runs:
            run.wait_for_call("notify_analysts")
        yield engine, runs


def scripts(number: int) -> dict[str, Script]:
    """Answer as in an ordinary High case about an account of its own."""
    verdict = decided() | {"limits": LIMITS, "object_id": f"{number:08x}{OBJECT_ID[8:]}"}
    return default_scripts() | {"decide_response": lambda _payload: verdict}


def pages(run: Run) -> list[str]:
    """Return the instances that a case has started to page the SOC."""
    started = [one.subOrchestrationInstanceCreated for one in run.history()]
    return [one.instanceId for one in started if one.name == "page_soc"]


def written(run: Run) -> list[Json]:
    """Return what was added to a case's timeline."""
    patches = [call["patch"] for call in run.called("save_case")]
    return [event for patch in patches for event in patch.get("timeline", [])]


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("notify_analysts")]


def test_exactly_as_many_as_the_limit_act_by_themselves(storm: tuple[Engine, list[Run]]) -> None:
    _, runs = storm
    asked = [run for run in runs if "decision_needed" in phases(run)]
    assert len(asked) == STORM - LIMIT
    for run in runs:
        run.wait_for_call("save_case")
        if run not in asked:
            run.wait_for_call("revoke_sessions")
    assert all(not run.called("force_password_reset") for run in asked)
    assert all(not run.called("change_firewall") for run in asked)


def test_the_soc_is_paged_once(storm: tuple[Engine, list[Run]]) -> None:
    """Whoever trips the breaker starts the page before anything else: it is in the history."""
    _, runs = storm
    paged = [run for run in runs if pages(run)]
    assert [pages(run) for run in paged] == [[f"{paged[0].case_id}:paused:1"]]
    assert paged[0].wait(f"{paged[0].case_id}:paused:1").get_output(bool) is True
    [page] = [call for call in paged[0].called("notify_analysts") if call["phase"] == "paused"]
    assert f"{LIMIT} accounts within an hour" in page["why"]
    told = [one["event"] for one in written(paged[0]) if one["event"].startswith("SOC told")]
    assert len(told) == 1 and told[0].endswith("until it is reset: email, slack")


def test_the_plan_says_why_it_asks(storm: tuple[Engine, list[Run]]) -> None:
    _, runs = storm
    held = next(run for run in runs if "decision_needed" in phases(run))
    plans = [call["patch"]["plan"] for call in held.called("save_case") if "plan" in call["patch"]]
    changes = [line for line in plans[0] if line["action"] != "MonitorOnly"]
    assert {line["disposition"] for line in changes} == {"ask"}
    assert all("automatic containment is paused" in line["why"] for line in changes)


def test_a_person_decides_and_closes_the_breaker_again(storm: tuple[Engine, list[Run]]) -> None:
    engine, runs = storm
    held = next(run for run in runs if "decision_needed" in phases(run))
    held.tell("Decision", DECISION)
    held.wait_for_call("revoke_sessions")

    breaker = EntityInstanceId(str(Entity.BREAKER), BREAKER_KEY)
    given = {"at": "2026-11-20T12:00:00Z", "by": "ana", "comment": "the detection is fixed"}
    engine.client.signal_entity(breaker, "reset", given)
    run = engine.case(scripts(STORM))
    run.start("respond", case_payload(timing=SOON))
    run.wait_for_call("notify_analysts")
    run.wait_for_call("revoke_sessions")
    assert phases(run)[0] == "opened"


def broken(_payload: Json) -> Any:
    """What no ticket's activity returns: the case breaks off over it."""
    return "not a report"


def test_the_soc_is_paged_though_the_case_that_tripped_the_breaker_breaks_off() -> None:
    with durable_engine() as engine:
        none = decided() | {"limits": {"automatic_per_hour": 0}}
        changed: dict[str, Script] = {
            "decide_response": lambda _payload: none,
            "open_ticket": broken,
        }
        run = engine.case(default_scripts() | changed)
        run.start("respond", case_payload(timing=SOON))
        with pytest.raises(OrchestrationFailedError):
            run.wait()
        assert run.wait(f"{run.case_id}:paused:1").get_output(bool) is True
        assert phases(run).count("paused") == 1


def test_who_was_not_reached_is_not_told() -> None:
    """No channel of this app hears of it: trying again would not change that."""
    for answer, reached, said in (
        ({"none": "not sent: nobody"}, False, "the SOC could NOT be told that"),
        ({"email": "HTTP 500", "slack": "sent"}, True, "SOC told that"),
    ):
        with durable_engine() as engine:
            run = engine.case(
                default_scripts() | {"notify_analysts": lambda _p, a=answer: {"channels": a}}
            )
            payload = {"case_id": run.case_id, "why": "it is paused", "record": {}}
            run.start("page_soc", payload)
            assert run.output(bool) is reached
            [event] = [one["event"] for one in written(run)]
            assert event.startswith(said) and "NOT told by" in event
            assert ("; NOT told by email: HTTP 500" in event) is reached


def test_the_page_is_tried_until_a_channel_takes_it() -> None:
    """Every channel is down for hours."""

    def notify(payload: Json) -> Json:
        if payload["phase"] == "paused" and phases(run).count("paused") <= NO_CHANNEL:
            raise RuntimeError("slack: down; email: down")
        return {"channels": {"slack": "sent"}}

    with durable_engine() as engine:
        none = decided() | {"limits": {"automatic_per_hour": 0}}
        changed = {"decide_response": lambda _payload: none, "notify_analysts": notify}
        run = engine.case(default_scripts() | changed)
        run.start("respond", case_payload(timing=SOON))
        run.wait()
        assert phases(run).count("paused") == NO_CHANNEL + 1
        assert all("record" in one for one in run.called("notify_analysts") if "why" in one)
