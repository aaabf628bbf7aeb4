"""From a signed link to the page: the session, the clean address, and all that is no such thing."""

import logging
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.case_links import SESSION_SECONDS, Purpose, Use
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID, outcome
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import (
    CASE_ID,
    FORM,
    FakeClient,
    handler,
    person,
    request,
    session,
    token,
)
from triggers import cases, decisions
from triggers import undo as undoing

get_decision = handler(decisions.get_decision)
post_decision = handler(decisions.post_decision)
get_report = handler(cases.get_report)
post_undo = handler(undoing.undo_actions)

OTHER = "case-fedcba9876543210fedcba98"
BROWSER = {"accept": "text/html,*/*;q=0.8"}
PAGES = [(get_decision, Purpose.DECISION), (get_report, Purpose.REPORT)]


@pytest.fixture(autouse=True)
def _waiting(house: FakeHouse) -> None:
    plan = [planned("ForcePasswordReset", "ask")]
    actions = [outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})]
    account = {"object_id": OBJECT_ID, "user_principal_name": "ann@contoso.com"}
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision", plan=plan, actions=actions, account=account
    )


def cookie_of(response: func.HttpResponse) -> Any:
    """Return the one cookie that is set."""
    [morsel] = SimpleCookie(response.headers["Set-Cookie"]).values()
    return morsel


@pytest.mark.parametrize(("get", "purpose"), PAGES)
async def test_a_link_becomes_a_session_and_leaves_the_address(
    client: FakeClient, get: Any, purpose: Purpose
) -> None:
    response = await get(request("GET", token=token(purpose)), client)
    assert (response.status_code, response.headers["Location"]) == (303, str(purpose))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    morsel = cookie_of(response)
    assert morsel.key == f"tourniquet-{purpose}" and morsel.value != token(purpose)
    assert (morsel["path"], morsel["samesite"]) == (f"/api/cases/{CASE_ID}", "Strict")
    assert morsel["httponly"] and morsel["secure"]
    assert 55 <= int(morsel["max-age"]) <= 60, "no longer than the link"
    opened = {"cookie": f"{morsel.key}={morsel.value}"}
    page = await get(request("GET", headers=opened), client)
    assert page.status_code == 200
    assert token(purpose)[:20].encode() not in page.get_body()


async def test_who_may_decide_may_read_and_no_page_shows_a_token(
    house: FakeHouse, client: FakeClient
) -> None:
    """Also of a record that an earlier version wrote, with tokens in its links."""
    for purpose in (Purpose.DECISION, Purpose.UNDO):
        opened, _mark = session(purpose)
        response = await get_report(request("GET", headers=opened), client)
        assert response.status_code == 200
        assert b"token" not in response.get_body()
    stale = {"cookie": f"tourniquet-report=1.1.x; {session(Purpose.DECISION)[0]['cookie']}"}
    assert (await get_report(request("GET", headers=stale), client)).status_code == 200
    reading, _mark = session(Purpose.REPORT)
    assert (await get_decision(request("GET", headers=reading), client)).status_code == 401
    assert "token=" in house.cases.records[CASE_ID]["links"]["report"]
    opened, _mark = session(Purpose.DECISION)
    page = (await get_decision(request("GET", headers=opened), client)).get_body()
    assert b"/report" in page and b"token" not in page


async def test_a_session_lasts_an_hour_and_works_without_https_where_there_is_none(
    client: FakeClient, configure: Any
) -> None:
    configure(public_url="http://localhost:7071/soc/")
    link = token(Purpose.REPORT, seconds=30 * 24 * 3600)
    morsel = cookie_of(await get_report(request("GET", token=link), client))
    assert SESSION_SECONDS - 5 <= int(morsel["max-age"]) <= SESSION_SECONDS
    assert not morsel["secure"]
    assert morsel["path"] == f"/soc/api/cases/{CASE_ID}"


async def test_a_browser_that_comes_from_another_site_goes_on_by_itself(
    client: FakeClient,
) -> None:
    """It withholds a strict cookie from the whole navigation that began there."""
    elsewhere = BROWSER | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    landed = await get_decision(
        request("GET", headers=elsewhere, token=token(Purpose.DECISION)), client
    )
    assert landed.status_code == 303
    between = await get_decision(request("GET", headers=elsewhere), client)
    assert between.status_code == 200
    assert b'http-equiv="refresh" content="0; url=decision"' in between.get_body()
    own = BROWSER | {"sec-fetch-site": "same-origin"}
    assert (await get_decision(request("GET", headers=own), client)).status_code == 401


def other(use: Use) -> Use:
    return Use.SESSION if use is Use.LINK else Use.LINK


WRONG: dict[str, tuple[Callable[[Use], str], str]] = {
    "garbage": (lambda _use: "x", "malformed"),
    "longer": (lambda use: token(Purpose.DECISION, use=use) + "A", "not signed"),
    "later": (lambda use: "9" + token(Purpose.DECISION, use=use), "not signed"),
    "report": (lambda use: token(Purpose.REPORT, use=use), "not signed"),
    "undo": (lambda use: token(Purpose.UNDO, use=use), "not signed"),
    "case": (lambda use: token(Purpose.DECISION, OTHER, use=use), "not signed"),
    "use": (lambda use: token(Purpose.DECISION, use=other(use)), "not signed"),
    "expired": (lambda use: token(Purpose.DECISION, seconds=-1, use=use), "expired"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("use", Use)
async def test_a_forged_expired_or_foreign_link_is_refused_logged_and_changes_nothing(
    house: FakeHouse, client: FakeClient, caplog: pytest.LogCaptureFixture, wrong: str, use: Use
) -> None:
    make, why = WRONG[wrong]
    params: dict[str, Any] = {"token": make(use)} if use is Use.LINK else {}
    shown = {"cookie": f"tourniquet-decision={make(use)}"} if use is Use.SESSION else {}
    form = urlencode({"actions": "ForcePasswordReset"}).encode()
    with caplog.at_level(logging.WARNING):
        seen = await get_decision(request("GET", headers=shown | BROWSER, **params), client)
        sent = await post_decision(request(raw=form, headers=FORM | shown, **params), client)
    for response in (seen, sent):
        assert response.status_code == 401
        assert "Set-Cookie" not in response.headers
        assert b"ann@contoso.com" not in response.get_body()
    assert seen.mimetype == "text/html"
    assert len(caplog.messages) == 2
    assert all(CASE_ID in line and why in line for line in caplog.messages)
    assert not client.events and not house.cases.calls


async def test_a_session_counts_for_what_our_page_sends_and_nothing_else(
    client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    opened, mark = session(Purpose.DECISION)
    _other, foreign = session(Purpose.DECISION, seconds=120)
    fields = {"actions": "ForcePasswordReset"}
    for sent in (fields, fields | {"csrf": foreign}, fields | {"csrf": "\u20ac"}):
        response = await post_decision(
            request(raw=urlencode(sent).encode(), headers=FORM | opened), client
        )
        assert response.status_code == 403
    assert "without our page's mark" in caplog.text
    response = await post_decision(
        request(body={"actions": ["ForcePasswordReset"]}, headers=opened), client
    )
    assert response.status_code == 401, "a program shows a token or a key"
    assert not client.events
    response = await post_decision(
        request(raw=urlencode(fields | {"csrf": mark}).encode(), headers=FORM | opened), client
    )
    assert response.status_code == 202


async def test_an_answered_link_is_dead_and_only_the_browser_that_answered_may_take_it_back(
    house: FakeHouse, client: FakeClient
) -> None:
    opened, mark = session(Purpose.DECISION)
    form = urlencode({"actions": "ForcePasswordReset", "csrf": mark}).encode()
    answered = await post_decision(request(raw=form, headers=FORM | opened), client)
    assert answered.status_code == 202
    decided = client.events[0][2]
    house.cases.records[CASE_ID] |= {"status": "contained", "decision": decided}

    replayed = await post_decision(request(raw=form, headers=FORM | opened), client)
    assert replayed.status_code == 409
    assert len(client.events) == 1
    why = {"comment": "mine"}
    for tried in (
        await post_undo(request(body=why, token=token(Purpose.DECISION)), client),
        await post_undo(request(body=why, headers=opened), client),
        await post_undo(request(raw=form, headers=FORM | opened), client),
    ):
        assert tried.status_code == 401
    page = await get_decision(request("GET", headers=opened), client)
    assert b'name="actions"' not in page.get_body() and b'name="undo"' not in page.get_body()
    assert not client.started

    morsel = cookie_of(answered)
    assert morsel.key == "tourniquet-undo" and morsel["httponly"]
    own = {"cookie": f"{opened['cookie']}; {morsel.key}={morsel.value}"}
    page = await get_decision(request("GET", headers=own), client)
    assert b'name="undo"' in page.get_body()


@pytest.mark.parametrize("two_persons", [False, True])
@pytest.mark.parametrize("action", ["NoAction", "MonitorOnly"])
async def test_leaving_the_account_as_it_is_takes_nothing_back(
    house: FakeHouse, client: FakeClient, action: str, two_persons: bool
) -> None:
    """Or a link alone would open what was contained without asking."""
    at = "2026-11-20T01:00:00Z"
    asked = {"at": at, "answer_by": at, "two_persons": two_persons}
    house.cases.records[CASE_ID] |= {"asked": asked}
    opened, mark = session(Purpose.DECISION)
    form = urlencode({"instead": action, "csrf": mark}).encode()
    answered = await post_decision(request(raw=form, headers=FORM | opened), client)
    assert answered.status_code == 202
    morsel = cookie_of(answered)
    assert morsel.key == "tourniquet-report", "to read what came of it, and nothing else"
    opened = {"cookie": f"{opened['cookie']}; {morsel.key}={morsel.value}"}
    house.cases.records[CASE_ID] |= {"status": "contained", "decision": client.events[0][2]}
    page = await get_decision(request("GET", headers=opened), client)
    assert b'name="undo"' not in page.get_body()


async def test_a_link_of_an_earlier_question_answers_no_later_one(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] |= {"question": 2}
    opened, mark = session(Purpose.DECISION)
    page = await get_decision(request("GET", headers=opened), client)
    assert b'name="actions"' not in page.get_body()
    for question in ("1", "2", "3"):
        fields = {"actions": "ForcePasswordReset", "csrf": mark, "question": question}
        sent = urlencode(fields).encode()
        response = await post_decision(request(raw=sent, headers=FORM | opened), client)
        assert response.status_code == 409, question
        body = {"actions": ["ForcePasswordReset"], "question": int(question)}
        response = await post_decision(request(body=body, token=token(Purpose.DECISION)), client)
        assert response.status_code == 409, question
    assert not client.events
    opened, mark = session(Purpose.DECISION, question=2)
    sent = urlencode({"actions": "ForcePasswordReset", "csrf": mark, "question": "2"}).encode()
    assert (
        await post_decision(request(raw=sent, headers=FORM | opened), client)
    ).status_code == 202


@pytest.mark.parametrize(
    ("post", "purpose"), [(post_decision, Purpose.DECISION), (post_undo, Purpose.UNDO)]
)
async def test_a_form_is_as_limited_as_json(
    client: FakeClient, post: Any, purpose: Purpose
) -> None:
    opened, mark = session(purpose)
    good = urlencode({"actions": "NoAction", "undo": f"DisableAccount {OBJECT_ID}"})
    start = f"{good}&csrf={mark}&comment=".encode()
    for raw in (start + b"x" * (2 * 1024 * 1024), b"a=1&" * 301 + start):
        response = await post(request(raw=raw, headers=FORM | opened), client)
        assert (response.status_code, response.mimetype) == (400, "text/html")
    assert not client.events and not client.started


async def test_only_who_may_decide_gets_the_form_on_the_report(
    client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, _mark = session(Purpose.REPORT)
    by_link = await get_report(request("GET", headers=reading), client)
    assert b'name="undo"' not in by_link.get_body()
    assert b"Can be taken back" in by_link.get_body()
    decided, mark = session(Purpose.UNDO)
    both = {"cookie": f"{reading['cookie']}; {decided['cookie']}"}
    page = (await get_report(request("GET", headers=both), client)).get_body()
    assert b'name="undo"' in page and mark.encode() in page
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    signed_in = await get_report(request("GET", headers=person()), client)
    assert b'name="undo"' in signed_in.get_body()
