"""Routes behind the host's function key record who it was: the key alone is nobody."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from shared.models.base import Json
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FakeClient,
    answer,
    handler,
    person,
    request,
    wrong_fields,
)
from triggers import breaker, decisions

ROUTES: dict[str, Callable[..., Any]] = {
    "acknowledge": handler(decisions.acknowledge),
    "close": handler(decisions.close),
    "reset": handler(breaker.reset_breaker),
}
WHY = {"comment": "rule 12 was wrong"}


class Client(FakeClient):
    """Also remembers what the breaker is told."""

    async def get_entity(self, _entity: object) -> Any:
        recent = {"recent": [{"case_id": CASE_ID, "at": "2026-11-20T12:01:00Z"}]}
        return SimpleNamespace(get_typed_state=lambda _kind: recent)

    async def signal_entity(self, _entity: object, operation: str, given: Json) -> None:
        self.events.append(("breaker", operation, given))


@pytest.fixture(params=ROUTES)
def call(request: pytest.FixtureRequest, house: FakeHouse) -> Callable[..., Any]:
    """One of the routes, about a case that can be taken and closed."""
    house.cases.records[CASE_ID] = record()
    route: Callable[..., Any] = ROUTES[request.param]
    return route


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")


async def told(call: Callable[..., Any], client: Client, asked: func.HttpRequest) -> str:
    """Return by whom it was, as those who are told have it."""
    response = await call(asked, client)
    assert response.status_code == 202, answer(response)
    [(_to, _event, data)] = client.events
    return str(data["by"])


@pytest.mark.parametrize("by", [{}, {"by": ""}, {"by": " \n\t"}])
async def test_where_nobody_signs_in_who_it_is_has_to_be_said(
    call: Callable[..., Any], by: Json
) -> None:
    client = Client()
    response = await call(request(body=WHY | by), client)
    assert response.status_code == 400 and wrong_fields(response) == ["by"]
    assert not client.events


async def test_what_was_said_is_recorded_as_said(call: Callable[..., Any]) -> None:
    asked = request(body=WHY | {"by": "Kim\nLee, SOC"})
    assert await told(call, Client(), asked) == "Kim Lee, SOC (named, not proved)"


async def test_the_headers_of_a_sign_in_prove_nothing_where_nobody_signs_in(
    call: Callable[..., Any],
) -> None:
    client = Client()
    response = await call(request(body=WHY, headers=person("kim@contoso.com")), client)
    assert response.status_code == 400 and not client.events


@pytest.mark.usefixtures("sign_in")
async def test_where_people_sign_in_the_function_key_is_nobody(call: Callable[..., Any]) -> None:
    client = Client()
    for body in (WHY, WHY | {"by": "Kim"}):
        response = await call(request(body=body), client)
        assert response.status_code == 401 and response.mimetype == "application/problem+json"
    assert not client.events


@pytest.mark.usefixtures("sign_in")
async def test_who_is_signed_in_is_recorded_and_names_nobody_else(
    call: Callable[..., Any],
) -> None:
    client, kim = Client(), person("kim@contoso.com")
    other = await call(request(body=WHY | {"by": "ana@contoso.com"}, headers=kim), client)
    assert other.status_code == 400 and wrong_fields(other) == ["by"]
    assert await told(call, client, request(body=WHY, headers=kim)) == "kim@contoso.com"


@pytest.mark.usefixtures("sign_in")
async def test_who_is_signed_in_without_the_role_does_nothing(call: Callable[..., Any]) -> None:
    client = Client()
    stranger = person("eve@contoso.com", roles=())
    assert (await call(request(body=WHY, headers=stranger), client)).status_code == 403
    assert not client.events


@pytest.mark.parametrize("call", ["acknowledge", "close"], indirect=True)
@pytest.mark.parametrize("signs_in", ["true", "false"])
@pytest.mark.parametrize(
    ("by", "name"),
    [({}, "automation key"), ({"by": "playbook 7"}, "playbook 7 (automation key)")],
)
async def test_a_program_says_which_it_is(
    call: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    signs_in: str,
    by: Json,
    name: str,
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", signs_in)
    assert await told(call, Client(), request(body=WHY | by, headers=BY_KEY)) == name


@pytest.mark.usefixtures("sign_in")
@pytest.mark.parametrize("call", ["reset"], indirect=True)
async def test_no_program_resets_the_breaker_where_people_sign_in(
    call: Callable[..., Any], house: FakeHouse
) -> None:
    client, before = Client(), record()
    for body in (WHY, WHY | {"by": "kim@contoso.com"}):
        response = await call(request(body=body, headers=BY_KEY), client)
        assert (response.status_code, response.mimetype) == (403, "application/problem+json")
        assert answer(response)["title"] == "This takes a person"
        assert "the automation key is a program's" in answer(response)["detail"]
    assert not client.events and house.cases.records[CASE_ID] == before
    kim = person("kim@contoso.com")
    assert await told(call, client, request(body=WHY, headers=BY_KEY | kim)) == "kim@contoso.com"


@pytest.mark.parametrize("call", ["reset"], indirect=True)
async def test_where_nobody_signs_in_the_automation_key_proves_no_person(
    call: Callable[..., Any],
) -> None:
    client = Client()
    assert wrong_fields(await call(request(body=WHY, headers=BY_KEY), client)) == ["by"]
    asked = request(body=WHY | {"by": "Kim"}, headers=BY_KEY)
    assert await told(call, client, asked) == "Kim (named, not proved)"
