"""The blast-radius breaker on the engine: of a storm of High verdicts few act by themselves."""

from collections.abc import Iterator

import pytest
from durabletask.entities import EntityInstanceId

from orchestrators.names import BREAKER_KEY, Entity
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


@pytest.fixture(scope="module")
def storm() -> Iterator[tuple[Engine, list[Run]]]:
    """Many High cases at once, on an engine of their own: the breaker is one for all."""
    incident = {"source": "manual", "incident_id": "storm", "title": "Password spray"}
    payload = case_payload(timing=SOON | {"approval_deadline_minutes": 60_000}, incident=incident)
    with durable_engine() as engine:
        runs = [engine.case(scripts(number)) for number in range(STORM)]
        for run in runs:
            run.start("respond", payload)
        for run in runs:
            run.wait_for_call("notify_analysts", seconds=60)
        yield engine, runs


def scripts(number: int) -> dict[str, Script]:
    """Answer as in an ordinary High case about an account of its own."""
    verdict = decided() | {"limits": LIMITS, "object_id": f"{number:08x}{OBJECT_ID[8:]}"}
    return default_scripts() | {"decide_response": lambda _payload: verdict}


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
    _, runs = storm
    paged = [run for run in runs if "paused" in phases(run)]
    assert len(paged) == 1
    page = next(call for call in paged[0].called("notify_analysts") if call["phase"] == "paused")
    assert f"{LIMIT} accounts within an hour" in page["why"]


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
    run.wait()
    assert "decision_needed" not in phases(run)
    assert len(run.called("revoke_sessions")) == 1
