"""What holds for every route, whatever comes in and whatever breaks inside."""

import json
from typing import Any

import grpc
import pytest

from shared.errors import RetryableError
from tests.support.fakes import FakeHouse
from tests.unit.playbook.bodies import account, address, trigger
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FakeClient,
    answer,
    event,
    handler,
    request,
    wrong_fields,
)
from tests.unit.triggers.served import Route, is_guarded, routes
from triggers import intake

EVERY = pytest.mark.parametrize("route", routes().values(), ids=routes())
on_security_event = handler(intake.on_security_event)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000",
}


class BrokenClient(FakeClient):
    """A durable client whose every call fails, as it does when the engine is away."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def get_orchestration_state(self, instance_id: str, **_options: Any) -> Any:
        raise self._error

    async def get_entity(self, _entity: object) -> None:
        raise self._error


STARTERS: dict[str, Any] = {
    "POST /api/incidents": trigger(account("ann"), address("203.0.113.7")),
    "POST /api/cases": {
        "user_id": "ann@contoso.com",
        "case_id": "S-1",
        "alert_group_identifiers": ["a"],
    },
}


def body_of(route: Route) -> Any:
    return STARTERS.get(f"POST /api/{route.path}", {"comment": "because", "actions": []})


@EVERY
def test_every_route_is_guarded(route: Route) -> None:
    assert is_guarded(route.handler)


@EVERY
@pytest.mark.parametrize("shown", [{}, BY_KEY], ids=["nothing shown", "the automation key"])
@pytest.mark.parametrize("accept", [{}, {"accept": "text/html"}], ids=["a program", "a browser"])
async def test_every_answer_has_the_security_headers(
    route: Route,
    accept: dict[str, str],
    shown: dict[str, str],
    house: FakeHouse,
    client: FakeClient,
) -> None:
    house.cases.records[CASE_ID] = record()
    asked = request(route.method, body_of(route), headers=shown | accept)
    for wrong in (asked, request(route.method, raw=b"\xff{", headers=shown | accept)):
        response = await route.call(wrong, client)
        sent = {name: response.headers[name] for name in HEADERS}
        assert sent == HEADERS
        assert response.headers["Cache-Control"] in ("no-store", "no-cache")
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert response.status_code < 500


@EVERY
@pytest.mark.parametrize(
    "error", [grpc.RpcError("UNAVAILABLE"), RuntimeError("of 10.0.0.1: pass" + "word")]
)
async def test_an_engine_that_is_away_is_said_and_nothing_of_the_inside_is(
    route: Route, error: Exception, house: FakeHouse
) -> None:
    case_id = "case-" + "f" * 24
    asked = request(route.method, body_of(route), case_id=case_id, headers=BY_KEY)
    response = await route.call(asked, BrokenClient(error))
    assert b"10.0.0.1" not in response.get_body() and b"Traceback" not in response.get_body()
    assert response.mimetype in ("application/problem+json", "application/json", "text/plain")
    expected = {503} if isinstance(error, grpc.RpcError) else {500}
    if route.name not in STARTERS:
        expected |= {200, 400, 401, 404}
    assert response.status_code in expected


class DeafClient(FakeClient):
    """A durable client of an engine that still reads and starts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.down = True


AWAY = pytest.mark.parametrize(
    "engine",
    [BrokenClient(grpc.RpcError("UNAVAILABLE")), DeafClient()],
    ids=["answers nothing", "starts nothing"],
)


@pytest.mark.parametrize("name", STARTERS)
@AWAY
async def test_a_case_that_the_engine_does_not_take_is_503_and_sent_again(
    name: str, engine: FakeClient, house: FakeHouse, client: FakeClient
) -> None:
    asked = request(body=STARTERS[name], headers=BY_KEY)
    response = await routes()[name].call(asked, engine)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert not engine.started
    # The same body again, when the engine is back: it was the engine and nothing of the body.
    assert (await routes()[name].call(asked, client)).status_code == 202
    assert [one["name"] for one in client.started.values()] == ["respond"]


@pytest.mark.parametrize("data", STARTERS.values(), ids=STARTERS)
@AWAY
async def test_an_event_that_the_engine_does_not_take_is_raised_and_delivered_again(
    data: Any, engine: FakeClient, house: FakeHouse, client: FakeClient
) -> None:
    """Event Grid delivers again only what its handler raises for."""
    with pytest.raises(grpc.RpcError):
        await on_security_event(event(data), engine)
    assert not engine.started
    await on_security_event(event(data), client)
    assert [one["name"] for one in client.started.values()] == ["respond"]


async def test_what_fails_inside_is_500_and_in_the_log_only(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    asked = request("GET", headers=BY_KEY)
    route = routes()["GET /api/cases/{case_id}"]
    response = await route.call(asked, BrokenClient(RuntimeError("inner words")))
    assert response.status_code == 500
    assert answer(response)["title"] == "The app failed"
    assert "inner words" in caplog.text and b"inner words" not in response.get_body()
    response = await route.call(asked, BrokenClient(grpc.RpcError("UNAVAILABLE")))
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    house.cases.failing["load"] = RetryableError("storage is away")
    assert (await route.call(asked, FakeClient())).status_code == 503


async def test_a_compressed_body_is_refused_unread(house: FakeHouse, client: FakeClient) -> None:
    for route in routes().values():
        for coding in ("gzip", "br", "Deflate", "gzip, gzip"):
            headers = BY_KEY | {"content-encoding": coding}
            response = await route.call(
                request(route.method, raw=b"\x1f\x8b", headers=headers), client
            )
            assert response.status_code == 415, route.name
    assert not client.started and not client.events


TAKES_JSON = [name for name, route in routes().items() if route.method == "POST"]
NOT_JSON: dict[str, bytes] = {
    "too deep to parse": b'{"comment":' + b"[" * 200_000,
    "too deep to write": b'{"comment":' + b"[" * 900 + b"]" * 900 + b"}",
    "just too deep": b"[" * 66 + b"]" * 66,
    "not a number": b'{"comment": NaN}',
    "infinite": b'{"comment": -Infinity}',
    "infinite when read": b'{"comment": [1e999]}',
    "too many digits": b'{"comment": ' + b"9" * 5000 + b"}",
    "twice": b'{"comment": "a", "comment": "b"}',
    "twice, inside": b'{"object": {"id": 1, "id": 2}}',
    "no text": b'{"comment": "\xff"}',
    "unfinished": b'{"comment": "',
    "too large": b" " * (2 * 1024 * 1024 + 1),
}


@pytest.mark.parametrize("raw", NOT_JSON.values(), ids=NOT_JSON)
async def test_what_is_no_proper_json_is_named_and_changes_nothing(
    raw: bytes, house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] = record(status="awaiting_decision")
    for name in TAKES_JSON:
        response = await routes()[name].call(request(raw=raw, headers=BY_KEY), client)
        if name.endswith(("slack/interactions", "handling")):
            assert response.status_code in (400, 404)
        else:
            assert wrong_fields(response) == ["body"], name
    assert not client.started and not client.events and not house.evidence.items


async def test_an_incident_as_deep_as_they_come_is_taken(
    house: FakeHouse, client: FakeClient
) -> None:
    deep: Any = "leaf"
    for _ in range(55):
        deep = {"inside": deep}
    body = trigger(alerts=[{"properties": {"additionalData": deep}}])
    response = await routes()["POST /api/incidents"].call(request(body=body), client)
    assert response.status_code == 202


async def test_lone_surrogates_and_null_bytes_are_kept_as_they_came_and_shown_to_nobody(
    house: FakeHouse, client: FakeClient
) -> None:
    body = trigger(title="a\ud800b\x00c")
    response = await routes()["POST /api/incidents"].call(request(body=body), client)
    assert response.status_code == 202
    [started] = client.started.values()
    assert started["input"]["incident"]["title"] == "abc"
    json.dumps(started["input"], ensure_ascii=False).encode()
