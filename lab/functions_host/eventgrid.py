"""The Event Grid extension's webhook: `/runtime/webhooks/eventgrid?functionName=NAME&code=KEY`.

Behaviour after azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.EventGrid,
HttpRequestProcessor: the `aeg-event-type` header tells validation from notification, both schemas
are taken, a batch becomes one invocation per event. CloudEvents 1.0 webhooks validate with OPTIONS
(https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection).
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import web

from lab.functions_host.front import given_key
from lab.functions_host.metadata import EVENT_GRID_TRIGGER, Function
from lab.functions_host.pool import WorkerPool
from lab.functions_host.process import Call, WorkerLostError
from lab.functions_host.settings import HostKeys
from lab.functions_host.triggers import Bindings
from lab.functions_host.wire import json_text

_LOG = logging.getLogger(__name__)
_CLOUD_EVENTS = ("application/cloudevents+json", "application/cloudevents-batch+json")


class EventGridWebhook:
    """Receives what Event Grid would send."""

    def __init__(self, pool: WorkerPool, bindings: Bindings, keys: HostKeys) -> None:
        self._pool = pool
        self._bindings = bindings
        self._keys = keys

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a validation or deliver events."""
        if not self._keys.allow("system", given_key(request)):
            return web.Response(status=401)
        name = request.query.get("functionName", "")
        function = self._pool.functions.named(name)
        if function is None or function.trigger.type != EVENT_GRID_TRIGGER:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            return _allow_origin(request)
        if request.method != "POST":
            return web.Response(status=405)
        try:
            body = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="the body is not JSON")
        match _event_kind(request):
            case "subscriptionvalidation":
                return _validation(body)
            case "notification":
                return await self._deliver(function, body)
            case "unsubscribe":
                return web.Response(status=202)
        return web.Response(status=400)

    async def _deliver(self, function: Function, body: Any) -> web.Response:
        events = body if isinstance(body, list) else [body]
        if not all(isinstance(event, dict) for event in events):
            return web.Response(status=400, text="an event is not a JSON object")
        outcomes = await asyncio.gather(*(self._run(function, event) for event in events))
        failures = [problem for problem in outcomes if problem]
        if failures:
            # Event Grid then sends the whole batch again.
            return web.Response(status=500, text="\n".join(failures))
        return web.Response(status=202)

    async def _run(self, function: Function, event: dict[str, Any]) -> str | None:
        inputs = self._bindings.inputs(function, json_text(json.dumps(event)))
        call = Call(function.function_id, function.name, inputs, subject=str(event.get("id", "")))
        try:
            reply = await self._pool.invoke(call, redeliver=False)
        except WorkerLostError as error:
            return str(error)
        if reply["ok"]:
            return None
        _LOG.error("%s failed: %s", function.name, reply["message"])
        return str(reply["message"])


def _event_kind(request: web.Request) -> str:
    """The `aeg-event-type`; a CloudEvents delivery of another sender has none."""
    kind = request.headers.get("aeg-event-type", "").lower()
    return "notification" if not kind and request.content_type in _CLOUD_EVENTS else kind


def _allow_origin(request: web.Request) -> web.Response:
    origin = request.headers.get("WebHook-Request-Origin")
    if not origin:
        return web.Response(status=400)
    return web.Response(
        headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST"}
    )


def _validation(body: Any) -> web.Response:
    try:
        data = body[0]["data"] if isinstance(body, list) else body["data"]
        # In the CloudEvents form the data is JSON inside a string.
        code = (json.loads(data) if isinstance(data, str) else data)["validationCode"]
    except (KeyError, IndexError, TypeError, ValueError):
        return web.Response(status=400, text="no validationCode")
    return web.json_response({"validationResponse": code})
