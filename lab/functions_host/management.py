"""The Durable extension's HTTP API, `/runtime/webhooks/durabletask/*`, for the system key.

Paths, status codes and field names:
https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from aiohttp import web
from google.protobuf import wrappers_pb2

from lab.functions_host.front import given_key
from lab.functions_host.metadata import ORCHESTRATION_TRIGGER, FunctionTable
from lab.functions_host.settings import HostKeys
from lab.functions_host.triggers import management_urls

_LOG = logging.getLogger(__name__)
_STATUS = {
    pb.ORCHESTRATION_STATUS_RUNNING: "Running",
    pb.ORCHESTRATION_STATUS_COMPLETED: "Completed",
    pb.ORCHESTRATION_STATUS_CONTINUED_AS_NEW: "ContinuedAsNew",
    pb.ORCHESTRATION_STATUS_FAILED: "Failed",
    pb.ORCHESTRATION_STATUS_CANCELED: "Canceled",
    pb.ORCHESTRATION_STATUS_TERMINATED: "Terminated",
    pb.ORCHESTRATION_STATUS_PENDING: "Pending",
    pb.ORCHESTRATION_STATUS_SUSPENDED: "Suspended",
}
_FINISHED = ("Completed", "Failed", "Terminated", "Canceled")


class DurableWebhook:
    """Management of instances and entities."""

    def __init__(self, hub: Any, functions: FunctionTable, keys: HostKeys, hub_name: str) -> None:
        self._hub = hub
        self._functions = functions
        self._keys = keys
        self._hub_name = hub_name

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one management request."""
        if not self._keys.allow("system", given_key(request)):
            return web.Response(status=401)
        raw = request.rel_url.raw_path.split("/durabletask/", 1)[-1].strip("/")
        parts = [unquote(part) for part in raw.split("/")]
        try:
            return await self._route(request, parts)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.ALREADY_EXISTS:
                return web.Response(status=409, text=error.details())
            if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                return web.Response(status=400, text=error.details())
            _LOG.error("The engine refused a management request: %s", error.details())
            return web.Response(status=500)
        except ValueError as error:
            return web.Response(status=400, text=str(error))

    async def _route(self, request: web.Request, parts: list[str]) -> web.Response:
        match request.method, parts:
            case "GET", ["instances"]:
                return await self._list(request)
            case "GET", ["instances", instance_id]:
                return await self._status(request, instance_id)
            case "DELETE", ["instances", instance_id]:
                return await self._purge(instance_id)
            case "POST", ["instances", instance_id, operation, *rest]:
                return await self._change(request, instance_id, operation.lower(), rest)
            case "POST", ["orchestrators", name, *rest]:
                return await self._start(request, name, rest[0] if rest else "")
            case "GET", ["entities", name, key]:
                return await self._entity(name, key)
            case "POST", ["entities", name, key]:
                return await self._signal(request, name, key)
        return web.Response(status=404)

    async def _get(
        self, instance_id: str, *, payloads: bool = True
    ) -> pb.OrchestrationState | None:
        answer = await self._hub.GetInstance(
            pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=payloads)
        )
        return answer.orchestrationState if answer.exists else None

    async def _status(self, request: web.Request, instance_id: str) -> web.Response:
        state = await self._get(instance_id)
        if state is None:
            return web.Response(status=404)
        body = _describe(state, show_input=request.query.get("showInput", "true") != "false")
        status = body["runtimeStatus"]
        if status in _FINISHED or status == "Suspended":
            failed = request.query.get("returnInternalServerErrorOnFailure", "").lower() == "true"
            return web.json_response(body, status=500 if failed and status == "Failed" else 200)
        return web.json_response(body, status=202, headers={"Location": str(request.url)})

    async def _list(self, request: web.Request) -> web.Response:
        wanted = [name for name in request.query.get("runtimeStatus", "").split(",") if name]
        numbers = {name.lower(): number for number, name in _STATUS.items()}
        unknown = [name for name in wanted if name.lower() not in numbers]
        if unknown:
            raise ValueError(f"unknown runtimeStatus {', '.join(unknown)}")
        query = pb.InstanceQuery(
            runtimeStatus=[numbers[name.lower()] for name in wanted],
            maxInstanceCount=int(request.query.get("top", "100")),
            fetchInputsAndOutputs=True,
        )
        if prefix := request.query.get("instanceIdPrefix"):
            query.instanceIdPrefix.value = prefix
        if token := request.headers.get("x-ms-continuation-token"):
            query.continuationToken.value = token
        for parameter in ("createdTimeFrom", "createdTimeTo"):
            if moment := request.query.get(parameter):
                getattr(query, parameter).FromDatetime(datetime.fromisoformat(moment))
        answer = await self._hub.QueryInstances(pb.QueryInstancesRequest(query=query))
        headers = (
            {"x-ms-continuation-token": answer.continuationToken.value}
            if answer.HasField("continuationToken")
            else {}
        )
        show_input = request.query.get("showInput", "true") != "false"
        found = [_describe(state, show_input=show_input) for state in answer.orchestrationState]
        return web.json_response(found, headers=headers)

    async def _purge(self, instance_id: str) -> web.Response:
        answer = await self._hub.PurgeInstances(pb.PurgeInstancesRequest(instanceId=instance_id))
        if not answer.deletedInstanceCount:
            return web.Response(status=404)
        return web.json_response({"instancesDeleted": answer.deletedInstanceCount})

    async def _change(
        self, request: web.Request, instance_id: str, operation: str, rest: list[str]
    ) -> web.Response:
        state = await self._get(instance_id, payloads=False)
        if state is None:
            return web.Response(status=404)
        finished = _STATUS[state.orchestrationStatus] in _FINISHED
        if finished and operation in ("raiseevent", "terminate", "suspend", "resume"):
            return web.Response(status=410)
        reason = wrappers_pb2.StringValue(value=json.dumps(request.query.get("reason", "")))
        match operation:
            case "raiseevent" if rest:
                event = pb.RaiseEventRequest(instanceId=instance_id, name=rest[0])
                event.input.value = await _json_body(request)
                await self._hub.RaiseEvent(event)
            case "terminate":
                await self._hub.TerminateInstance(
                    pb.TerminateRequest(instanceId=instance_id, output=reason)
                )
            case "suspend":
                await self._hub.SuspendInstance(
                    pb.SuspendRequest(instanceId=instance_id, reason=reason)
                )
            case "resume":
                await self._hub.ResumeInstance(
                    pb.ResumeRequest(instanceId=instance_id, reason=reason)
                )
            case "rewind":
                await self._hub.RewindInstance(
                    pb.RewindInstanceRequest(instanceId=instance_id, reason=reason)
                )
            case "restart":
                fresh = request.query.get("restartWithNewInstanceId", "true").lower() == "true"
                answer = await self._hub.RestartInstance(
                    pb.RestartInstanceRequest(
                        instanceId=instance_id, restartWithNewInstanceId=fresh
                    )
                )
                return self._links(request, answer.instanceId)
            case _:
                return web.Response(status=404)
        return web.Response(status=202)

    async def _start(self, request: web.Request, name: str, instance_id: str) -> web.Response:
        if self._functions.durable(ORCHESTRATION_TRIGGER, name) is None:
            raise ValueError(f"The function '{name}' doesn't exist, or is not an orchestrator.")
        start = pb.CreateInstanceRequest(instanceId=instance_id, name=name)
        start.input.value = await _json_body(request)
        answer = await self._hub.StartInstance(start)
        return self._links(request, answer.instanceId)

    async def _entity(self, name: str, key: str) -> web.Response:
        answer = await self._hub.GetEntity(
            pb.GetEntityRequest(instanceId=f"@{name.lower()}@{key}", includeState=True)
        )
        if not answer.exists or not answer.entity.HasField("serializedState"):
            return web.Response(status=404)
        return web.Response(
            text=answer.entity.serializedState.value, content_type="application/json"
        )

    async def _signal(self, request: web.Request, name: str, key: str) -> web.Response:
        signal = pb.SignalEntityRequest(
            instanceId=f"@{name.lower()}@{key}", name=request.query.get("op", "")
        )
        signal.input.value = await _json_body(request)
        await self._hub.SignalEntity(signal)
        return web.Response(status=202)

    def _links(self, request: web.Request, instance_id: str) -> web.Response:
        root = f"{request.scheme}://{request.host}/runtime/webhooks/durabletask/instances"
        keys = f"taskHub={self._hub_name}&connection=Storage&code={self._keys.system}"
        links = management_urls(f"{root}/{quote(instance_id, safe='')}", keys, instance_id)
        headers = {"Location": links["statusQueryGetUri"], "Retry-After": "10"}
        return web.json_response(links, status=202, headers=headers)


def _describe(state: pb.OrchestrationState, *, show_input: bool) -> dict[str, Any]:
    output = _parsed(state.output.value)
    if state.HasField("failureDetails"):
        output = f"{state.failureDetails.errorType}: {state.failureDetails.errorMessage}"
    return {
        "name": state.name,
        "instanceId": state.instanceId,
        "runtimeStatus": _STATUS[state.orchestrationStatus],
        "input": _parsed(state.input.value) if show_input else None,
        "customStatus": _parsed(state.customStatus.value),
        "output": output,
        "createdTime": state.createdTimestamp.ToJsonString(),
        "lastUpdatedTime": state.lastUpdatedTimestamp.ToJsonString(),
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


async def _json_body(request: web.Request) -> str:
    """The body, which must be JSON; an empty one is `null`."""
    text = await request.text() or "null"
    json.loads(text)
    return text
