"""The lab API: tell the simulators what the world is, read what happened. Plain http, loopback."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

import jsonschema_rs
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from lab.simulators.faults import Fault, Faults
from lab.simulators.ledger import Ledger
from lab.simulators.specification import errors, load
from lab.simulators.tenant import Problem, Tenant, TenantError, TenantReader, pydantic_problems

_FAULTS = TypeAdapter(list[Fault])
MAX_BODY_BYTES = 512 * 1024 * 1024
"""A recorded tenant can be large."""


class World(Protocol):
    """What the lab API acts upon."""

    def load_tenant(self, tenant: Tenant) -> None:
        """Replace the tenant."""

    def load_incidents(self, triggers: list[dict[str, Any]]) -> None:
        """Make Sentinel incidents exist."""

    def reset(self) -> None:
        """Empty tenant, ledger and faults."""

    def snapshot(self) -> dict[str, Any]:
        """Return what the vendors hold."""

    async def health(self) -> dict[str, bool]:
        """Return, by part, whether it serves."""


class LabApi:
    """Routes below ``/_lab``."""

    def __init__(
        self,
        world: World,
        reader: TenantReader,
        ledger: Ledger,
        faults: Faults,
        urls: dict[str, str],
        vendors: Collection[str],
    ) -> None:
        self._world = world
        self._reader = reader
        self._ledger = ledger
        self._faults = faults
        self._urls = urls
        self._vendors = vendors
        self._trigger = jsonschema_rs.Draft202012Validator(
            load("sentinel-incident-trigger.schema.json")
        )

    def application(self) -> web.Application:
        """Return the web application to run."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors_as_json])
        app.router.add_put("/_lab/tenant", self.put_tenant)
        app.router.add_get("/_lab/tenant", self.get_tenant)
        app.router.add_put("/_lab/incidents", self.put_incidents)
        app.router.add_post("/_lab/reset", self.post_reset)
        app.router.add_get("/_lab/ledger", self.get_ledger)
        app.router.add_put("/_lab/faults", self.put_faults)
        app.router.add_get("/_lab/faults", self.get_faults)
        app.router.add_get("/_lab/health", self.get_health)
        return app

    async def put_tenant(self, request: web.Request) -> web.Response:
        """Replace the tenant: 200, or 422 naming every wrong field and changing nothing."""
        document = await _json(request)
        try:
            tenant = self._reader.read(document)
        except TenantError as error:
            return _unprocessable("The tenant file is wrong", error.problems)
        self._world.load_tenant(tenant)
        counts = {name: len(rows) for name, rows in tenant.tables.items()}
        return web.json_response({"users": len(tenant.accounts), "tables": counts})

    async def get_tenant(self, request: web.Request) -> web.Response:
        """The present state, including what the vendors hold."""
        return web.json_response(self._world.snapshot())

    async def put_incidents(self, request: web.Request) -> web.Response:
        """Make the Sentinel incidents of Logic App trigger bodies exist."""
        triggers = await _json(request)
        if not isinstance(triggers, list):
            return _unprocessable("Not a list", [Problem("body", "must be a list")])
        found = [
            Problem(*text.split(": ", 1))
            for index, trigger in enumerate(triggers)
            for text in errors(self._trigger, trigger, f"[{index}]")
        ]
        if found:
            return _unprocessable("An incident is wrong", found)
        self._world.load_incidents(triggers)
        return web.json_response({"incidents": [t["object"]["name"] for t in triggers]})

    async def post_reset(self, request: web.Request) -> web.Response:
        """Empty tenant, ledger and faults."""
        self._world.reset()
        return web.json_response({"reset": True})

    async def get_ledger(self, request: web.Request) -> web.Response:
        """Every request the vendors got, in order; ``?after=`` leaves out lines up to that one."""
        after = request.query.get("after", "0")
        if not after.isdigit():
            return _unprocessable("Not a number", [Problem("after", "must be a sequence number")])
        return web.json_response(self._ledger.lines(int(after)))

    async def put_faults(self, request: web.Request) -> web.Response:
        """Put these faults in force instead of the old ones: 200, or 422 changing nothing."""
        try:
            faults = _FAULTS.validate_python(await _json(request))
        except ValidationError as error:
            return _unprocessable("A fault is wrong", pydantic_problems(error))
        known = ", ".join(sorted(self._vendors))
        unknown = [
            Problem(f"[{index}].vendor", f"{fault.vendor!r} is not one of: {known}, *")
            for index, fault in enumerate(faults)
            if fault.vendor not in (*self._vendors, "*")
        ]
        if unknown:
            return _unprocessable("No such vendor", unknown)
        self._faults.replace(faults)
        return web.json_response(self._faults.listed())

    async def get_faults(self, request: web.Request) -> web.Response:
        """The faults in force and how often each has struck."""
        return web.json_response(self._faults.listed())

    async def get_health(self, request: web.Request) -> web.Response:
        """200 only when every part serves."""
        parts = await self._world.health()
        healthy = all(parts.values())
        body = {"status": "ok" if healthy else "starting", "parts": parts, "urls": self._urls}
        return web.json_response(body, status=200 if healthy else 503)


async def _json(request: web.Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        problem = _unprocessable("Not JSON", [Problem("body", str(error))])
        raise web.HTTPUnprocessableEntity(
            text=problem.text, content_type="application/json"
        ) from error


def _unprocessable(title: str, problems: list[Problem]) -> web.Response:
    listed = [{"field": p.field, "message": p.message} for p in problems]
    detail = "; ".join(f"{p.field}: {p.message}" for p in problems[:5])
    body = {"title": title, "status": 422, "detail": detail, "errors": listed}
    return web.json_response(body, status=422)


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.json_response({"title": "No such lab route", "status": 404}, status=404)
