"""The TLS front of all vendors: route, fault, authenticate, validate, serve, write the ledger."""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from lab.simulators.exchange import Answer, Call, Operation, RefusalError
from lab.simulators.faults import Fault, Faults
from lab.simulators.ledger import Ledger
from lab.simulators.vendor import Vendor

_LOG = logging.getLogger(__name__)
_BROKEN_JSON = b'{"value": [{"id": "cut off her'


@dataclass(frozen=True, slots=True)
class Route:
    """Requests below ``prefix`` go to ``vendor`` if ``claims`` agrees with the whole path."""

    prefix: str
    vendor: Vendor
    claims: Callable[[str], bool] = lambda _: True


class Gateway:
    """Takes every request of every vendor. The first route that fits wins."""

    def __init__(self, routes: list[Route], ledger: Ledger, faults: Faults) -> None:
        self._routes = routes
        self._ledger = ledger
        self._faults = faults
        self._operations = {id(r.vendor): r.vendor.operations() for r in routes}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one request of a vendor."""
        raw_path = request.rel_url.raw_path
        route = next(
            (r for r in self._routes if raw_path.startswith(r.prefix) and r.claims(raw_path)), None
        )
        if route is None:
            return web.json_response({"error": "no vendor has this path"}, status=404)
        call = Call(
            method=request.method,
            path=raw_path[len(route.prefix) :] or "/",
            query=dict(parse_qsl(request.query_string, keep_blank_values=True)),
            headers=request.headers,
            base_url=f"https://{request.host}{route.prefix}",
            raw=await request.read(),
        )
        operation, violation = self._recognise(route.vendor, call)
        names = _fault_names(operation.name if operation else "unknown", call.body)
        fault = self._faults.pick(route.vendor.name, names, _text(request, call))
        if await self._faults.is_overtaken(fault):
            _drop(request)
            return web.Response(status=503)
        if fault and fault.is_delay and _is_gone(request):
            answer = Answer(0)
        else:
            answer = await self._answer(route.vendor, operation, violation, call, fault)
        self._write(route.vendor, names[0], call, answer, fault, raw_path)
        return await self._send(request, route.vendor, answer, fault)

    def _recognise(self, vendor: Vendor, call: Call) -> tuple[Operation | None, str | None]:
        """Parse the body, find the operation, and check the request against the specification."""
        body_problem = _parse_body(call)
        found = vendor.specification.match(call.method, call.path)
        if found is None:
            extra = vendor.unmatched(call)
            if extra is not None:
                return extra, body_problem
            known = vendor.specification.knows_path(call.path)
            return None, "method not in the specification" if known else "path not in it"
        spec_operation, call.params = found
        operation = self._operations[id(vendor)].get(spec_operation.id)
        if operation is None:
            return Operation(spec_operation.id, _not_simulated), None
        call.target = call.params.get(operation.target, call.query.get(operation.target, ""))
        violation = (
            body_problem
            or vendor.prepare(call)
            or spec_operation.violation(call.params, call.query, call.headers, call.body)
            or vendor.extra_violation(call)
        )
        return operation, violation

    async def _answer(
        self,
        vendor: Vendor,
        operation: Operation | None,
        violation: str | None,
        call: Call,
        fault: Fault | None,
    ) -> Answer:
        if fault and fault.when == "before" and fault.kind != "latency":
            return Answer(0)
        refused = vendor.authenticate(call)
        if refused is not None:
            return refused
        if operation is None or violation is not None:
            status = 400 if operation else 405 if violation and "method" in violation else 404
            answer = vendor.refuse(status, violation or "")
            answer.violation = violation
            return answer
        try:
            return await operation.handler(call)
        except RefusalError as refusal:
            return refusal.answer
        except Exception as error:
            # A mistake of the simulator's must not look like the vendor's: it goes to the ledger.
            _LOG.exception("%s %s", vendor.name, operation.name)
            message = f"the simulator itself failed: {type(error).__name__}: {error}"
            return Answer(500, {"error": {"code": "LabError"}}, violation=message)

    def _write(
        self,
        vendor: Vendor,
        operation: str,
        call: Call,
        answer: Answer,
        fault: Fault | None,
        raw_path: str,
    ) -> None:
        self._ledger.write(
            vendor.name,
            operation,
            method=call.method,
            path=raw_path,
            target=call.target,
            body=call.body,
            status=_status_sent(answer, fault),
            effect=answer.effect,
            violation=answer.violation,
            fault=fault.kind if fault else None,
            query=dict(call.query),
            detail=answer.detail,
        )

    async def _send(
        self, request: web.Request, vendor: Vendor, answer: Answer, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is None:
            return _response(answer)
        if fault.kind == "latency" and answer.status:
            if fault.when == "after":
                await asyncio.sleep(fault.value or 0)
            return _response(answer)
        if fault.kind == "status":
            return _response(_fault_status(vendor, fault))
        if fault.kind == "malformed":
            return web.Response(status=200, body=_BROKEN_JSON, content_type="application/json")
        if fault.kind == "timeout":
            await self._faults.wait_for_nothing()
        _drop(request)
        return web.Response(status=503)


def _is_gone(request: web.Request) -> bool:
    """Tell whether a request's sender has given up."""
    return request.transport is None or request.transport.is_closing()


def _status_sent(answer: Answer, fault: Fault | None) -> int:
    if fault is None or fault.kind == "latency":
        return answer.status
    if fault.kind == "status":
        return int(fault.value or 500)
    return 200 if fault.kind == "malformed" else 0


def _fault_names(operation: str, body: Any) -> tuple[str, ...]:
    parts = body if isinstance(body, dict) else ()
    return (operation, *(f"{operation}.{key}" for key in parts))


def _text(request: web.Request, call: Call) -> str:
    # A mail in MIME is base64: what it says is in the body that it stands for.
    said = call.raw.decode(errors="replace") if call.body is None else json.dumps(call.body)
    return f"{unquote(str(request.rel_url))} {said} {call.raw.decode(errors='replace')}"


def _parse_body(call: Call) -> str | None:
    """Put the parsed body into ``call``; return what is wrong with it."""
    if not call.raw:
        return None
    kind = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            call.body = dict(parse_qsl(call.raw.decode(), keep_blank_values=True))
        elif kind == "text/plain":
            call.body = call.raw.decode()
        else:
            call.body = json.loads(call.raw)
    except ValueError:
        return f"body is not valid {kind or 'JSON'}"
    return None


async def _not_simulated(call: Call) -> Answer:
    message = f"{call.method} {call.path} is in the specification but not in this lab"
    return Answer(501, {"error": {"code": "NotImplemented", "message": message}})


def _fault_status(vendor: Vendor, fault: Fault) -> Answer:
    status = int(fault.value or 500)
    answer = vendor.fail(status, f"The lab was told to answer {status}.")
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = f"{fault.retry_after:g}"
    return answer


def _drop(request: web.Request) -> None:
    """Close the connection with a TCP reset instead of an answer."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    if answer.content_type != "application/json":
        return web.Response(
            status=answer.status,
            text=answer.body,
            headers=answer.headers,
            content_type=answer.content_type,
        )
    return web.Response(
        status=answer.status,
        body=json.dumps(answer.body, separators=(",", ":")).encode(),
        headers=answer.headers,
        content_type="application/json",
        charset="utf-8",
    )
