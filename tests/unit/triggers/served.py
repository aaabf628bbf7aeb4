"""The routes as the app registers them, called as the host calls them, with a client of ours."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import azure.functions as func

from tests.unit.triggers.calls import FakeClient
from triggers import (
    access_pass,
    blocks,
    breaker,
    cases,
    decisions,
    evidence,
    handling,
    health,
    intake,
    slack,
    undo,
)
from triggers.guard import guarded

MODULES = (
    *(intake, cases, decisions, handling, undo, access_pass, blocks, evidence),
    *(breaker, slack, health),
)


@dataclass(frozen=True)
class Route:
    """One method of one HTTP function."""

    method: str
    path: str
    """As registered, below ``/api/``: ``cases/{case_id}/undo``."""
    auth: str
    """The key that the host wants: ``anonymous`` or ``function``."""
    handler: Callable[..., Awaitable[func.HttpResponse]]
    """Everything of ours that the host's call goes through."""

    @property
    def name(self) -> str:
        """``POST /api/cases/{case_id}/undo``."""
        return f"{self.method} /api/{self.path}"

    async def call(self, request: func.HttpRequest, client: FakeClient) -> func.HttpResponse:
        """Answer a request as the host has it answered; the client is bound where it is wanted."""
        wanted = inspect.signature(self.handler).parameters
        more: dict[str, Any] = {"client": client} if "client" in wanted else {}
        return await self.handler(req=request, **more)


@cache
def routes() -> dict[str, Route]:
    """Return every route of the app by its name."""
    found = [route for module in MODULES for route in _routes_of(module.blueprint)]
    return {route.name: route for route in found}


def _routes_of(blueprint: Any) -> list[Route]:
    found = []
    for builder in blueprint._function_builders:
        function = builder._function
        trigger = function.get_trigger()
        if trigger is None or trigger.get_binding_name() != "httpTrigger":
            continue
        handler = inspect.unwrap(function.get_user_function(), stop=is_guarded)
        auth = str(getattr(trigger.auth_level, "value", trigger.auth_level)).lower()
        methods = [str(getattr(one, "value", one)) for one in trigger.methods]
        found += [Route(method, trigger.route, auth, handler) for method in methods]
    return found


def is_guarded(handler: Callable[..., Any]) -> bool:
    """Return whether a layer is ``triggers.guard.guarded``, which every route begins with."""
    code = getattr(handler, "__code__", None)
    return code is not None and code.co_qualname == guarded.__name__ + ".<locals>.answer"
