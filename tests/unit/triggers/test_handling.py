"""The page's buttons that take and close a case: who may, what the case hears, what is refused."""

from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.case_links import Purpose
from shared.models.base import Json, parse_utc
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FORM,
    FakeClient,
    handler,
    person,
    request,
    session,
    token,
)
from triggers import cases, decisions, handling

handle = handler(handling.handle_case)
get_report = handler(cases.get_report)
acknowledge = handler(decisions.acknowledge)
close = handler(decisions.close)

SLA = {"received_at": "2026-11-20T12:00:00.000Z", "targets": {}}
WATCHED = SLA | {"targets": {"review_seconds": 900.0}}
BUTTONS = (b'value="acknowledge"', b'value="close"')


@pytest.fixture
def open_case(house: FakeHouse) -> FakeHouse:
    house.cases.records[CASE_ID] = record(sla=WATCHED)
    return house


def press(doing: str, *headers: dict[str, str], **fields: str) -> func.HttpRequest:
    sent = urlencode({"do": doing} | fields).encode()
    merged = FORM | {name: value for one in headers for name, value in one.items()}
    return request(raw=sent, headers=merged)


def by_link(doing: str, **fields: str) -> func.HttpRequest:
    opened, mark = session(Purpose.REPORT)
    return press(doing, opened, csrf=mark, **fields)


async def shown(*headers: dict[str, str], client: FakeClient) -> bytes:
    opened, _mark = session(Purpose.REPORT)
    merged = opened | {name: value for one in headers for name, value in one.items()}
    response = await get_report(request("GET", headers=merged), client)
    assert response.status_code == 200
    body: bytes = response.get_body()
    return body


async def test_one_button_takes_the_case(open_case: FakeHouse, client: FakeClient) -> None:
    response = await handle(by_link("acknowledge"), client)
    assert (response.status_code, response.mimetype) == (202, "text/html")
    assert b"You have taken the case" in response.get_body()
    (case_id, event, data), (clocks, said, what) = client.events
    assert (case_id, event, data["by"]) == (CASE_ID, "Acknowledged", "holder of the signed link")
    assert (clocks, said, what["what"]) == (f"{CASE_ID}:sla", "ServiceLevel", "reviewed")
    assert parse_utc(data["at"]) == parse_utc(what["at"])


async def test_one_button_closes_the_case(open_case: FakeHouse, client: FakeClient) -> None:
    response = await handle(by_link("close", comment="it was her <b>"), client)
    assert response.status_code == 202
    (case_id, event, data), (clocks, said, what) = client.events
    assert (case_id, event, data["comment"]) == (CASE_ID, "Closed", "it was her <b>")
    assert (clocks, said, what["what"]) == (f"{CASE_ID}:sla", "ServiceLevel", "closed")


async def test_clocks_that_are_over_do_not_hinder_anybody(
    open_case: FakeHouse, client: FakeClient
) -> None:
    client.ended = {f"{CASE_ID}:sla"}
    assert (await handle(by_link("acknowledge"), client)).status_code == 202
    assert [event for _case, event, _data in client.events] == ["Acknowledged"]


async def test_a_case_without_targets_has_no_clocks_to_tell(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] = record(sla=SLA)
    assert (await acknowledge(request(headers=BY_KEY), client)).status_code == 202
    assert [event for _case, event, _data in client.events] == ["Acknowledged"]


async def test_a_program_acknowledges_to_the_clocks_too(
    open_case: FakeHouse, client: FakeClient
) -> None:
    assert (await acknowledge(request(headers=BY_KEY), client)).status_code == 202
    assert [event for _case, event, _data in client.events] == ["Acknowledged", "ServiceLevel"]


async def test_the_page_offers_both_and_says_who_has_taken_the_case(
    open_case: FakeHouse, client: FakeClient
) -> None:
    page = await shown(client=client)
    assert all(button in page for button in BUTTONS)
    assert b"Nobody has taken the case yet" in page
    taken = WATCHED | {"reviewed_at": "2026-11-20T12:09:00.000Z", "reviewed_by": "kim <b>"}
    open_case.cases.records[CASE_ID] = record(sla=taken)
    page = await shown(client=client)
    assert b"kim &lt;b&gt; took the case on 2026-11-20 12:09:00 UTC" in page
    assert [button in page for button in BUTTONS] == [False, True]


@pytest.mark.parametrize(
    ("changes", "doing", "offered"),
    [
        ({"status": "closed"}, "acknowledge", [False, False]),
        ({"status": "closed"}, "close", [False, False]),
        ({"status": "awaiting_decision"}, "close", [True, False]),
        ({"watched": False}, "acknowledge", [False, False]),
        ({"watched": False}, "close", [False, False]),
        ({"status": "gathering", "verdict": None}, "close", [True, False]),
        ({"status": "deciding", "verdict": None}, "close", [True, False]),
    ],
)
async def test_what_cannot_be_done_is_not_offered_and_refused(
    house: FakeHouse, client: FakeClient, changes: Json, doing: str, offered: list[bool]
) -> None:
    house.cases.records[CASE_ID] = record(**changes)
    page = await shown(client=client)
    assert [button in page for button in BUTTONS] == offered
    response = await handle(by_link(doing), client)
    assert (response.status_code, response.mimetype) == (409, "text/html")
    assert not client.events


@pytest.mark.parametrize("doing", ["acknowledge", "close"])
async def test_a_case_that_has_ended_says_that_nothing_hears_it(
    open_case: FakeHouse, client: FakeClient, doing: str
) -> None:
    """Its record does not say so: it broke off, or could not be written."""
    client.ended = {CASE_ID}
    shown = await handle(by_link(doing), client)
    assert (shown.status_code, shown.mimetype) == (409, "text/html")
    assert b"The watch of this case is over" in shown.get_body()
    told = await (acknowledge if doing == "acknowledge" else close)(request(headers=BY_KEY), client)
    assert (told.status_code, told.mimetype) == (409, "application/problem+json")
    assert client.events == []


@pytest.mark.parametrize("doing", ["acknowledge", "close"])
async def test_nothing_is_called_taken_that_came_when_the_watch_had_ended(
    open_case: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch, doing: str
) -> None:
    send = client.raise_orchestration_event

    async def late(*given: Any, **named: Any) -> None:
        await send(*given, **named)
        open_case.cases.records[CASE_ID]["watched"] = False

    monkeypatch.setattr(client, "raise_orchestration_event", late)
    response = await handle(by_link(doing), client)
    assert response.status_code == 409
    assert b"The watch of this case has just ended" in response.get_body()
    open_case.cases.records[CASE_ID]["watched"] = True
    monkeypatch.setattr(client, "raise_orchestration_event", send)
    assert (await handle(by_link(doing), client)).status_code == 202


async def test_an_engine_that_does_not_answer_is_said_and_can_be_asked_again(
    open_case: FakeHouse, client: FakeClient
) -> None:
    await client.schedule_new_orchestration("respond", input={}, instance_id=CASE_ID)
    client.deaf = True
    assert (await handle(by_link("close"), client)).status_code == 503
    assert (await close(request(headers=BY_KEY), client)).status_code == 503
    client.deaf = False
    assert (await close(request(headers=BY_KEY), client)).status_code == 202


async def test_where_people_sign_in_the_link_needs_a_name(
    open_case: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    page = await shown(client=client)
    assert b"/.auth/login/aad?post_login_redirect_uri=" in page
    assert not any(button in page for button in BUTTONS)
    assert (await handle(by_link("acknowledge"), client)).status_code == 401
    assert not client.events
    opened, mark = session(Purpose.REPORT)
    analyst = person("ola@contoso.com", roles=())
    response = await handle(press("acknowledge", opened, analyst, csrf=mark), client)
    assert response.status_code == 202
    assert client.events[0][2]["by"] == "ola@contoso.com"


async def test_only_who_may_decide_closes_a_case(
    open_case: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the ticket has the link: it lets people take the case, not end its watch."""
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    opened, mark = session(Purpose.REPORT)
    intern = person("intern@contoso.com", roles=())
    page = await shown(intern, client=client)
    assert [button in page for button in BUTTONS] == [True, False]
    assert (await handle(press("close", opened, intern, csrf=mark), client)).status_code == 403
    assert client.events == []
    page = await shown(person(), client=client)
    assert [button in page for button in BUTTONS] == [True, True]
    assert (await handle(press("close", opened, person(), csrf=mark), client)).status_code == 202


async def test_an_approver_needs_no_link_and_others_do(
    open_case: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    response = await get_report(request("GET", headers=person()), client)
    mark = response.get_body().decode().partition('name="csrf" value="')[2].partition('"')[0]
    assert (await handle(press("close", person(), csrf=mark), client)).status_code == 202
    assert (await handle(press("close", person(roles=()), csrf=mark), client)).status_code == 403


async def test_nobody_handles_a_case_about_themselves(
    open_case: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    opened, mark = session(Purpose.REPORT)
    herself = person("ann@contoso.com")
    response = await handle(press("close", opened, herself, csrf=mark), client)
    assert response.status_code == 403
    assert not client.events


@pytest.mark.parametrize("mark", ["", "x", "of another session"])
async def test_a_form_that_our_page_did_not_make_is_refused(
    open_case: FakeHouse, client: FakeClient, mark: str
) -> None:
    opened, _mark = session(Purpose.REPORT)
    assert (await handle(press("close", opened, csrf=mark), client)).status_code == 403
    foreign = await handle(
        press("close", session(Purpose.REPORT)[0], {"sec-fetch-site": "cross-site"}), client
    )
    assert foreign.status_code == 403
    assert not client.events


@pytest.mark.parametrize("doing", ["", "undo", "acknowledge close"])
async def test_another_wish_is_refused(
    open_case: FakeHouse, client: FakeClient, doing: str
) -> None:
    assert (await handle(by_link(doing), client)).status_code == 400
    assert (await handle(by_link("close", comment="x" * 2001), client)).status_code == 400
    assert not client.events


@pytest.mark.parametrize("purpose", [Purpose.DECISION, Purpose.UNDO])
async def test_whoever_may_decide_or_take_back_may_handle_the_case(
    open_case: FakeHouse, client: FakeClient, purpose: Purpose
) -> None:
    opened, mark = session(purpose)
    assert (await handle(press("close", opened, csrf=mark), client)).status_code == 202


async def test_a_link_of_another_case_and_no_link_are_refused(
    open_case: FakeHouse, client: FakeClient
) -> None:
    opened, mark = session(Purpose.REPORT, "case-fedcba9876543210fedcba98")
    assert (await handle(press("close", opened, csrf=mark), client)).status_code == 401
    assert (await handle(press("close"), client)).status_code == 401
    assert not client.events


async def test_a_program_with_the_key_presses_no_button_but_may(
    open_case: FakeHouse, client: FakeClient
) -> None:
    assert (await handle(press("close", BY_KEY), client)).status_code == 202
    assert client.events[0][2]["by"] == "automation key"


async def test_no_such_case(house: FakeHouse, client: FakeClient) -> None:
    assert (await handle(by_link("close"), client)).status_code == 404


async def test_the_link_in_messages_leads_to_the_buttons(
    open_case: FakeHouse, client: FakeClient
) -> None:
    landed: Any = await get_report(request("GET", token=token(Purpose.REPORT)), client)
    assert landed.status_code == 303
    assert landed.headers["Location"] == "report"
