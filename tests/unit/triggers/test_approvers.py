"""Who of those who are signed in may decide: by role or name, and never about themselves."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.case_links import Purpose
from shared.models.base import Json
from shared.models.firewall import block_instance
from shared.models.plan import ActionName
from shared.models.policy import Approvers
from tests.support.fakes import FakeHouse
from tests.support.scripts import ADDRESS, OBJECT_ID, outcome
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import (
    CASE_ID,
    FakeClient,
    answer,
    handler,
    person,
    request,
    session,
    token,
)
from triggers import blocks, breaker, cases, decisions, undo
from triggers.principal import signed_in

WHY = {"comment": "because"}
BODIES: dict[str, Json] = {
    "decision": {"actions": ["RevokeSessions"]},
    "undo": WHY,
    "blocks": WHY | {"address": ADDRESS, "lift": True},
    "acknowledge": {},
    "close": {},
    "reset": WHY,
}
ROUTES: dict[str, Callable[..., Any]] = {
    "decision": handler(decisions.post_decision),
    "undo": handler(undo.undo_actions),
    "blocks": handler(blocks.order_block),
    "acknowledge": handler(decisions.acknowledge),
    "close": handler(decisions.close),
    "reset": handler(breaker.reset_breaker),
}
PAGES = {
    "decision": (handler(decisions.get_decision), Purpose.DECISION),
    "report": (handler(cases.get_report), Purpose.REPORT),
}
ABOUT_A_CASE = [name for name in ROUTES if name != "reset"]
ANN = {
    "object_id": OBJECT_ID,
    "user_principal_name": "Ann@contoso.com",
    "user_id": OBJECT_ID,
    "mail_addresses": ["A.Archer@contoso.com"],
    "also_in": [{"object_id": "twin", "user_principal_name": "ann@corp.example"}],
}
BROWSER = {"accept": "text/html"}


class Client(FakeClient):
    """A durable client that also takes an entity's signals."""

    async def signal_entity(self, _entity: object, operation: str, given: Json) -> None:
        self.events.append(("breaker", operation, given))


@pytest.fixture
def client() -> Client:
    known = Client()
    known.started[block_instance(CASE_ID, ADDRESS)] = {"input": {}}
    return known


@pytest.fixture(autouse=True)
def _signing_in(house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    put(house, "decision")


def put(house: FakeHouse, name: str) -> None:
    """Store the case as it must be for a route to accept it."""
    disabled = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision" if name == "decision" else "contained",
        plan=[planned("RevokeSessions", "ask")],
        actions=[disabled],
        account=ANN,
    )


async def post(name: str, client: FakeClient, headers: dict[str, str]) -> func.HttpResponse:
    more: Any = {"token": token(Purpose.DECISION)} if name == "decision" else {}
    response: func.HttpResponse = await ROUTES[name](
        request(body=BODIES[name], headers=headers, **more), client
    )
    return response


def changed(client: FakeClient) -> int:
    """Count what happened."""
    return len(client.events) + len([one for one in client.started.values() if "name" in one])


@pytest.mark.parametrize("name", ROUTES)
async def test_the_role_is_enough_and_needed(
    house: FakeHouse, client: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    put(house, name)
    for roles in ((), ("Tourniquet.Reader",), ("tourniquet.approver",)):
        response = await post(name, client, person(roles=roles))
        assert (response.status_code, response.mimetype) == (403, "application/problem+json")
        assert "Tourniquet.Approver" in answer(response)["detail"]
        assert "kim@contoso.com" in answer(response)["detail"]
    assert changed(client) == 0
    assert len([one for one in caplog.messages if "is no approver" in one]) == 3
    assert "kim" not in caplog.text, "no names in the log"
    assert (await post(name, client, person())).status_code == 202
    assert changed(client) == 1


@pytest.mark.parametrize("named", ["Kim@Contoso.com", "11111111-0000-4000-8000-000000000001"])
async def test_people_can_be_named_by_login_or_object_id(
    client: Client, govern: Callable[..., None], named: str
) -> None:
    govern(mode="automatic", asking={"approvers": {"people": [named], "roles": []}})
    assert (await post("decision", client, person(roles=()))).status_code == 202
    stranger = person("lee@contoso.com", object_id="2", email="kim@contoso.com")
    response = await post("decision", client, stranger)
    assert response.status_code == 403, "a mail address is whatever somebody wrote there"
    posing = person(
        "kim@contoso.com", object_id="2", email="Kim@contoso.com", preferred_username="lee@c.de"
    )
    response = await post("decision", client, posing)
    assert response.status_code == 403, "also where the platform takes it for the name"


@pytest.mark.parametrize("name", ABOUT_A_CASE)
@pytest.mark.parametrize(
    "headers",
    [
        person("ann@CONTOSO.com", object_id="another"),
        person("somebody@contoso.com", object_id=OBJECT_ID.upper()),
        person("somebody@contoso.com", preferred_username="ann@contoso.com"),
        person("somebody@contoso.com", email="ann@contoso.com"),
        person("a.archer@contoso.com"),
        person("somebody@contoso.com", email="a.archer@contoso.com"),
        person("Ann@corp.example"),
        person("somebody@contoso.com", object_id="TWIN"),
    ],
    ids=["name", "object id", "login", "mail", "alias", "other mail", "twin's name", "twin's id"],
)
async def test_nobody_decides_about_themselves(
    house: FakeHouse,
    client: Client,
    caplog: pytest.LogCaptureFixture,
    name: str,
    headers: dict[str, str],
) -> None:
    put(house, name)
    response = await post(name, client, headers)
    assert (response.status_code, response.mimetype) == (403, "application/problem+json")
    assert "about your own account" in answer(response)["title"]
    assert changed(client) == 0
    assert "own account" in caplog.text


@pytest.mark.parametrize(("confidence", "status"), [("High", 403), ("Medium", 202)])
async def test_whose_account_the_same_attack_took_decides_about_nobody(
    house: FakeHouse, client: Client, confidence: str, status: int
) -> None:
    other = {"case_id": "case-1", "account": "Kim@contoso.com", "address": "203.0.113.7"}
    other |= {"opened_at": "2026-11-20T12:00:00Z", "confidence": confidence}
    house.cases.records[CASE_ID] |= {"campaign": [other]}
    assert (await post("decision", client, person())).status_code == status
    assert (await post("decision", client, person("lee@c.de", object_id="2"))).status_code != 403


@pytest.mark.parametrize(("login", "status"), [("jdoe@contoso.com", 403), ("kim@c.de", 202)])
async def test_a_short_name_has_to_do_where_the_incident_gives_no_more(
    house: FakeHouse, client: Client, login: str, status: int
) -> None:
    house.cases.records[CASE_ID] |= {"account": {"user_id": "JDoe", "directory": "entra"}}
    assert (await post("decision", client, person(login))).status_code == status


@pytest.mark.parametrize("name", PAGES)
async def test_who_may_not_gets_a_page_that_says_what_to_ask_for(client: Client, name: str) -> None:
    get, purpose = PAGES[name]
    opened, _mark = session(purpose)
    with_link = opened if name == "decision" else {}
    response = await get(request("GET", headers=person(roles=()) | BROWSER | with_link), client)
    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert b"the application role Tourniquet.Approver" in response.get_body()
    assert b"Brute force" not in response.get_body()
    ann = person("ann@contoso.com") | BROWSER | opened
    response = await get(request("GET", headers=ann), client)
    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert b"about your own account" in response.get_body()


async def test_where_people_sign_in_a_link_alone_decides_nothing(client: Client) -> None:
    response = await post("decision", client, {})
    assert response.status_code == 401
    opened, _mark = session(Purpose.DECISION)
    page = await PAGES["decision"][0](
        func.HttpRequest(
            method="GET",
            url=f"https://soc.example/api/cases/{CASE_ID}/decision",
            headers=BROWSER | opened,
            route_params={"case_id": CASE_ID},
            body=b"",
        ),
        client,
    )
    assert page.status_code == 401
    back = f"post_login_redirect_uri=%2Fapi%2Fcases%2F{CASE_ID}%2Fdecision"
    assert f'href="/.auth/login/aad?{back}"'.encode() in page.get_body()
    assert changed(client) == 0


async def test_a_decision_needs_the_link_as_well_as_the_sign_in(
    client: Client, configure: Callable[..., None]
) -> None:
    decide = ROUTES["decision"]
    body = BODIES["decision"]
    assert (await decide(request(body=body, headers=person()), client)).status_code == 401
    assert changed(client) == 0
    configure(link_signing_key="")
    assert (await decide(request(body=body, headers=person()), client)).status_code == 202


async def test_an_approvers_forms_carry_a_mark_of_their_own(
    house: FakeHouse, client: Client
) -> None:
    put(house, "undo")
    page = await PAGES["report"][0](request("GET", headers=person()), client)
    mark = page.get_body().decode().partition('name="csrf" value="')[2].partition('"')[0]
    form = {"content-type": "application/x-www-form-urlencoded"}
    fields = {"undo": f"DisableAccount {OBJECT_ID}", "comment": "rang"}
    for given, status in (("", 403), ("x", 403), (mark, 202)):
        sent = urlencode(fields | {"csrf": given}).encode()
        response = await ROUTES["undo"](request(raw=sent, headers=form | person()), client)
        assert response.status_code == status
    lee = request(
        raw=urlencode(fields | {"csrf": mark}).encode(),
        headers=form | person("lee@contoso.com", object_id="2"),
    )
    assert (await ROUTES["undo"](lee, client)).status_code == 403


@pytest.mark.parametrize("header", ["", "%%%", "e30", "bnVsbA==", "eyJjbGFpbXMiOiAxfQ=="])
def test_claims_that_cannot_be_read_give_no_role(header: str) -> None:
    headers = person() | {"x-ms-client-principal": header}
    found = signed_in(request(headers=headers))
    assert found is not None
    assert found.roles == frozenset()
    assert found.name == "kim@contoso.com"


@pytest.mark.parametrize("header", ["", "%%%"])
def test_while_claims_cannot_be_read_the_name_may_be_a_mail_address_and_allows_nothing(
    header: str,
) -> None:
    found = signed_in(request(headers=person("boss@x.example") | {"x-ms-client-principal": header}))
    assert found is not None and found.name == "boss@x.example"
    assert not found.may_approve(Approvers(people=["boss@x.example"], roles=[]))
    assert found.may_approve(Approvers(people=[found.id], roles=[]))
    assert found.is_account({"user_principal_name": "Boss@x.example"}), "it still refuses"


@pytest.mark.parametrize(
    ("typ", "role_typ", "counts"),
    [
        ("roles", None, True),
        ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", None, True),
        ("http://example.org/role", "http://example.org/role", True),
        ("http://example.org/role", "roles", False),
        ("groups", None, False),
    ],
)
def test_which_claims_are_roles(typ: str, role_typ: str | None, counts: bool) -> None:
    principal = {"claims": [{"typ": typ, "val": "Tourniquet.Approver"}], "role_typ": role_typ}
    sent = base64.b64encode(json.dumps(principal).encode()).decode()
    found = signed_in(request(headers=person() | {"x-ms-client-principal": sent}))
    assert found is not None
    assert (found.roles == {"Tourniquet.Approver"}) == counts
