"""The host's own API under `/admin`, for the master key; and what the lab adds to it.

The lab's additions: `GET /admin/lab/workers`, the worker processes with what each is doing now, and
`GET /admin/lab/history/{instance_id}`, an instance's history.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
from aiohttp import web
from google.protobuf import json_format

from lab.functions_host.front import given_key
from lab.functions_host.metadata import HTTP_TRIGGER, TIMER_TRIGGER, Function
from lab.functions_host.pool import WorkerPool
from lab.functions_host.settings import HostKeys

_LOG = logging.getLogger(__name__)
_VERSION = "4.0-lab"

type RunTimer = Callable[[Function], Awaitable[None]]


class AdminApi:
    """Status, functions, running a timer by hand, and the workers."""

    def __init__(
        self,
        pool: WorkerPool,
        hub: Any,
        keys: HostKeys,
        route_prefix: str,
        run_timer: RunTimer,
    ) -> None:
        self._pool = pool
        self._hub = hub
        self._keys = keys
        self._prefix = route_prefix
        self._run_timer = run_timer
        self._started = time.monotonic()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer `/admin/...`."""
        path = [unquote(part) for part in request.match_info["tail"].strip("/").split("/")]
        if path == ["host", "ping"]:
            return web.Response()
        if not self._keys.allow("admin", given_key(request)):
            return web.Response(status=401)
        match request.method, path:
            case "GET", ["host", "status"]:
                return web.json_response(self._status())
            case "GET", ["functions"]:
                return web.json_response(
                    [self._describe(function, request) for function in self._pool.functions]
                )
            case "GET", ["functions", name]:
                function = self._pool.functions.named(name)
                if function is not None:
                    return web.json_response(self._describe(function, request))
            case "POST", ["functions", name]:
                return await self._run(name)
            case "GET", ["lab", "workers"]:
                return web.json_response(
                    {"workers": self._pool.describe(), "restarts": self._pool.restarts}
                )
            case "GET", ["lab", "history", instance_id]:
                return await self._history(instance_id)
        return web.Response(status=404)

    async def _history(self, instance_id: str) -> web.Response:
        """An instance's history as the engine keeps it, with its size and number of replays."""
        request = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
        try:
            events = [
                event
                async for chunk in self._hub.StreamInstanceHistory(request)
                for event in chunk.events
            ]
        except grpc.aio.AioRpcError:
            return web.Response(status=404)
        return web.json_response(
            {
                "instance_id": instance_id,
                "events": len(events),
                "bytes": sum(event.ByteSize() for event in events),
                "replays": sum(event.HasField("orchestratorStarted") for event in events),
                "history": [json_format.MessageToDict(event) for event in events],
            }
        )

    def _status(self) -> dict[str, Any]:
        return {
            "id": "lab",
            "state": "Running" if self._pool.pids() else "Starting",
            "version": _VERSION,
            "versionDetails": _VERSION,
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "processId": os.getpid(),
        }

    def _describe(self, function: Function, request: web.Request) -> dict[str, Any]:
        origin = f"{request.scheme}://{request.host}"
        template = None
        if function.trigger.type == HTTP_TRIGGER:
            route = str(function.trigger.settings.get("route") or function.name)
            template = "/".join(part for part in (origin, self._prefix, route) if part)
        return {
            "name": function.name,
            "href": f"{origin}/admin/functions/{function.name}",
            "invoke_url_template": template,
            "language": "python",
            "isDisabled": False,
            "config": {
                "scriptFile": function.script_file,
                "bindings": [dict(binding.settings) for binding in function.bindings],
            },
        }

    async def _run(self, name: str) -> web.Response:
        """Run a timer function now, as the portal's "Test/Run" does."""
        function = self._pool.functions.named(name)
        if function is None:
            return web.Response(status=404)
        if function.trigger.type != TIMER_TRIGGER:
            return web.Response(status=400, text=json.dumps({"error": "not a timer function"}))
        await self._run_timer(function)
        return web.Response(status=202)
