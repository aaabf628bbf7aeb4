"""Every route tried with everything that a caller can show: the table in docs/permissions.md.

The table is ``shared.permissions.callers``; a route that it does not list fails here.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.models.base import Json
from shared.permissions.callers import DOORS, Door, Way, When
from shared.providers.slack import signature
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import planned, record
from tests.unit.source_files import ROOT
from tests.unit.triggers.calls import CASE_ID, FakeClient, request
from tests.unit.triggers.credentials import (
    FORGED,
    FUNCTION_KEY,
    GENUINE,
    SIGNED_IN,
    SIGNED_IN_BUT_NOT,
    SLACK_SECRET,
    Shown,
)
from tests.unit.triggers.served import Route, routes
from triggers.rate_limit import LIMITS

REFUSED = frozenset({401, 403})
BODIES: dict[str, Json] = {
    "decision": {"actions": ["NoAction"]},
    "access-pass": {"comment": "because", "minutes": 60},
    "blocks": {"address": "203.0.113.7", "lift": True, "comment": "because"},
}
"""What is sent to routes that do not take just a comment."""
PLAN = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]


@pytest.fixture(autouse=True)
def _world(house: FakeHouse, configure: Callable[..., None]) -> None:
    configure(slack_signing_secret=SLACK_SECRET)
    house.cases.records[CASE_ID] = record(status="awaiting_decision", plan=PLAN, actions=[])


async def gets_in(name: str, shown: Shown) -> bool:
    """Return whether the route does anything but refuse; the host's own check comes first."""
    route, client = routes()[name], FakeClient()
    LIMITS.holder._due.clear()
    if route.auth == "function" and not shown.is_function_key:
        return False
    response = await route.call(_request(route, shown), client)
    if response.status_code == 303:
        # A genuine link: whether it opens the page is said to the session that it brings.
        cookie = response.headers["Set-Cookie"].partition(";")[0]
        assert not client.events and not response.get_body()
        response = await route.call(
            request("GET", headers=shown.headers | {"cookie": cookie}), client
        )
    if response.status_code in REFUSED:
        assert not client.events and not client.started, "refused, and done all the same"
        assert b"ann@contoso.com" not in response.get_body()
        return False
    return True


def _request(route: Route, shown: Shown) -> func.HttpRequest:
    method = route.method
    params: dict[str, Any] = dict(shown.params)
    if shown.slack:
        raw = urlencode({"payload": "{}"}).encode()
        then = str(int(time.time()) - shown.slack_seconds_ago)
        signed = {
            "x-slack-request-timestamp": then,
            "x-slack-signature": signature.sign(shown.slack_secret, then, raw),
        }
        return request(method, raw=raw, headers=shown.headers | signed, **params)
    if "content-type" in shown.headers and method == "POST":
        fields = {"csrf": shown.csrf, "instead": "NoAction", "do": "close", "comment": "because"}
        raw = urlencode(fields).encode()
        return request(method, raw=raw, headers=shown.headers, **params)
    body = BODIES.get(route.path.rpartition("/")[2], {"comment": "because"})
    sent = body if method == "POST" else None
    return request(method, sent, headers=shown.headers, **params)


def opens(door: Door, way: Way, *, sign_in: bool) -> bool:
    if door.anybody:
        return True
    if way in SIGNED_IN and not sign_in:
        left = SIGNED_IN[way]
        return left is not None and opens(door, left, sign_in=False)
    when = door.ways.get(way)
    return when is When.ALWAYS or (when is When.NO_SIGN_IN and not sign_in)


def test_every_route_has_its_row() -> None:
    assert set(DOORS) == set(routes())
    by_host = {name for name, route in routes().items() if route.auth == "function"}
    assert {name for name, door in DOORS.items() if Way.FUNCTION_KEY in door.ways} == by_host


@pytest.mark.parametrize("sign_in", [False, True], ids=["nobody signs in", "people sign in"])
@pytest.mark.parametrize("name", DOORS)
async def test_each_way_in_opens_what_the_table_says_and_nothing_else(
    name: str, sign_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", str(sign_in))
    for way, show in GENUINE.items():
        expected = opens(DOORS[name], way, sign_in=sign_in)
        assert await gets_in(name, show()) is expected, way


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if not door.anybody])
async def test_what_is_forged_expired_or_anothers_opens_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sign_in in (False, True):
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", str(sign_in))
        for what, show in FORGED.items():
            if sign_in and "approver" in what:
                continue
            assert not await gets_in(name, show()), what


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if not door.anybody])
async def test_who_is_signed_in_and_may_not_changes_and_reads_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    for what, show in SIGNED_IN_BUT_NOT.items():
        assert not await gets_in(name, show()), what


@pytest.mark.parametrize("name", ["acknowledge", "close"])
async def test_a_function_key_does_not_make_an_approver_of_whoever_is_signed_in(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    route = f"POST /api/cases/{{case_id}}/{name}"
    for what, show in SIGNED_IN_BUT_NOT.items():
        shown = show()
        assert not await gets_in(
            route, Shown(shown.headers | {"x-functions-key": FUNCTION_KEY}, shown.params)
        ), what


async def test_without_keys_in_the_settings_no_key_opens_anything(
    monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    configure(automation_key="", link_signing_key="", slack_signing_secret="")
    for name, route in routes().items():
        if route.auth == "function" or DOORS[name].anybody:
            continue
        for way, show in GENUINE.items():
            shown = show()
            found = await route.call(_request(route, shown), FakeClient())
            assert found.status_code in (401, 403, 404), (name, way)


async def test_health_says_nothing_to_whom_it_does_not_know(client: FakeClient) -> None:
    route = routes()["GET /api/health"]
    for what, show in FORGED.items():
        found = await route.call(_request(route, show()), client)
        assert found.get_body() == b'{"status": "ok"}', what


def test_the_page_lists_every_route() -> None:
    page = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    assert not [name for name in DOORS if f"| `{name}` |" not in page]
