"""Between the durable engine and the workers, as the Durable Functions extension stands in Azure.

Orchestrations and entities go to the app as base64 protobuf requests and come back so; activities
go and come as JSON. What a lost worker held is delivered again. An exception of an activity becomes
failure details the extension's way: the type is what stands before the first ": " of the worker's
message, the message is the rest of its first line
(azure-functions-durable-extension, OutOfProcMiddleware.TrySplitExceptionTypeFromMessage).
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any, Literal

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from google.protobuf import wrappers_pb2

from lab.functions_host.hub import as_entity_batch
from lab.functions_host.metadata import (
    ACTIVITY_TRIGGER,
    ENTITY_TRIGGER,
    ORCHESTRATION_TRIGGER,
    Function,
)
from lab.functions_host.outage import HubOutage
from lab.functions_host.pool import WorkerPool
from lab.functions_host.process import Call, CallTimeoutError, WorkerLostError
from lab.functions_host.settings import DurableSettings
from lab.functions_host.triggers import Bindings
from lab.functions_host.wire import Frame, WireValue, json_text, plain, text

_LOG = logging.getLogger(__name__)
_RECONNECT_PAUSE = 0.5

type OnWorkerLoss = Literal["redeliver", "fail"]


class DurablePump:
    """Takes work items from the engine, has the workers do them, and hands the results back.

    `on_worker_loss` says what becomes of an activity or entity batch whose worker dies:
    `redeliver` runs it again, as in Azure when the whole instance is lost; `fail` reports a
    failure, as the extension does when only the language worker process exits. Orchestrators are
    always delivered again.
    """

    def __init__(
        self,
        hub: Any,
        pool: WorkerPool,
        bindings: Bindings,
        settings: DurableSettings,
        on_worker_loss: OnWorkerLoss,
        outage: HubOutage,
    ) -> None:
        self._hub = hub
        self._outage = outage
        self._pool = pool
        self._bindings = bindings
        self._redeliver = on_worker_loss == "redeliver"
        self._limits = {
            "orchestratorRequest": asyncio.Semaphore(
                settings.max_concurrent_orchestrator_functions
            ),
            "activityRequest": asyncio.Semaphore(settings.max_concurrent_activity_functions),
            "entityRequestV2": asyncio.Semaphore(settings.max_concurrent_entity_functions),
        }
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve work items until cancelled."""
        try:
            while True:
                try:
                    await self._take_work()
                except grpc.aio.AioRpcError as error:
                    _LOG.warning("The stream of work items broke: %s", error.details())
                await asyncio.sleep(_RECONNECT_PAUSE)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _take_work(self) -> None:
        async for item in self._hub.GetWorkItems(pb.GetWorkItemsRequest()):
            task = asyncio.create_task(self._handle(item))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, item: pb.WorkItem) -> None:
        kind = item.WhichOneof("request")
        if kind not in self._limits:
            _LOG.error("The engine sent work of an unknown kind: %s", kind)
            return
        try:
            async with self._limits[kind]:
                await self._outage.over()
                while not await self._do(kind, item):
                    # Its message is visible again once the hub is back.
                    await self._outage.over()
        except WorkerLostError:
            _LOG.info("The host stops: %s work is left undone", kind)
        except Exception:
            _LOG.exception("%s could not be completed", kind)

    async def _do(self, kind: str, item: pb.WorkItem) -> bool:
        """Do a piece of work and report it; False when the hub was away by then."""
        response: pb.OrchestratorResponse | pb.ActivityResponse | pb.EntityBatchResult
        if kind == "orchestratorRequest":
            response = await self._orchestrator(item.orchestratorRequest, item.completionToken)
            complete = self._hub.CompleteOrchestratorTask
        elif kind == "activityRequest":
            response = await self._activity(item.activityRequest, item.completionToken)
            complete = self._hub.CompleteActivityTask
        else:
            response = await self._entity(item.entityRequestV2, item.completionToken)
            complete = self._hub.CompleteEntityTask
        if self._outage.away:
            return False
        await complete(response)
        return True

    async def _call(
        self, function: Function, value: WireValue, subject: str, *, redeliver: bool
    ) -> Frame:
        inputs = self._bindings.inputs(function, value)
        call = Call(function.function_id, function.name, inputs, subject=subject)
        return await self._pool.invoke(call, redeliver=redeliver)

    async def _orchestrator(
        self, request: pb.OrchestratorRequest, token: str
    ) -> pb.OrchestratorResponse:
        started = [
            event.executionStarted
            for event in (*request.pastEvents, *request.newEvents)
            if event.HasField("executionStarted")
        ]
        name = started[-1].name if started else ""
        function = self._pool.functions.durable(ORCHESTRATION_TRIGGER, name)
        if function is None:
            response = _failed_orchestration(_not_found("orchestrator", name))
        else:
            body = text(base64.b64encode(request.SerializeToString()).decode())
            reply = await self._replay(function, body, request.instanceId)
            if reply["ok"]:
                response = pb.OrchestratorResponse.FromString(_from_base64(reply))
            else:
                response = _failed_orchestration(failure_details(reply))
        response.instanceId = request.instanceId
        response.completionToken = token
        return response

    async def _replay(self, function: Function, body: WireValue, instance_id: str) -> Frame:
        """Run an orchestrator until a worker answers: it has no effects, so it can always rerun."""
        while True:
            try:
                return await self._call(function, body, instance_id, redeliver=True)
            except CallTimeoutError as error:
                _LOG.warning("%s: %s", function.name, error)

    async def _activity(self, request: pb.ActivityRequest, token: str) -> pb.ActivityResponse:
        instance_id = request.orchestrationInstance.instanceId
        response = pb.ActivityResponse(
            instanceId=instance_id, taskId=request.taskId, completionToken=token
        )
        function = self._pool.functions.durable(ACTIVITY_TRIGGER, request.name)
        if function is None:
            response.failureDetails.CopyFrom(_not_found("activity", request.name))
        else:
            value = json_text(request.input.value if request.HasField("input") else "null")
            try:
                reply = await self._call(function, value, instance_id, redeliver=self._redeliver)
            except WorkerLostError as error:
                reply = _lost(function.name, error)
            if reply["ok"]:
                response.result.CopyFrom(wrappers_pb2.StringValue(value=_as_json(reply["return"])))
            else:
                response.failureDetails.CopyFrom(failure_details(reply))
        return response

    async def _entity(self, request: pb.EntityRequest, token: str) -> pb.EntityBatchResult:
        batch, destinations = as_entity_batch(request)
        name = request.instanceId.removeprefix("@").partition("@")[0]
        function = self._pool.functions.durable(ENTITY_TRIGGER, name)
        if function is None:
            result = _failed_batch(batch, _not_found("entity", name))
        else:
            body = text(base64.b64encode(batch.SerializeToString()).decode())
            try:
                reply = await self._call(
                    function, body, request.instanceId, redeliver=self._redeliver
                )
            except WorkerLostError as error:
                reply = _lost(function.name, error)
            if reply["ok"]:
                result = pb.EntityBatchResult.FromString(_from_base64(reply))
            else:
                result = _failed_batch(batch, failure_details(reply))
        del result.operationInfos[:]
        result.operationInfos.extend(destinations)
        result.completionToken = token
        return result


def _lost(function: str, error: WorkerLostError) -> Frame:
    """What the extension reports: the host's own exception, not the app's."""
    if isinstance(error, CallTimeoutError):
        what = "FunctionTimeoutException: Timeout value was exceeded by function"
    else:
        what = "FunctionInvocationException: Exception while executing function"
    message = f"Microsoft.Azure.WebJobs.Host.{what}: Functions.{function}"
    return {"ok": False, "message": message, "stack": str(error)}


def _from_base64(reply: Frame) -> bytes:
    return base64.b64decode(plain(reply["return"]) or b"")


def _as_json(value: WireValue) -> str:
    """An activity's result as the engine keeps it: JSON text."""
    content = plain(value)
    if content is None:
        return "null"
    if isinstance(content, bytes):
        return json.dumps(base64.b64encode(content).decode())
    return json.dumps(content) if value is not None and "string" in value else content


def failure_details(reply: Frame) -> pb.TaskFailureDetails:
    """Failure details of an exception, split the way the Durable extension does."""
    message = str(reply["message"])
    kind, separator, rest = message.partition(": ")
    first_line = rest.split("\n", 1)[0].rstrip()
    return pb.TaskFailureDetails(
        errorType=kind.rstrip() if separator else "(unknown)",
        # The in-memory engine takes a failure without a message for a success.
        errorMessage=first_line or message.strip() or "(no message)",
        stackTrace=wrappers_pb2.StringValue(value=str(reply.get("stack", ""))),
    )


def _not_found(kind: str, name: str) -> pb.TaskFailureDetails:
    return pb.TaskFailureDetails(
        errorType=f"{kind.capitalize()}FunctionNotFound",
        errorMessage=f"The function '{name}' doesn't exist, is disabled, or is not a(n) {kind} "
        "function.",
        isNonRetriable=True,
    )


def _failed_orchestration(details: pb.TaskFailureDetails) -> pb.OrchestratorResponse:
    return pb.OrchestratorResponse(
        actions=[
            pb.OrchestratorAction(
                id=-1,
                completeOrchestration=pb.CompleteOrchestrationAction(
                    orchestrationStatus=pb.ORCHESTRATION_STATUS_FAILED, failureDetails=details
                ),
            )
        ]
    )


def _failed_batch(
    batch: pb.EntityBatchRequest, details: pb.TaskFailureDetails
) -> pb.EntityBatchResult:
    """Every operation fails and the entity keeps the state it had."""
    failure = pb.OperationResult(failure=pb.OperationResultFailure(failureDetails=details))
    return pb.EntityBatchResult(
        results=[failure] * len(batch.operations), entityState=batch.entityState
    )
