import re
from pathlib import Path
from typing import Any

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb

from orchestrators import blocks, contain, late_ticket, read_back
from orchestrators.flow import Steps
from orchestrators.names import Activity, Orchestrator
from orchestrators.registry import ORCHESTRATORS
from tests.replay.record import HISTORIES, SUMS, record, sums
from tests.replay.stories import STORIES
from tests.support.durable_backend import default_version
from tests.support.golden import History, replay, replay_turn

BY_NAME: dict[str, Any] = {one.__name__: one for one in ORCHESTRATORS}
FILES = sorted(HISTORIES.glob("*.json"))


def load(name: str) -> History:
    return History.load((HISTORIES / f"{name}-v1.0.0.json").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_stored_history_can_go_on_with_this_code(path: Path) -> None:
    history = History.load(path.read_text())
    assert replay(BY_NAME[history.orchestrator], history) == len(history.turns()) > 1
    assert path.name.startswith(f"{history.orchestrator}-")
    assert path.name.endswith(f"-v{history.version}.json")


def test_histories_are_never_edited() -> None:
    assert SUMS.read_text() == sums()


def test_every_orchestrator_has_a_history_of_the_version_that_is_deployed() -> None:
    names = {path.name for path in FILES}
    wanted = {f"{one.orchestrator}-{one.name}-v{default_version()}.json" for one in STORIES}
    assert wanted <= names, "run python -m tests.replay.record"
    assert {one.orchestrator for one in STORIES} == set(Orchestrator)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_histories_name_no_machine(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"site-packages|Traceback|File \\?\"|\.py\b|/(?:home|root|usr|tmp)/", text)
    assert "stackTrace" not in text


def test_a_history_is_read_back_as_it_was_written() -> None:
    text = (HISTORIES / "contain-account-and-address-v1.0.0.json").read_text()
    assert History.load(text).dump() == text


def test_a_run_recorded_now_has_the_shape_of_the_stored_one() -> None:
    # One without parallel tasks, whose turns depend on what answers first.
    story = next(one for one in STORIES if one.orchestrator == "open_ticket_late")
    history = record(story)
    kinds = [event.WhichOneof("eventType") for event in history.events]
    stored = load(f"{story.orchestrator}-{story.name}")
    assert kinds == [event.WhichOneof("eventType") for event in stored.events]


def test_a_renamed_activity_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    order = [
        (action, Activity.ENABLE_ACCOUNT if activity is Activity.REVOKE_SESSIONS else activity)
        for action, activity in contain.IN_ORDER
    ]
    monkeypatch.setattr(contain, "IN_ORDER", tuple(order))
    with pytest.raises(AssertionError, match="enable_account"):
        replay(contain.contain, load("contain-account-and-address"))


def test_a_swapped_order_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contain, "IN_ORDER", tuple(reversed(contain.IN_ORDER)))
    with pytest.raises(AssertionError, match="turn"):
        replay(contain.contain, load("contain-account-and-address"))


def test_a_step_that_is_left_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_back, "WAIT_SECONDS", ())
    with pytest.raises(AssertionError, match="turn"):
        replay(contain.contain, load("contain-account-and-address"))


def test_a_changed_waiting_time_is_not_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_ticket, "TICKET_RETRY_MINUTES", (3, 9, 27))
    assert replay(late_ticket.open_ticket_late, load("open_ticket_late-second-try"))


def test_an_orchestrator_that_ends_earlier_than_its_history_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker answers such a turn with nothing at all, and the case would hang for ever."""
    history = load("block_address-slowly-in-force")
    monkeypatch.setattr(blocks, "_keep", _keep_nothing)
    with pytest.raises(AssertionError, match="turn"):
        replay(blocks.block_address, history)
    for turn in range(_blocked(history) + 1, len(history.turns())):
        with pytest.raises(AssertionError, match=r"schedules \[\]|ends with \[\]"):
            replay_turn(blocks.block_address, history, turn)


def _blocked(history: History) -> int:
    """Return the turn in which the block was in force: the firewall's lock was given back."""
    return next(
        number
        for number, (start, end) in enumerate(history.turns())
        if any(event.HasField("entityUnlockSent") for event in history.events[start:end])
    )


def _keep_nothing(*_given: Any) -> Steps[None]:
    """End the block where the recorded one began to wait for its expiry."""
    yield from ()


def test_an_orchestrator_that_goes_on_after_its_history_is_caught() -> None:
    history = load("undo-account-and-address")
    last = history.events[-1]
    assert last.executionCompleted.orchestrationStatus == pb.ORCHESTRATION_STATUS_COMPLETED
    shorter = History("undo", history.version, history.instance_id, history.events[:-1])
    with pytest.raises(AssertionError, match="ends with"):
        replay(BY_NAME["undo"], shorter)
