"""What is done beside an open question is written, and told if it failed, before its answer."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import PATIENCE_SECONDS, Run
from tests.support.joining import LATER, RESET, close
from tests.support.joining import respond as respond_as
from tests.support.scripts import decided, fail, plan_line

type NewCase = Callable[..., Run]

BLOCK, SCAN = ActionName.BLOCK_IP, ActionName.SCAN_DEVICE
ISOLATE = ActionName.ISOLATE_DEVICE


def respond(run: Run) -> None:
    """Start the case; a block lives longer than any answer takes."""
    respond_as(run, timing=LATER | {"block_hours": 1000.0})


def asked_beside(*actions: ActionName, asks: bool = True) -> Callable[[Json], Json]:
    plan = [plan_line(action) for action in actions]
    plan += [plan_line(RESET, Disposition.ASK)] if asks else []
    return lambda _payload: decided(Confidence.HIGH, plan)


def eventually[T](look: Callable[[], T]) -> T:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.02)
    return found


def written(run: Run, action: ActionName) -> list[Json]:
    """Return the outcomes that were written until there was an answer, silence included."""
    patches = [call["patch"] for call in run.called("save_case")]
    answered = [number for number, patch in enumerate(patches) if patch.get("decision")]
    return outcomes(patches[: answered[0]] if answered else patches, action)


def outcomes(patches: list[Json], action: ActionName) -> list[Json]:
    return [one for patch in patches for one in patch.get("actions", []) if one["action"] == action]


@pytest.mark.parametrize("action", [BLOCK, SCAN])
def test_firewalls_and_devices_are_written_before_the_answer(
    case: NewCase, action: ActionName
) -> None:
    run = case(decide_response=asked_beside(action))
    respond(run)
    found = eventually(lambda: written(run, action))
    assert [(one["status"], one["verified"]) for one in found] == [("succeeded", True)]
    answer = {"actions": ["NoAction"], "decided_by": "kim", "decided_at": "2026-11-20T12:01:00Z"}
    run.tell("Decision", answer)
    run.wait_for_call("seal_evidence")
    every = outcomes([call["patch"] for call in run.called("save_case")], action)
    assert {one["at"] for one in every} == {found[0]["at"]}


def test_storage_that_is_away_is_tried_again_and_not_waited_for(case: NewCase) -> None:
    def save(payload: Json) -> Any:
        if payload["patch"].get("actions"):
            raise RetryableError("storage is away", vendor="blob")
        return {"case_id": payload["case_id"]}

    run = case(decide_response=asked_beside(BLOCK), save_case=save)
    respond(run)
    eventually(lambda: len(written(run, BLOCK)) == 2)
    # Orders to lift it come to who waits here: not for the minutes that others wait for storage.
    time.sleep(0.5)
    assert len(written(run, BLOCK)) == 2


@pytest.mark.parametrize(("action", "broken"), [(BLOCK, "list_firewalls"), (SCAN, "scan_devices")])
def test_a_failure_is_told_before_the_answer(
    case: NewCase, action: ActionName, broken: str
) -> None:
    run = case(**{"decide_response": asked_beside(action), broken: fail("it is down")})
    respond(run)
    eventually(lambda: "containment_failed" in phases(run))
    assert [one["status"] for one in written(run, action)] == ["failed"]


def test_one_device_that_failed_is_told_while_another_is_looked_at(case: NewCase) -> None:
    """A device that is off is looked at for ten minutes."""
    run = case(
        decide_response=asked_beside(SCAN, ISOLATE),
        scan_devices=fail("it is down"),
        verify_devices=lambda payload: {"outcome": payload["outcome"]},
    )
    respond(run)
    eventually(lambda: "containment_failed" in phases(run))
    eventually(lambda: written(run, ISOLATE))
    patches = [call["patch"] for call in run.called("save_case")]
    written_in = [[one["action"] for one in patch.get("actions", [])] for patch in patches]
    assert [actions for actions in written_in if actions] == [[SCAN], [ISOLATE]]


def test_without_a_question_nothing_is_written_twice(case: NewCase) -> None:
    run = case(decide_response=asked_beside(BLOCK, asks=False))
    respond_as(run)
    eventually(lambda: len(written(run, BLOCK)))
    close(run)
    assert "containment_failed" not in phases(run)
    patches = [call["patch"] for call in run.called("save_case")]
    assert not [patch for patch in patches if set(patch) == {"actions"}]


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("notify_analysts")]
