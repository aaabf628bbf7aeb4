"""The HTTP front: the app's routes, with access keys checked and requests handed to the workers."""

from __future__ import annotations

import email.utils
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from lab.functions_host.metadata import Function
from lab.functions_host.pool import WorkerPool
from lab.functions_host.process import Call, WorkerLostError
from lab.functions_host.routes import Route, find_route
from lab.functions_host.settings import HostKeys
from lab.functions_host.triggers import Bindings
from lab.functions_host.wire import Frame, WireValue, http, plain

_LOG = logging.getLogger(__name__)
_SAME_SITE = {1: "Lax", 2: "Strict", 3: "None"}
# The server sets these itself; a second copy would break the response.
_HOP_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})


def given_key(request: web.Request) -> str:
    """The access key a request carries: header `x-functions-key`, else query parameter `code`."""
    return request.headers.get("x-functions-key") or request.query.get("code", "")


class FunctionFront:
    """Serves the app's HTTP functions."""

    def __init__(
        self, pool: WorkerPool, bindings: Bindings, keys: HostKeys, routes: list[Route]
    ) -> None:
        self._pool = pool
        self._bindings = bindings
        self._keys = keys
        self._routes = routes

    async def handle(self, request: web.Request) -> web.Response:
        """Answer any request that is not for the host itself."""
        path = request.rel_url.raw_path
        if path == "/":
            return web.Response(text="Your Functions app is up and running.\n")
        found = find_route(self._routes, request.method, path)
        if found is None:
            return web.Response(status=404)
        route, parameters = found
        if not self._keys.allow(route.auth_level, given_key(request)):
            return web.Response(status=401)
        value = http(
            request.method,
            str(request.url),
            _flat(request.headers, lower=True),
            _flat(request.query),
            {name: unquote(value) for name, value in parameters.items()},
            await request.read(),
        )
        return await self._run(route.function, value, request.headers.get("traceparent", ""))

    async def _run(self, function: Function, value: WireValue, trace: str) -> web.Response:
        inputs = self._bindings.inputs(function, value)
        call = Call(function.function_id, function.name, inputs, trace_parent=trace)
        try:
            reply = await self._pool.invoke(call, redeliver=False)
        except WorkerLostError as error:
            _LOG.warning("%s: %s", function.name, error)
            return web.Response(status=500)
        if not reply["ok"]:
            _LOG.error("%s failed: %s", function.name, reply["message"])
            return web.Response(status=500)
        return to_response(function, reply)


def _flat(pairs: Mapping[str, str], *, lower: bool = False) -> dict[str, str]:
    """Join repeated names with a comma and drop empty values, as the real host does."""
    joined: dict[str, str] = {}
    for name, value in pairs.items():
        key = name.lower() if lower else name
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return {name: value for name, value in joined.items() if value}


def to_response(function: Function, reply: Frame) -> web.Response:
    """The HTTP response a function returned, from `$return` or from its http output binding."""
    output = next(
        (binding.name for binding in function.bindings if binding.type == "http"), "$return"
    )
    value: WireValue = reply["return"] or reply["outputs"].get(output)
    if value is None:
        return web.Response(status=204)
    if "http" not in value:
        return web.Response(body=_as_bytes(plain(value)), content_type="text/plain")
    answer = value["http"]
    response = web.Response(status=answer["status"], body=_as_bytes(plain(answer["body"])))
    response.headers.popall("Content-Type", None)
    for name, content in answer["headers"].items():
        if name.lower() not in _HOP_HEADERS:
            response.headers[name] = content
    for cookie in answer["cookies"]:
        response.headers.add("Set-Cookie", _set_cookie(cookie))
    return response


def _as_bytes(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


def _set_cookie(cookie: Mapping[str, Any]) -> str:
    parts = [f"{cookie['name']}={cookie['value']}"]
    if cookie["expires"] is not None:
        parts.append(f"Expires={email.utils.formatdate(cookie['expires'], usegmt=True)}")
    if cookie["max_age"] is not None:
        parts.append(f"Max-Age={int(cookie['max_age'])}")
    parts += [
        f"{label}={cookie[name]}"
        for name, label in (("domain", "Domain"), ("path", "Path"))
        if cookie[name]
    ]
    parts += [
        label for name, label in (("secure", "Secure"), ("http_only", "HttpOnly")) if cookie[name]
    ]
    if cookie["same_site"] in _SAME_SITE:
        parts.append(f"SameSite={_SAME_SITE[cookie['same_site']]}")
    return "; ".join(parts)
