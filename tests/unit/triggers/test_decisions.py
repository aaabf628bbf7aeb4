from typing import Any
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.errors import RetryableError
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import planned, record
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
from triggers import decisions

get_decision = handler(decisions.get_decision)
post_decision = handler(decisions.post_decision)
acknowledge = handler(decisions.acknowledge)
close = handler(decisions.close)

PLAN = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]


@pytest.fixture
def waiting(house: FakeHouse) -> FakeHouse:
    """One case that waits for a decision."""
    house.cases.records[CASE_ID] = record(status="awaiting_decision", plan=PLAN, actions=[])
    return house


def decide(body: object = None, **more: Any) -> Any:
    return request(body=body, **{"token": token(Purpose.DECISION)} | more)


async def test_a_decision_is_told_to_the_case(waiting: FakeHouse, client: FakeClient) -> None:
    body = {"actions": ["RevokeSessions"], "comment": "not me"}
    response = await post_decision(decide(body), client)
    assert response.status_code == 202
    [(instance, event, data)] = client.events
    assert (instance, event) == (CASE_ID, "Decision")
    assert data["actions"] == ["RevokeSessions"]
    assert (data["comment"], data["channel"]) == ("not me", "web")
    assert data["decided_by"] == "holder of the signed link"
    assert answer(response)["decision"] == data


async def test_the_first_decision_wins_and_later_ones_are_told_so(
    waiting: FakeHouse, client: FakeClient
) -> None:
    first = await post_decision(decide({"actions": ["RevokeSessions"]}), client)
    later = await post_decision(decide({"actions": ["NoAction"]}), client)
    on_paper = await post_decision(
        request(
            raw=urlencode({"actions": "NoAction"}).encode(),
            headers=FORM,
            token=token(Purpose.DECISION),
        ),
        client,
    )
    assert (first.status_code, later.status_code, on_paper.status_code) == (202, 409, 409)
    assert {tuple(data["actions"]) for _case, _event, data in client.events} == {
        ("RevokeSessions",)
    }, "the first answer is sent again, in case it never arrived"


async def test_an_answer_that_cannot_be_claimed_is_not_taken_and_may_be_sent_again(
    waiting: FakeHouse, client: FakeClient
) -> None:
    waiting.cases.failing["claim"] = RetryableError("storage is away")
    on_paper = urlencode({"actions": "RevokeSessions", "comment": "not <b>me"}).encode()
    opened, mark = session(Purpose.DECISION)
    form = request(raw=on_paper + f"&csrf={mark}".encode(), headers=FORM | opened)
    program = await post_decision(decide({"actions": ["RevokeSessions"]}), client)
    shown = await post_decision(form, client)
    assert (program.status_code, shown.status_code, client.events) == (503, 503, [])
    assert (
        b"Send it again in a minute" in shown.get_body() and b"not &lt;b&gt;me" in shown.get_body()
    )
    waiting.cases.failing.clear()
    others = await post_decision(decide({"actions": ["NoAction"]}), client)
    late = await post_decision(form, client)
    assert (others.status_code, late.status_code) == (202, 409)
    assert {tuple(data["actions"]) for _case, _event, data in client.events} == {("NoAction",)}


async def test_who_decided_is_never_in_the_body(waiting: FakeHouse, client: FakeClient) -> None:
    body = {"actions": ["RevokeSessions"], "decided_by": "the boss", "channel": "slack"}
    response = await post_decision(decide(body), client)
    assert response.status_code == 400
    assert wrong_fields(response) == ["decided_by", "channel"]
    assert not client.events


async def test_a_signed_in_person_is_named(
    waiting: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    await post_decision(decide({"actions": ["NoAction"]}, headers=person()), client)
    data = client.events[0][2]
    assert data["decided_by"] == "kim@contoso.com"
    assert data["identity"] == "signed-in:11111111-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        token(Purpose.REPORT),
        token(Purpose.DECISION, seconds=-1),
        token(Purpose.DECISION, "case-fedcba9876543210fedcba98"),
    ],
    ids=["none", "no token", "of a report", "of the past", "of another case"],
)
async def test_without_a_good_link_nobody_decides(
    waiting: FakeHouse, client: FakeClient, wrong: str
) -> None:
    for call in (post_decision, get_decision):
        response = await call(decide({"actions": ["RevokeSessions"]}, token=wrong), client)
        assert response.status_code == 401
        assert b"ann@contoso.com" not in response.get_body()
    assert not client.events
    assert not waiting.cases.calls, "nothing is read for who was not proved"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "actions"),
        ({"actions": []}, "actions"),
        ({"actions": "RevokeSessions"}, "actions"),
        ({"actions": ["DeleteEverything"]}, "actions.0"),
        ({"actions": ["RevokeSessions", "NoAction"]}, "actions"),
        ({"actions": ["MonitorOnly", "NoAction"]}, "actions"),
        ({"actions": ["RevokeSessions"], "comment": "x" * 2001}, "comment"),
        ({"actions": ["RevokeSessions"] * 100}, "actions"),
        ([], "body"),
        ("text", "body"),
    ],
)
async def test_a_decision_that_is_none_is_a_problem(
    waiting: FakeHouse, client: FakeClient, body: object, field: str
) -> None:
    response = await post_decision(decide(body), client)
    assert response.status_code == 400
    assert wrong_fields(response) == [field]
    assert not client.events


@pytest.mark.parametrize("status", ["gathering", "containing", "contained", "closed", "failed"])
async def test_only_a_waiting_case_can_be_decided(
    waiting: FakeHouse, client: FakeClient, status: str
) -> None:
    waiting.cases.records[CASE_ID] = record(status=status)
    response = await post_decision(decide({"actions": ["RevokeSessions"]}), client)
    assert response.status_code == 409
    assert status in answer(response)["detail"]
    sent = urlencode({"actions": "RevokeSessions"}).encode()
    response = await post_decision(decide(raw=sent, headers=FORM), client)
    assert (response.status_code, response.mimetype) == (409, "text/html")
    assert not client.events


async def test_the_page_and_its_form(waiting: FakeHouse, client: FakeClient) -> None:
    opened, mark = session(Purpose.DECISION)
    response = await get_decision(request("GET", headers=opened), client)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert b'name="actions"' in response.get_body() and mark.encode() in response.get_body()
    actions = ["ForcePasswordReset", "RevokeSessions"]
    fields = {"actions": actions, "comment": "ä & <b>", "csrf": mark, "question": "1"}
    sent = urlencode(fields, doseq=True)
    response = await post_decision(request(raw=sent.encode(), headers=FORM | opened), client)
    assert (response.status_code, response.mimetype) == (202, "text/html")
    data = client.events[0][2]
    assert data["actions"] == ["ForcePasswordReset", "RevokeSessions"]
    assert data["comment"] == "ä & <b>"


@pytest.mark.parametrize(
    "sent", [b"", b"comment=%3Cscript%3E", b"actions=Nonsense", b"\xff=%zz", b"a=1&" * 99]
)
async def test_a_form_without_a_choice_is_shown_again(
    waiting: FakeHouse, client: FakeClient, sent: bytes
) -> None:
    response = await post_decision(decide(raw=sent, headers=FORM), client)
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert b'name="actions"' in response.get_body()
    assert b"<script" not in response.get_body()
    assert not client.events


@pytest.mark.parametrize(("call", "event"), [(acknowledge, "Acknowledged"), (close, "Closed")])
async def test_acknowledging_and_closing(
    house: FakeHouse, client: FakeClient, call: Any, event: str
) -> None:
    house.cases.records[CASE_ID] = record()
    response = await call(request(body={"comment": "mine"}, headers=BY_KEY), client)
    assert response.status_code == 202
    [(case_id, raised, data)] = client.events
    assert (case_id, raised) == (CASE_ID, event)
    assert data.pop("at")
    assert data == {"by": "automation key", "comment": "mine"}
    assert (await call(request(headers=BY_KEY), client)).status_code == 202, "a body is not needed"


@pytest.mark.parametrize("call", [acknowledge, close])
async def test_a_closed_case_stays_closed(house: FakeHouse, client: FakeClient, call: Any) -> None:
    house.cases.records[CASE_ID] = record(status="closed")
    assert (await call(request(headers=BY_KEY), client)).status_code == 409
    assert not client.events


@pytest.mark.parametrize("call", [acknowledge, close])
async def test_wrong_notes_missing_cases_and_a_store_that_is_down(
    house: FakeHouse, client: FakeClient, call: Any
) -> None:
    assert (await call(request(headers=BY_KEY), client)).status_code == 404
    house.cases.records[CASE_ID] = record()
    wrong = {"comment": 7, "who": "me"}
    response = await call(request(body=wrong), client)
    assert response.status_code == 400
    assert set(wrong_fields(response)) == {"comment", "who"}
    assert (await call(request(raw=b"{"), client)).status_code == 400
    house.cases.failing["load"] = RetryableError("down", vendor="blob")
    assert (await call(request(headers=BY_KEY), client)).status_code == 503
    assert not client.events and not client.started


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_sites_page_cannot_decide_in_a_persons_name(
    waiting: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    opened, mark = session(Purpose.DECISION)
    headers = FORM | person() | opened | {"sec-fetch-site": site}
    sent = urlencode({"actions": "NoAction", "csrf": mark}).encode()
    response = await post_decision(request(raw=sent, headers=headers), client)
    assert response.status_code == 403
    assert not client.events
