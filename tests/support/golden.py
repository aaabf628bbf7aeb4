"""Golden histories: what the engine stored for a run, kept as JSON and replayed turn by turn."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf import json_format

type Step = tuple[int, str, str]
"""One thing an orchestrator schedules: its sequence number, kind, and name or target."""

_SCHEDULED = {
    "taskScheduled": "activity",
    "timerCreated": "timer",
    "subOrchestrationInstanceCreated": "orchestration",
    "eventSent": "event",
    "entityOperationSignaled": "signal",
    "entityOperationCalled": "call",
    "entityLockRequested": "lock",
    "entityUnlockSent": "unlock",
}


@dataclass(frozen=True)
class History:
    """One golden history."""

    orchestrator: str
    version: str
    instance_id: str
    events: list[pb.HistoryEvent]

    def dump(self) -> str:
        """Return the history as JSON text, one event a line."""
        head = {
            "orchestrator": self.orchestrator,
            "version": self.version,
            "instance_id": self.instance_id,
        }
        lines = [json.dumps(_clean(json_format.MessageToDict(event))) for event in self.events]
        fields = "".join(f" {json.dumps(key)}: {json.dumps(head[key])},\n" for key in head)
        return "{\n" + fields + ' "events": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n"

    @classmethod
    def load(cls, text: str) -> "History":
        """Read what ``dump`` wrote."""
        fields = json.loads(text)
        events = [json_format.ParseDict(item, pb.HistoryEvent()) for item in fields.pop("events")]
        return cls(**fields, events=events)

    def turns(self) -> list[tuple[int, int]]:
        """Return where each turn of the orchestrator begins and ends in the events."""
        starts = [i for i, event in enumerate(self.events) if event.HasField("orchestratorStarted")]
        return list(zip(starts, [*starts[1:], len(self.events)], strict=True))


def _clean(value: Any) -> Any:
    """Leave out stack traces: they hold paths of the machine that recorded."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if key != "stackTrace"}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def replay(orchestrator: Any, history: History) -> int:
    """Replay every turn of a history through the Functions worker, as the host would.

    Each turn must schedule exactly what the history says came next: same sequence numbers, kinds,
    names and child ids, and it must complete where the history does. Inputs and waiting times may
    differ, as they may for running cases. Returns the number of turns.

    Raises:
        AssertionError: a turn failed, scheduled something else, or ended elsewhere.
    """
    turns = history.turns()
    for number in range(len(turns)):
        replay_turn(orchestrator, history, number)
    return len(turns)


def replay_turn(orchestrator: Any, history: History, number: int) -> None:
    """Replay one turn on top of everything before it; see ``replay``."""
    start, end = history.turns()[number]
    turn = history.events[start:end]
    actions = _run(orchestrator, history, start, [event for event in turn if _arrived(event)])
    ended = [a.completeOrchestration for a in actions if a.HasField("completeOrchestration")]
    wanted_end = [e.executionCompleted for e in turn if e.HasField("executionCompleted")]
    where = f"{history.orchestrator}, turn {number} (event {start})"
    for one in ended:
        if one.orchestrationStatus == pb.ORCHESTRATION_STATUS_FAILED and not any(
            wanted.orchestrationStatus == one.orchestrationStatus for wanted in wanted_end
        ):
            raise AssertionError(f"{where}: failed: {one.failureDetails.errorMessage}")
    asked = sorted(_asked(a) for a in actions if not a.HasField("completeOrchestration"))
    wanted = sorted(_recorded(event) for event in turn if _kind(event) in _SCHEDULED)
    assert asked == wanted, f"{where}: schedules {asked}, the history has {wanted}"
    ends, wanted_ends = ([one.orchestrationStatus for one in many] for many in (ended, wanted_end))
    assert ends == wanted_ends, f"{where}: ends with {ends}, the history has {wanted_ends}"


def run_turn(
    orchestrator: Any, history: History, arrived: Sequence[pb.HistoryEvent]
) -> list[pb.OrchestratorAction]:
    """Return what an orchestrator schedules when these events come after a history."""
    return _run(orchestrator, history, len(history.events), arrived)


def _run(
    orchestrator: Any, history: History, start: int, arrived: Sequence[pb.HistoryEvent]
) -> list[pb.OrchestratorAction]:
    request = pb.OrchestratorRequest(
        instanceId=history.instance_id, pastEvents=history.events[:start], newEvents=arrived
    )
    body = base64.b64encode(request.SerializeToString()).decode()
    answer = DurableFunctionsWorker().execute_orchestration_request(orchestrator, body)
    response = pb.OrchestratorResponse()
    response.ParseFromString(base64.b64decode(answer))
    return list(response.actions)


def _kind(event: pb.HistoryEvent) -> str:
    return event.WhichOneof("eventType") or ""


def _arrived(event: pb.HistoryEvent) -> bool:
    """Return whether the event came to the orchestrator, rather than from it."""
    return _kind(event) not in (*_SCHEDULED, "orchestratorCompleted", "executionCompleted")


def _recorded(event: pb.HistoryEvent) -> Step:
    """Return what an event says was scheduled."""
    kind = _kind(event)
    content = getattr(event, kind)
    names: dict[str, Callable[[], str]] = {
        "taskScheduled": lambda: content.name,
        "subOrchestrationInstanceCreated": lambda: f"{content.name} {content.instanceId}",
        "entityLockRequested": lambda: " ".join(content.lockSet),
        "entityUnlockSent": lambda: content.targetInstanceId.value,
    }
    return event.eventId, _SCHEDULED[kind], names.get(kind, str)()


def _asked(action: pb.OrchestratorAction) -> Step:
    """Return what an orchestrator's answer schedules, in the history's terms."""
    kind = action.WhichOneof("orchestratorActionType") or ""
    content = getattr(action, kind)
    if kind == "scheduleTask":
        return action.id, "activity", content.name
    if kind == "createSubOrchestration":
        return action.id, "orchestration", f"{content.name} {content.instanceId}"
    if kind == "sendEntityMessage":
        message = content.WhichOneof("EntityMessageType") or ""
        names: dict[str, Callable[[], str]] = {
            "entityLockRequested": lambda: " ".join(content.entityLockRequested.lockSet),
            "entityUnlockSent": lambda: content.entityUnlockSent.targetInstanceId.value,
        }
        return action.id, _SCHEDULED[message], names.get(message, str)()
    return action.id, {"createTimer": "timer", "sendEvent": "event"}[kind], ""
