"""The app as a WSGI application: its own routes, keys as the host checks them, stores of ours.

Every request finds the same world, so that what a request does depends on nothing before it.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
from werkzeug.wrappers import Request, Response

from shared.bootstrap import set_providers
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import AUTOMATION_KEY, CASE_ID, FakeClient
from tests.unit.triggers.served import Route, routes
from triggers.rate_limit import LIMITS

FUNCTION_KEY = "the key of this function"
SLACK_SECRET = "the secret of the chat"
PLAN = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]
MANAGEMENT = "code=the-system-key-of-the-engine"


class App:
    """Serves the routes; ``inside``: every request comes with the key that it needs."""

    def __init__(self, *, inside: bool) -> None:
        self._inside = inside
        self._runner = asyncio.Runner()
        self._patterns = [
            (re.compile("/api/" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one.path)), one)
            for one in sorted(routes().values(), key=lambda route: "{" in route.path)
        ]

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request by the rules of WSGI."""
        asked = Request(environ)
        return self._answer(asked)(environ, start_response)

    def close(self) -> None:
        """End the loop that answers."""
        self._runner.close()

    def _answer(self, asked: Request) -> Response:
        for pattern, route in self._patterns:
            match = pattern.fullmatch(asked.path)
            if match and route.method == asked.method:
                return self._serve(asked, route, match.groupdict())
        return Response(status=404)

    def _serve(self, asked: Request, route: Route, parameters: dict[str, str]) -> Response:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        by_host = route.auth == "function"
        if by_host and not self._inside:
            return Response(status=401)
        if self._inside:
            headers["x-functions-key"] = FUNCTION_KEY if by_host else AUTOMATION_KEY
        body = asked.get_data()
        if route.path == "slack/interactions":
            body, headers = _from_slack(body, headers)
        request = func.HttpRequest(
            method=route.method,
            url=asked.url,
            headers=headers,
            params={name: ",".join(asked.args.getlist(name)) for name in asked.args},
            route_params=parameters,
            body=body,
        )
        found = self._runner.run(_in_a_world_of_its_own(route, request))
        return Response(found.get_body(), found.status_code, dict(found.headers), found.mimetype)


def _from_slack(body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return what was generated as Slack sends it: in a form, signed."""
    form, now = urlencode({"payload": body}).encode(), str(int(time.time()))
    signed = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": now,
        "x-slack-signature": sign(SLACK_SECRET, now, form),
    }
    return form, headers | signed


async def _in_a_world_of_its_own(route: Route, request: func.HttpRequest) -> func.HttpResponse:
    LIMITS.holder._due.clear()
    LIMITS.address._due.clear()
    house = FakeHouse()
    stored = record(status="awaiting_decision", plan=PLAN, actions=[])
    # What a fuzzer's case id names is this case, too: behind the door is where the code is.
    asked_for = request.route_params.get("case_id", CASE_ID)
    house.cases.records[CASE_ID] = house.cases.records[asked_for] = stored
    set_providers(house.providers)
    client = FakeClient()
    response = await route.call(request, client)
    told = [one["input"] for one in client.started.values()], client.events
    json.dumps(told, allow_nan=False)
    assert MANAGEMENT.encode() not in response.get_body()
    return response
