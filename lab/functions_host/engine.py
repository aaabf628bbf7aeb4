"""The durable engine: Microsoft's in-memory task hub, with what a host must add to it.

All use of `durabletask`'s private names is in this file. The additions, each for a difference from
the real extension that an application can see:

* the server listens on 127.0.0.1 only, on a free port, without the 4 MiB message limit and with
  enough threads that blocking `WaitFor...` calls do not starve the others;
* a child orchestration that takes longer than 30 s still reports to its parent (the base class
  stops listening then), with its failure's type, and knows its parent's id;
* a timer of an instance that has since been purged or continued as new does not fire in its
  successor; timers share one thread;
* while an orchestration holds an entity's lock, everybody else's operations on it wait;
* an instance that is being worked on does not hold up the instances queued behind it;
* late answers for a finished instance are dropped;
* host.json's `defaultVersion` and `overridableExistingInstanceStates` are applied at the start;
* timers can fire sooner (`timer_speed` times), and the hub can go away for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent import futures
from datetime import UTC, datetime

import durabletask.internal.helpers as helpers
import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from durabletask.testing.in_memory_backend import (
    EntityState,
    InMemoryOrchestrationBackend,
    OrchestrationInstance,
    PendingLockRequest,
)
from google.protobuf import timestamp_pb2, wrappers_pb2

from lab.functions_host.alarms import Alarms
from lab.functions_host.hub import UNLIMITED, generated
from lab.functions_host.outage import HubOutage, Refuser

_THREADS = 48
_RUNNING = (
    pb.ORCHESTRATION_STATUS_RUNNING,
    pb.ORCHESTRATION_STATUS_PENDING,
    pb.ORCHESTRATION_STATUS_SUSPENDED,
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW,
)


class Engine(InMemoryOrchestrationBackend):
    """The task hub; `default_version` and `replace_finished` are host.json's durable settings."""

    def __init__(
        self,
        *,
        default_version: str | None,
        replace_finished: bool,
        timer_speed: float,
        outage: HubOutage,
    ) -> None:
        super().__init__(max_history_size=1_000_000, port=0)
        self._entities: OrderedDict[str, EntityState] = OrderedDict()
        self._default_version = default_version
        self._replace_finished = replace_finished
        self._refuser = Refuser(outage)
        self._alarms = Alarms(timer_speed)
        self._children: dict[str, tuple[str, int]] = {}
        self._enqueue_later: set[str] = set()
        self._lock_holders: dict[str, str] = {}
        self._held_back: dict[str, list[pb.HistoryEvent]] = {}

    def start(self) -> str:
        """Listen on a free port of 127.0.0.1 and return the address."""
        threads = futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="engine")
        server = grpc.server(threads, options=UNLIMITED, interceptors=[self._refuser])
        generated("add_TaskHubSidecarServiceServicer_to_server")(self, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._server = server
        return f"127.0.0.1:{port}"

    def stop(self, grace: float | None = None) -> None:
        """Stop serving; the state is gone with the object."""
        self._alarms.stop()
        super().stop(grace)

    # Starting instances

    def StartInstance(  # noqa: N802 - the service's spelling
        self, request: pb.CreateInstanceRequest, context: grpc.ServicerContext
    ) -> pb.CreateInstanceResponse:
        """Start an instance under host.json's rules for versions and for ids already used."""
        with self._lock:
            if self._default_version and not request.HasField("version"):
                request.version.value = self._default_version
            existing = self._instances.get(request.instanceId)
            explicit = request.orchestrationIdReusePolicy.replaceableStatus
            finished = existing is not None and existing.status not in _RUNNING
            if finished and self._replace_finished and not explicit:
                del self._instances[request.instanceId]
            return super().StartInstance(request, context)

    def _create_instance_internal(
        self,
        instance_id: str,
        name: str,
        encoded_input: str | None = None,
        version: str | None = None,
    ) -> None:
        super()._create_instance_internal(
            instance_id, name, encoded_input, version or self._default_version
        )

    # Children

    def _process_create_sub_orchestration_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        super()._process_create_sub_orchestration_action(instance, action)
        child_id = action.createSubOrchestration.instanceId
        child = self._instances.get(child_id)
        if child is None or self._children.get(child_id) != (instance.instance_id, action.id):
            return
        for event in child.pending_events:
            if event.HasField("executionStarted"):
                event.executionStarted.parentInstance.CopyFrom(
                    pb.ParentInstanceInfo(
                        taskScheduledId=action.id,
                        name=wrappers_pb2.StringValue(value=instance.name),
                        orchestrationInstance=pb.OrchestrationInstance(
                            instanceId=instance.instance_id
                        ),
                    )
                )

    def _watch_sub_orchestration(
        self, parent_instance_id: str, sub_instance_id: str, task_id: int
    ) -> None:
        self._children[sub_instance_id] = (parent_instance_id, task_id)
        self._report_to_parent(sub_instance_id)

    def _notify_waiters(self, instance_id: str) -> None:
        super()._notify_waiters(instance_id)
        self._report_to_parent(instance_id)

    def _report_to_parent(self, child_id: str) -> None:
        child = self._instances.get(child_id)
        if child is None or not self._is_terminal_status(child.status):
            return
        parent_id, task_id = self._children.pop(child_id, ("", 0))
        parent = self._instances.get(parent_id)
        if parent is None or self._is_terminal_status(parent.status):
            return
        parent.pending_events.append(_child_result(child, task_id))
        parent.last_updated_at = datetime.now(UTC)
        self._enqueue_orchestration(parent_id)

    # Timers

    def _process_create_timer_action(
        self, instance: OrchestrationInstance, action: pb.OrchestratorAction
    ) -> None:
        fire_at = action.createTimer.fireAt.ToDatetime(tzinfo=UTC)
        created = helpers.new_timer_created_event(action.id, fire_at)
        instance.history.append(created)
        if instance.status == pb.ORCHESTRATION_STATUS_PENDING:
            instance.status = pb.ORCHESTRATION_STATUS_RUNNING

        def fire() -> None:
            with self._lock:
                current = self._instances.get(instance.instance_id)
                if current is None or self._is_terminal_status(current.status):
                    return
                # A successor of the same id has a history without this very timer.
                if not any(_same_timer(event, created) for event in current.history):
                    return
                current.pending_events.append(helpers.new_timer_fired_event(action.id, fire_at))
                current.last_updated_at = datetime.now(UTC)
                self._enqueue_orchestration(current.instance_id)

        self._alarms.at(fire_at, fire)

    def _schedule_delayed_entity_operation(
        self, entity_id: str, event: pb.HistoryEvent, fire_at: datetime
    ) -> None:
        def fire() -> None:
            with self._lock:
                self._queue_entity_operation(entity_id, event)

        self._alarms.at(fire_at, fire)

    # Entities under a lock

    def SignalEntity(  # noqa: N802 - the service's spelling
        self, request: pb.SignalEntityRequest, context: grpc.ServicerContext
    ) -> pb.SignalEntityResponse:
        """Queue a client's signal the way an orchestration's is queued."""
        at = request.scheduledTime.ToDatetime(tzinfo=UTC)
        with self._lock:
            self._signal_entity_internal(
                request.instanceId,
                request.name,
                request.input.value,
                at if request.HasField("scheduledTime") else None,
            )
        return pb.SignalEntityResponse()

    def CompleteEntityTask(  # noqa: N802 - the service's spelling
        self, request: pb.EntityBatchResult, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Take a batch's answer, after which a lock that waited for it may be given."""
        with self._lock:
            # The base class looks at one entity after the other, of all that there ever were.
            for entity_id in self._entity_in_flight:
                entity = self._entities.get(entity_id)
                if entity and str(entity.completion_token) == request.completionToken:
                    self._entities.move_to_end(entity_id, last=False)
            response = super().CompleteEntityTask(request, context)
            self._try_grant_pending_locks()
            return response

    def _queue_entity_operation(self, entity_id: str, event: pb.HistoryEvent) -> None:
        entity = self._entities.get(entity_id)
        caller = event.entityOperationCalled.parentInstanceId.value
        if entity and entity.locked_by and caller != self._lock_holders.get(entity_id):
            self._held_back.setdefault(entity_id, []).append(event)
        else:
            super()._queue_entity_operation(entity_id, event)

    def _can_grant_lock(self, pending: PendingLockRequest) -> bool:
        busy = any(
            entity_id in self._entity_in_flight
            or ((entity := self._entities.get(entity_id)) and entity.pending_operations)
            for entity_id in pending.lock_set
        )
        return not busy and super()._can_grant_lock(pending)

    def _grant_lock(self, pending: PendingLockRequest) -> None:
        super()._grant_lock(pending)
        self._lock_holders |= dict.fromkeys(pending.lock_set, pending.parent_instance_id)

    def _try_grant_pending_locks(self) -> None:
        for entity_id in [key for key in self._held_back if not self._entities[key].locked_by]:
            for event in self._held_back.pop(entity_id):
                super()._queue_entity_operation(entity_id, event)
        super()._try_grant_pending_locks()  # type: ignore[no-untyped-call]

    # Queueing

    def _enqueue_orchestration(self, instance_id: str) -> None:
        if instance_id in self._orchestration_in_flight:
            self._enqueue_later.add(instance_id)
        else:
            super()._enqueue_orchestration(instance_id)

    def CompleteOrchestratorTask(  # noqa: N802 - the service's spelling
        self, request: pb.OrchestratorResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Take an orchestrator's answer, then queue it again for events that came meanwhile."""
        with self._lock:
            response = super().CompleteOrchestratorTask(request, context)
            instance = self._instances.get(request.instanceId)
            waiting = request.instanceId in self._enqueue_later
            self._enqueue_later.discard(request.instanceId)
            if waiting and instance and not self._is_terminal_status(instance.status):
                self._enqueue_orchestration(request.instanceId)
            return response

    def CompleteActivityTask(  # noqa: N802 - the service's spelling
        self, request: pb.ActivityResponse, context: grpc.ServicerContext
    ) -> pb.CompleteTaskResponse:
        """Take an activity's answer, unless nobody waits for it any more."""
        with self._lock:
            instance = self._instances.get(request.instanceId)
            if instance is None or self._is_terminal_status(instance.status):
                return pb.CompleteTaskResponse()
            return super().CompleteActivityTask(request, context)


def _same_timer(event: pb.HistoryEvent, created: pb.HistoryEvent) -> bool:
    return (
        event.HasField("timerCreated")
        and event.eventId == created.eventId
        and event.timerCreated.fireAt == created.timerCreated.fireAt
    )


def _child_result(child: OrchestrationInstance, task_id: int) -> pb.HistoryEvent:
    if child.status == pb.ORCHESTRATION_STATUS_COMPLETED:
        return helpers.new_sub_orchestration_completed_event(task_id, child.output)
    details = child.failure_details or pb.TaskFailureDetails(
        errorType="Terminated", errorMessage=child.output or "the orchestration was terminated"
    )
    return pb.HistoryEvent(
        eventId=-1,
        timestamp=timestamp_pb2.Timestamp(),
        subOrchestrationInstanceFailed=pb.SubOrchestrationInstanceFailedEvent(
            taskScheduledId=task_id, failureDetails=details
        ),
    )
