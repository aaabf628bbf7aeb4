"""The durable engine in a test: real orchestrators, scripted activities.

One engine serves many cases at once: an activity's call is answered by the scripts of the case
that its payload names. All use of the SDK's private names is here and in ``golden``.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, cast

import grpc
from azure.durable_functions.internal.serialization import DEFAULT_FUNCTIONS_DATA_CONVERTER
from durabletask import task
from durabletask.client import OrchestrationState, TaskHubGrpcClient
from durabletask.grpc_options import GrpcChannelOptions
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing.in_memory_backend import OrchestrationInstance
from durabletask.worker import (
    TaskHubGrpcWorker,
    VersionFailureStrategy,
    VersioningOptions,
    VersionMatchStrategy,
)

from lab.functions_host.engine import Engine as TaskHub
from lab.functions_host.hub import UNLIMITED
from lab.functions_host.outage import HubOutage
from orchestrators.names import Activity
from orchestrators.registry import ENTITIES, ORCHESTRATORS
from tests.support.fast_clock import SPEED, FastClock, fast_clock
from tests.support.telling import tell_by_scripts

type Script = Callable[[dict[str, Any]], Any]
"""What a scripted activity does: gets the payload, returns the result or raises."""

PATIENCE_SECONDS = 120
"""How long a test waits for what is meant to happen, on a machine that has much else to do."""
RUN = "20261120T120000000Z"
"""The run of a case whose orchestration a test starts by itself."""
_CONVERTER = DEFAULT_FUNCTIONS_DATA_CONVERTER
_CHANNEL = GrpcChannelOptions(raw_options=[*UNLIMITED, ("grpc.enable_http_proxy", 0)])
_WAITS_AFTER_TICKS = 40
"""After a tenth of a second of the process an activity waits for something: time goes on for it."""
HOST_JSON = Path(__file__).resolve().parents[2] / "host.json"


def default_version() -> str:
    """Return the version that the host stamps on new orchestrations."""
    settings = json.loads(HOST_JSON.read_text())["extensions"]["durableTask"]
    return str(settings["defaultVersion"])


@dataclass
class Run:
    """One case on the engine: start it, raise events, look at what was called for it."""

    engine: "Engine"
    case_id: str
    scripts: dict[str, Script]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def start(self, name: str, payload: dict[str, Any], *, instance_id: str = "") -> str:
        """Schedule an orchestration of this case; its id is the case id unless given."""
        return self.engine.client.schedule_new_orchestration(
            name,
            input=self._of_run(name) | payload | {"case_id": self.case_id},
            instance_id=instance_id or self.case_id,
            version=default_version(),
        )

    def _of_run(self, name: str) -> dict[str, Any]:
        return {"run": RUN} if name in ("contain", "contain_devices", "undo") else {}

    def wait(self, instance_id: str = "", seconds: float = PATIENCE_SECONDS) -> OrchestrationState:
        """Wait until an orchestration has ended and return its state; fails if it failed."""
        state = self.engine.client.wait_for_orchestration_completion(
            instance_id or self.case_id, timeout=int(seconds)
        )
        assert state is not None
        state.raise_if_failed()  # type: ignore[no-untyped-call]
        return state

    def wait_for_late(self) -> None:
        """Wait until the case has ended, then for its late tickets and notes, which outlive it."""
        self.wait()
        late = (f"{self.case_id}:ticket:", f"{self.case_id}:note:")
        for name in list(self.engine.backend._instances):
            if name.startswith(late):
                self.wait(name)

    def output[T](self, kind: type[T]) -> T:
        """Wait until the orchestration has ended and return its output."""
        result = self.wait().get_output(kind)
        assert result is not None
        return result

    def tell(self, event: str, data: Any) -> None:
        """Raise an external event on the case."""
        self.engine.client.raise_orchestration_event(self.case_id, event, data=data)

    def wait_for_call(
        self, name: str, count: int = 1, seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Wait until an activity was called so often; return the payload of that call."""
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            payloads = self.called(name)
            if len(payloads) >= count:
                return payloads[count - 1]
            time.sleep(0.01)
        raise AssertionError(f"{name} was called {len(self.called(name))} times, not {count}")

    def called(self, name: str) -> list[dict[str, Any]]:
        """Return the payloads of every call of an activity for this case, in order."""
        return [payload for called, payload in list(self.calls) if called == name]

    def history(self, instance_id: str = "") -> list[pb.HistoryEvent]:
        """Return the events the engine stored for an instance."""
        return list(self.engine.backend._instances[instance_id or self.case_id].history)


class Engine:
    """A running engine."""

    def __init__(self, backend: TaskHub, client: TaskHubGrpcClient, clock: FastClock) -> None:
        self.backend = backend
        self.client = client
        self.clock = clock
        self._runs: dict[str, Run] = {}
        self._numbers = count(1)

    def case(self, scripts: dict[str, Script], case_id: str = "") -> Run:
        """Return a new case whose activities answer as scripted."""
        name = case_id or f"case-{next(self._numbers):024x}"
        self._runs[name] = Run(self, name, scripts)
        return self._runs[name]

    def answer(self, name: str, payload: dict[str, Any]) -> Any:
        """Answer one activity call from the scripts of the case it belongs to."""
        run = self._runs[payload.get("case_id") or payload["case"]["case_id"]]
        if name == Activity.TELL_PEOPLE:
            play = partial(_play, run)
            return tell_by_scripts(payload, play, lambda: self.clock.now)
        return _play(run, name, payload)


def _play(run: Run, name: str, payload: dict[str, Any]) -> Any:
    run.calls.append((name, payload))
    return json.loads(json.dumps(run.scripts[name](payload)))


@contextmanager
def durable_engine(*, speed: int = SPEED) -> Iterator[Engine]:
    """Run the app's own orchestrators and entities on the lab's durable engine.

    Microsoft's in-memory engine alone loses things: of a child that takes longer than 30 s its
    parent never hears, and a history of more than 4 MiB breaks the stream, with which work of other
    cases is lost (``lab.functions_host.engine``).

    ``speed``: seconds of the engine in a real one in which it has nothing to do.
    """
    backend = _Hub()
    with fast_clock(backend, speed, backend.busy) as clock:
        address = backend.start()
        worker, client = _worker(address), _client(address)
        engine = Engine(backend, client, clock)
        for name in Activity:
            worker._registry.add_named_activity(str(name), _scripted(engine, str(name)))
        worker.start()  # type: ignore[no-untyped-call]
        try:
            yield engine
        finally:
            worker.stop()  # type: ignore[no-untyped-call]
            client.close()
            backend.stop()


def _worker(address: str) -> TaskHubGrpcWorker:
    worker = TaskHubGrpcWorker(
        host_address=address, data_converter=_CONVERTER, channel_options=_CHANNEL
    )
    # Several lines for every step: a fifth of the time that a test takes.
    worker._logger.setLevel(logging.WARNING)
    worker.use_versioning(_versioning())
    for orchestrator in ORCHESTRATORS:
        worker.add_orchestrator(cast(Any, orchestrator))
    for entity in ENTITIES:
        worker.add_entity(entity)
    return worker


def _client(address: str) -> TaskHubGrpcClient:
    client = TaskHubGrpcClient(
        host_address=address, data_converter=_CONVERTER, channel_options=_CHANNEL
    )
    client._logger.setLevel(logging.WARNING)
    return client


class _Hub(TaskHub):
    """The lab's engine, which knows whether it has something to do."""

    def __init__(self) -> None:
        super().__init__(
            default_version=default_version(),
            replace_finished=False,
            timer_speed=1,
            outage=HubOutage(),
        )
        self._work_available = _Attentive()
        self._under_way: dict[tuple[str, int], int] = {}
        self._tick = 0

    def busy(self, tick: int) -> bool:
        """Whether there is work, at a tick of the clock; an activity that waits is none."""
        with self._lock:
            self._tick = tick
            return bool(
                self._orchestration_queue
                or self._orchestration_in_flight
                or self._entity_queue
                or self._entity_in_flight
                or any(tick - since < _WAITS_AFTER_TICKS for since in self._under_way.values())
            )

    def _process_schedule_task_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        self._under_way[instance.instance_id, action.id] = self._tick
        super()._process_schedule_task_action(instance, action)

    def CompleteActivityTask(  # noqa: N802 - the service's spelling
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        with self._lock:
            self._under_way.pop((request.instanceId, request.taskId), None)
            return super().CompleteActivityTask(request, context)


class _Attentive(threading.Event):
    """An event that looks again soon: the engine clears it after waiting and so can miss work."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(0.005 if timeout is None else min(timeout, 0.005))


def _versioning() -> VersioningOptions:
    """Return the host's own settings: children get the version too, newer ones are refused."""
    return VersioningOptions(
        version=default_version(),
        default_version=default_version(),
        match_strategy=VersionMatchStrategy.CURRENT_OR_OLDER,
        failure_strategy=VersionFailureStrategy.REJECT,
    )


def _scripted(engine: Engine, name: str) -> Callable[[task.ActivityContext, Any], Any]:
    def run(_: task.ActivityContext, payload: dict[str, Any]) -> Any:
        return engine.answer(name, payload)

    return run
