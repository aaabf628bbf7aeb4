"""One person's answer does not do for an account that two decide about only since it was asked."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.case_links import Purpose
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.directory import Memberships
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    LINK_KEY,
    FakeClient,
    answer,
    handler,
    person,
    request,
    token,
)
from triggers import decisions, kinds_now

post_decision = handler(decisions.post_decision)
KIM = person("kim@contoso.com", object_id="11111111-0000-4000-8000-00000000000a")
ASKED = {"at": "2026-11-20T12:00:00Z", "answer_by": "2099-11-20T13:00:00Z"}
ANN: Json = {
    "object_id": OBJECT_ID,
    "user_principal_name": "ann@contoso.com",
    "user_id": "ann@contoso.com",
    "directory": "entra",
    "kinds": ["ordinary"],
}
REVOKE: Json = {"actions": ["RevokeSessions"]}


@pytest.fixture(autouse=True)
def _asked(
    house: FakeHouse,
    configure: Callable[..., None],
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A question about an ordinary account, put to one person; people sign in."""
    configure(link_signing_key=LINK_KEY)
    govern(asking={"two_persons": ["privileged", "vip"]})
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision",
        plan=[planned("RevokeSessions", "ask")],
        actions=[],
        asked=ASKED,
        account=ANN,
    )


def become(what: str, house: FakeHouse, govern: Callable[..., None]) -> None:
    two = {"two_persons": ["privileged", "vip"]}
    if what == "listed as VIP":
        govern(asking=two, accounts={"vip": ["ann@contoso.com"]})
    elif what == "administrator":
        house.directory.memberships = Memberships(roles=["User Administrator"])
    elif what == "eligible":
        house.directory.eligible = ["User Administrator"]
    elif what == "not known":
        house.directory.failing["get_memberships"] = RetryableError("HTTP 503", status=503)


async def decide(client: FakeClient, body: Json, headers: dict[str, str]) -> Any:
    return await post_decision(
        request(body=body, headers=headers, token=token(Purpose.DECISION)), client
    )


@pytest.mark.parametrize("what", ["listed as VIP", "administrator", "eligible", "not known"])
async def test_the_answer_is_one_of_two_by_now(
    house: FakeHouse, govern: Callable[..., None], client: FakeClient, what: str
) -> None:
    become(what, house, govern)
    nobody = await decide(client, REVOKE, BY_KEY)
    assert nobody.status_code == 409
    assert "two different people have to choose this" in answer(nobody)["detail"]
    assert client.events == [] and house.cases.claims == {}
    response = await decide(client, REVOKE, KIM)
    assert response.status_code == 202
    assert answer(response)["decision"]["two_persons"] is True
    [(_case, _event, data)] = client.events
    assert data["two_persons"] is True, "the case asks a second person"


async def test_leaving_it_and_an_ordinary_account_take_one(
    house: FakeHouse, govern: Callable[..., None], client: FakeClient
) -> None:
    response = await decide(client, REVOKE, KIM)
    assert response.status_code == 202
    assert answer(response)["decision"]["two_persons"] is False
    house.cases.claims.clear()
    become("administrator", house, govern)
    house.directory.calls.clear()
    response = await decide(client, {"actions": ["NoAction"]}, KIM)
    assert response.status_code == 202
    assert house.directory.calls == [], "nobody waits for the directory to leave it as it is"


async def test_where_two_never_decide_the_directory_is_not_asked(
    house: FakeHouse, govern: Callable[..., None], client: FakeClient
) -> None:
    govern(asking={"two_persons": []})
    assert (await decide(client, REVOKE, KIM)).status_code == 202
    assert house.directory.calls == []


async def test_a_directory_that_does_not_answer_keeps_nobody_waiting(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_place: Json) -> bool:
        raise TimeoutError

    monkeypatch.setattr(kinds_now, "_has_role", never)
    response = await decide(client, REVOKE, KIM)
    assert answer(response)["decision"]["two_persons"] is True


async def test_an_answer_that_would_do_nothing_is_refused_and_not_used_up(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID]["asked"] = ASKED | {
        "address": "203.0.113.66",
        "why_no_block": "the office's egress",
    }
    refused = await decide(client, {"actions": ["BlockIP"]}, KIM)
    assert refused.status_code == 409
    assert "the office's egress" in answer(refused)["detail"]
    assert house.cases.claims == {} and client.events == []
    both = await decide(client, {"actions": ["BlockIP", "RevokeSessions"]}, KIM)
    assert both.status_code == 202
