"""A Temporary Access Pass: who gets one, when there is none, and that it is seen once."""

import json
import logging
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.errors import PermissionDenied
from shared.models.base import Json
from shared.models.directory import Memberships
from shared.providers import heard
from tests.support.fake_persistence import FakePasses
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FORM,
    FakeClient,
    answer,
    handler,
    person,
    request,
    session,
    token,
    wrong_fields,
)
from tests.unit.triggers.pass_case import RESET, WHY, ask, post, put, timeline
from triggers import cases

report = handler(cases.get_report)

GIVEN_BACK = {"number": 1, "at": "2026-11-20T13:00:00Z", "by": "kim", "comment": "c"}
RESULT = {"action": "ForcePasswordReset", "target": OBJECT_ID, "status": "impossible"}


@pytest.fixture(autouse=True)
def _reset(house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    put(house)


async def test_an_approver_gets_a_pass_and_the_record_says_so(
    house: FakeHouse, client: FakeClient
) -> None:
    response = await post(ask(), client)
    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")
    said = answer(response)
    assert (said["access_pass"], said["number"], said["one_use"]) == (FakePasses.VALUE, 1, True)
    assert "telephone" in said["hand_over"] and "Never by mail" in said["hand_over"]
    assert house.passes.minutes == [60]
    event = house.cases.records[CASE_ID]["timeline"][-1]["event"]
    assert event.startswith("Temporary Access Pass 1 issued, for one use until 20")
    assert 'asked for by kim@contoso.com: "rang her at the desk"' in event
    assert said["valid_until"] in event
    assert house.cases.records[CASE_ID]["events"][-1]["event"] == event


async def test_the_automation_may_choose_how_long(house: FakeHouse, client: FakeClient) -> None:
    response = await post(ask(WHY | {"minutes": 480}, headers=BY_KEY), client)
    assert response.status_code == 201 and house.passes.minutes == [480]
    assert "asked for by automation key" in timeline(house)


async def test_the_pass_is_nowhere_but_in_the_answer(
    house: FakeHouse, client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with heard.hearing() as answers:
        response = await post(ask(), client)
    assert FakePasses.VALUE in response.get_body().decode()
    kept = json.dumps(
        [house.cases.records, house.cases.claims, client.started, client.events], default=str
    )
    kept += str(house.evidence.blobs) + str(house.ticketing.tickets) + str(house.siem.comments)
    kept += str(house.slack.messages) + str(house.email.messages) + caplog.text + str(answers)
    assert "Temporary Access Pass 1 issued" in kept, "what is looked at is what is kept"
    assert FakePasses.VALUE not in kept


def test_what_makes_a_pass_is_not_kept_as_a_vendors_answer() -> None:
    with heard.hearing() as answers:
        heard.hear("entra", "temporaryAccessPassMethods.post", FakePasses.VALUE)
        heard.hear("entra", "users.get", "plain")
    assert [one.answer for one in answers] == ["plain"]


NONE_FOR: dict[str, tuple[Json, Json, str]] = {
    "okta": ({"directory": "okta"}, {}, "not in Entra"),
    "no reset": ({}, {"actions": []}, "No password reset"),
    "failed reset": ({}, {"actions": [RESET | {"status": "failed"}]}, "No password reset"),
    "observe": ({}, {"mode": "observe"}, "only observes"),
    "guest": ({"kinds": ["guest"]}, {}, "a guest"),
    "break-glass": ({"kinds": ["vip", "break_glass"]}, {}, "break-glass"),
    "privileged": ({"kinds": ["privileged"]}, {}, "Privileged Authentication Administrator"),
    "not known": ({"kinds": []}, {}, "could not be told"),
    "not all known": ({"kinds": ["unknown", "vip"]}, {}, "could not be told"),
    "no id": ({"object_id": None}, {}, "No password reset"),
}


async def test_after_an_undo_of_the_whole_case_the_password_is_still_lost(
    house: FakeHouse, client: FakeClient
) -> None:
    put(house, undos=[GIVEN_BACK | {"results": [RESULT]}])
    assert (await post(ask(), client)).status_code == 201


@pytest.mark.parametrize("why", NONE_FOR)
async def test_who_gets_none_is_told_why_and_nothing_is_changed(
    house: FakeHouse, client: FakeClient, why: str
) -> None:
    account, changes, said = NONE_FOR[why]
    put(house, account, **changes)
    before = json.dumps(house.cases.records)
    response = await post(ask(), client)
    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    assert said in answer(response)["title"] + answer(response)["detail"]
    assert not house.passes.calls and not house.cases.claims
    assert json.dumps(house.cases.records) == before
    page = await report(request("GET", headers=person()), client)
    assert b'action="access-pass"' not in page.get_body()


ASKED_OF_TWO = {
    "at": "2026-11-20T12:00:00Z",
    "answer_by": "2026-11-20T13:00:00Z",
    "two_persons": True,
}


@pytest.mark.parametrize("headers", [person(), BY_KEY], ids=["approver", "program"])
@pytest.mark.parametrize(
    ("kinds", "asked", "vip"),
    [
        (["vip"], None, []),
        (["ordinary"], ASKED_OF_TWO, []),
        (["ordinary"], None, [OBJECT_ID]),
    ],
    ids=["of such a kind", "asked of two", "of such a kind since"],
)
async def test_what_two_decide_about_one_does_not_get(
    house: FakeHouse,
    client: FakeClient,
    govern: Callable[..., None],
    headers: dict[str, str],
    kinds: list[str],
    asked: Json | None,
    vip: list[str],
) -> None:
    govern(accounts={"vip": vip}, asking={"two_persons": ["vip"]})
    put(house, {"kinds": kinds}, asked=asked)
    response = await post(ask(headers=headers), client)
    assert response.status_code == 409
    assert answer(response)["title"] == "Two people decide about such an account"
    assert "help desk" in answer(response)["detail"]
    assert not house.passes.calls and not house.cases.claims
    page = await report(request("GET", headers=person()), client)
    assert b'action="access-pass"' not in page.get_body()


async def test_of_kinds_that_one_decides_about_one_gets_it(
    house: FakeHouse, client: FakeClient, govern: Callable[..., None]
) -> None:
    govern(asking={"two_persons": ["vip"]})
    assert (await post(ask(), client)).status_code == 201


async def test_an_app_that_observes_by_now_issues_none(
    house: FakeHouse, client: FakeClient, configure: Callable[..., None]
) -> None:
    configure(mode="observe", public_url="https://soc.example", automation_key=BY_KEY_SECRET)
    response = await post(ask(headers=BY_KEY), client)
    assert (response.status_code, answer(response)["title"]) == (409, "The app only observes")
    assert not house.passes.calls


BY_KEY_SECRET = BY_KEY["x-functions-key"]


@pytest.mark.parametrize("now", ["roles", "eligible", "guest"])
async def test_what_the_account_has_become_since_counts(
    house: FakeHouse, client: FakeClient, now: str
) -> None:
    if now == "roles":
        house.directory.memberships = Memberships(roles=["Global Administrator"])
    elif now == "eligible":
        house.directory.eligible = ["User Administrator"]
    else:
        house.directory.user = house.directory.user.model_copy(update={"user_type": "Guest"})
    assert (await post(ask(), client)).status_code == 409
    assert not house.passes.calls and not house.cases.claims


@pytest.mark.parametrize("method", ["get_user", "get_memberships", "get_eligible_roles"])
async def test_what_cannot_be_told_is_not_guessed(
    house: FakeHouse, client: FakeClient, method: str
) -> None:
    house.directory.failing[method] = PermissionDenied("no", vendor="entra", status=403)
    response = await post(ask(), client)
    assert response.status_code == 503 and "HTTP 403" in answer(response)["detail"]
    assert not house.passes.calls


async def test_a_link_or_its_session_is_not_enough(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "false")
    cookie, mark = session(Purpose.UNDO)
    form = urlencode({"comment": "c", "checked": "yes", "csrf": mark, "form": "f"}).encode()
    for sent, status in (
        (request(body=WHY), 401),
        (request(body=WHY, token=token(Purpose.DECISION)), 401),
        (request(body=WHY, token=token(Purpose.REPORT)), 401),
        (request(raw=form, headers=FORM | cookie), 403),
    ):
        assert (await post(sent, client)).status_code == status
    decided, _mark = session(Purpose.REPORT)
    seen = await report(
        request("GET", headers={"cookie": f"{cookie['cookie']}; {decided}"}), client
    )
    assert b'action="access-pass"' not in seen.get_body()
    assert not house.passes.calls


async def test_who_is_no_approver_or_the_account_itself_is_refused(
    house: FakeHouse, client: FakeClient
) -> None:
    for headers in (person(roles=()), person(object_id=OBJECT_ID), person("Ann@contoso.com")):
        assert (await post(ask(headers=headers), client)).status_code == 403
    assert not house.passes.calls


async def test_another_sites_page_gets_nothing_done(house: FakeHouse, client: FakeClient) -> None:
    for sent in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await post(ask(headers=person() | sent), client)).status_code == 403
    form = urlencode({"comment": "c", "checked": "yes", "csrf": "wrong"}).encode()
    assert (await post(request(raw=form, headers=FORM | person()), client)).status_code == 403
    assert not house.passes.calls


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["comment"]),
        ({"comment": "  "}, ["comment"]),
        (WHY | {"minutes": 9}, ["minutes"]),
        (WHY | {"minutes": 481}, ["minutes"]),
        (WHY | {"by": "the boss"}, ["by"]),
    ],
)
async def test_wrong_fields_are_named(
    house: FakeHouse, client: FakeClient, body: Json, fields: list[str]
) -> None:
    response = await post(ask(body), client)
    assert response.status_code == 400 and wrong_fields(response) == fields
    assert not house.passes.calls


def hidden(html: bytes, name: str) -> str:
    return html.decode().partition(f'name="{name}" value="')[2].partition('"')[0]


async def test_the_pages_form_shows_the_pass_once(house: FakeHouse, client: FakeClient) -> None:
    html = (await report(request("GET", headers=person()), client)).get_body()
    assert b"Issue a Temporary Access Pass" in html
    given = html.partition(b'action="access-pass"')[2]
    fields = {"csrf": hidden(given, "csrf"), "form": hidden(given, "form"), "comment": "<b>x</b>"}
    headers = FORM | person() | {"accept": "text/html"}
    unchecked = await post(request(raw=urlencode(fields).encode(), headers=headers), client)
    assert unchecked.status_code == 400 and not house.passes.calls
    sent = urlencode(fields | {"checked": "yes"}).encode()
    response = await post(request(raw=sent, headers=headers), client)
    assert (response.status_code, response.mimetype) == (201, "text/html")
    assert response.headers["Cache-Control"] == "no-store"
    assert FakePasses.VALUE.encode() in response.get_body()
    again = await post(request(raw=sent, headers=headers), client)
    assert again.status_code == 409 and b"This form was sent already" in again.get_body()
    assert FakePasses.VALUE.encode() not in again.get_body()
    assert house.passes.called("issue") == 1
