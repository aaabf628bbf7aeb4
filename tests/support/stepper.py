"""An orchestration in steps: its activities answered at once, its timers when a test says so.

The Functions worker replays it for every step, as a host would; days pass in no time.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask.internal import helpers
from durabletask.internal import orchestrator_service_pb2 as pb

from orchestrators.names import Activity
from shared.models.base import Json
from tests.support.durable_backend import default_version
from tests.support.golden import History, run_turn
from tests.support.telling import tell_by_scripts

type Script = Callable[[Json], Any]

START = datetime.fromisoformat("2026-11-20T12:00:00")


class Stepper:
    """One orchestration; ``children`` gives what a sub-orchestration of that name returns."""

    def __init__(
        self, orchestrator: Any, payload: Json, scripts: dict[str, Script], children: Json
    ) -> None:
        self._orchestrator, self._scripts, self._children = orchestrator, scripts, children
        name, version = orchestrator.__name__, default_version()
        self._history = History(name, version, payload["case_id"], [])
        self.now = START
        self.calls: list[tuple[str, Json]] = []
        self.timers: dict[int, datetime] = {}
        self.output: Any = None
        opening = helpers.new_execution_started_event(
            name, payload["case_id"], json.dumps(payload), version=version
        )
        self._go_on([opening])

    def tell(self, event: str, data: Json) -> None:
        """Raise an event."""
        self._go_on([helpers.new_event_raised_event(event, json.dumps(data))])

    def fire(self, timer: int) -> None:
        """Let time pass until a timer is due; also one that nobody waits for any more."""
        self.now = max(self.now, self.timers.pop(timer))
        self._go_on([helpers.new_timer_fired_event(timer, self.now)])

    def due(self) -> dict[int, timedelta]:
        """Return the timers that were set and have not fired, and how long after the start."""
        return {timer: at - START for timer, at in self.timers.items()}

    def called(self, name: str) -> list[Json]:
        """Return the inputs of the activities and sub-orchestrations of that name."""
        return [payload for called, payload in self.calls if called == name]

    def _go_on(self, arrived: Sequence[pb.HistoryEvent]) -> None:
        """Take turns until the orchestration waits for something that a test has to bring."""
        waiting = list(arrived)
        while waiting:
            turn = [helpers.new_orchestrator_started_event(self.now), *waiting]
            actions = run_turn(self._orchestrator, self._history, turn)
            self._history.events.extend(turn)
            waiting = [event for one in actions if (event := self._take(one)) is not None]
            self._history.events.append(helpers.new_orchestrator_completed_event())

    def _take(self, action: pb.OrchestratorAction) -> pb.HistoryEvent | None:
        """Write down what was scheduled; return the answer, if it comes at once."""
        if action.HasField("createTimer"):
            at = action.createTimer.fireAt.ToDatetime()
            self.timers[action.id] = at
            self._history.events.append(helpers.new_timer_created_event(action.id, at))
            return None
        if action.HasField("scheduleTask"):
            task = action.scheduleTask
            self._history.events.append(helpers.new_task_scheduled_event(action.id, task.name))
            payload = json.loads(task.input.value)
            answer = json.dumps(self._answer(task.name, payload))
            return helpers.new_task_completed_event(action.id, answer)
        if action.HasField("completeOrchestration"):
            self.output = json.loads(action.completeOrchestration.result.value)
            return None
        return self._take_child(action)

    def _answer(self, name: str, payload: Json) -> Any:
        if name == Activity.TELL_PEOPLE:
            return tell_by_scripts(payload, self._answer, lambda: self.now.replace(tzinfo=UTC))
        self.calls.append((name, payload))
        return self._scripts[name](payload)

    def _take_child(self, action: pb.OrchestratorAction) -> pb.HistoryEvent:
        child = action.createSubOrchestration
        assert child.name, f"{action} is nothing that this test plays"
        self._history.events.append(
            helpers.new_sub_orchestration_created_event(action.id, child.name, child.instanceId)
        )
        self.calls.append((child.name, json.loads(child.input.value)))
        answer = json.dumps(self._children[child.name])
        return helpers.new_sub_orchestration_completed_event(action.id, answer)
