"""The durable engine in a test: real orchestrators, scripted activities, recorded histories.

All use of the SDK's private names lives here.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from azure.durable_functions.internal.serialization import DEFAULT_FUNCTIONS_DATA_CONVERTER
from azure.durable_functions.worker import DurableFunctionsWorker
from durabletask import task
from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing import InMemoryOrchestrationBackend
from durabletask.worker import TaskHubGrpcWorker
from google.protobuf import json_format

from orchestrators.registry import ENTITIES, ORCHESTRATORS
from tests.support.ports import free_port

type Script = Callable[[dict[str, Any]], Any]
"""What a scripted activity does: gets the payload, returns the result or raises."""


@dataclass
class Engine:
    """A running engine: start cases, raise events, look at what activities were called with."""

    backend: InMemoryOrchestrationBackend
    client: TaskHubGrpcClient
    scripts: dict[str, Script]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def start(self, name: str, payload: dict[str, Any], instance_id: str) -> None:
        """Schedule an orchestration."""
        self.client.schedule_new_orchestration(name, input=payload, instance_id=instance_id)

    def wait(self, instance_id: str, seconds: float = 30) -> OrchestrationState:
        """Wait until an orchestration has ended and return its state; fails if it failed."""
        state = self.client.wait_for_orchestration_completion(instance_id, timeout=int(seconds))
        assert state is not None
        state.raise_if_failed()  # type: ignore[no-untyped-call]
        return state

    def wait_for_call(self, name: str, count: int = 1, seconds: float = 20) -> dict[str, Any]:
        """Wait until an activity was called so often; return the payload of that call."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            payloads = self.called(name)
            if len(payloads) >= count:
                return payloads[count - 1]
            time.sleep(0.02)
        raise AssertionError(f"{name} was called {len(self.called(name))} times, not {count}")

    def called(self, name: str) -> list[dict[str, Any]]:
        """Return the payloads of every call of an activity, in order."""
        return [payload for called, payload in list(self.calls) if called == name]

    def history(self, instance_id: str) -> list[pb.HistoryEvent]:
        """Return the events the engine stored for an instance."""
        return list(self.backend._instances[instance_id].history)


@contextmanager
def durable_engine(scripts: dict[str, Script]) -> Iterator[Engine]:
    """Run the app's own orchestrators and entities on Microsoft's in-memory engine."""
    port = free_port()
    backend = InMemoryOrchestrationBackend(port=port)
    backend.start()
    address = f"localhost:{port}"
    converter = DEFAULT_FUNCTIONS_DATA_CONVERTER
    worker = TaskHubGrpcWorker(host_address=address, data_converter=converter)
    client = TaskHubGrpcClient(host_address=address, data_converter=converter)
    engine = Engine(backend, client, scripts)
    for orchestrator in ORCHESTRATORS:
        worker.add_orchestrator(cast(Any, orchestrator))
    for entity in ENTITIES:
        worker.add_entity(entity)
    for name in scripts:
        worker._registry.add_named_activity(name, _scripted(engine, name))
    worker.start()  # type: ignore[no-untyped-call]
    try:
        yield engine
    finally:
        worker.stop()  # type: ignore[no-untyped-call]
        client.close()
        backend.stop()


def _scripted(engine: Engine, name: str) -> Callable[[task.ActivityContext, Any], Any]:
    def run(_: task.ActivityContext, payload: dict[str, Any]) -> Any:
        engine.calls.append((name, payload))
        return json.loads(json.dumps(engine.scripts[name](payload)))

    return run


def save_history(events: list[pb.HistoryEvent]) -> str:
    """Return events as JSON text, one golden history."""
    return json.dumps([json_format.MessageToDict(event) for event in events], indent=1) + "\n"


def load_history(text: str) -> list[pb.HistoryEvent]:
    """Return the events of a golden history."""
    return [json_format.ParseDict(item, pb.HistoryEvent()) for item in json.loads(text)]


def replay(orchestrator: Any, instance_id: str, events: list[pb.HistoryEvent]) -> int:
    """Replay every turn of a history through the Functions worker, as the host would.

    Each turn must schedule exactly what the history says was scheduled next. Returns the number
    of turns.

    Raises:
        AssertionError: a turn failed (nondeterminism) or scheduled something else.
    """
    starts = [i for i, event in enumerate(events) if event.HasField("orchestratorStarted")]
    for start, end in zip(starts, [*starts[1:], len(events)], strict=True):
        turn = [e for e in events[start:end] if not e.HasField("orchestratorCompleted")]
        arrived = [event for event in turn if not _is_scheduled(event)]
        request = pb.OrchestratorRequest(
            instanceId=instance_id, pastEvents=events[:start], newEvents=arrived
        )
        body = base64.b64encode(request.SerializeToString()).decode()
        answer = DurableFunctionsWorker().execute_orchestration_request(orchestrator, body)
        response = pb.OrchestratorResponse()
        response.ParseFromString(base64.b64decode(answer))
        scheduled = sorted(event.eventId for event in turn if _is_scheduled(event))
        completed = [a for a in response.actions if a.HasField("completeOrchestration")]
        failed = [a for a in completed if a.completeOrchestration.HasField("failureDetails")]
        assert not failed, failed[0].completeOrchestration.failureDetails.errorMessage
        asked = sorted(a.id for a in response.actions if not a.HasField("completeOrchestration"))
        assert asked == scheduled, f"turn at event {start}: scheduled {asked}, history {scheduled}"
    return len(starts)


_SCHEDULED = (
    "taskScheduled",
    "timerCreated",
    "subOrchestrationInstanceCreated",
    "eventSent",
    "entityOperationSignaled",
    "entityOperationCalled",
    "entityLockRequested",
    "entityUnlockSent",
    "executionCompleted",
)


def _is_scheduled(event: pb.HistoryEvent) -> bool:
    return event.WhichOneof("eventType") in _SCHEDULED
