"""Questions have numbers: what answers an older one is refused, told so, and changes nothing."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.case_links import Purpose
from shared.models.base import Json
from shared.playbook.planning.answers import answer_claim
from shared.providers.slack import Slack
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import (
    CASE_ID,
    FORM,
    LINK_KEY,
    FakeClient,
    answer,
    handler,
    person,
    request,
    session,
    token,
)
from triggers import decisions, slack

post_decision = handler(decisions.post_decision)
interact = handler(slack.slack_interaction)

SECRET = "how Slack signs"
PLAN = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]
ASKED = {"at": "2026-11-20T12:00:00Z", "answer_by": "2099-11-20T13:00:00Z"}
REVOKE = {"actions": ["RevokeSessions"]}
KIM = person("kim@contoso.com", object_id="11111111-0000-4000-8000-00000000000a")
ANA = person("ana@contoso.com", object_id="11111111-0000-4000-8000-00000000000b")


class Replies(Slack):
    """Slack that keeps what it was to say in threads."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def reply(self, *, channel: str, ts: str, user: str, text: str) -> None:
        self.said.append(text)

    async def mail_of(self, user: str) -> str | None:
        return f"{user.lower()}@contoso.com"


@pytest.fixture(autouse=True)
def _listed(govern: Callable[..., None]) -> None:
    govern(asking={"approvers": {"slack": ["U0KIM", "U0ANA"]}})


@pytest.fixture(autouse=True)
def said(house: FakeHouse, configure: Callable[..., None]) -> list[str]:
    """What was told in Slack; its interactions are switched on."""
    replies = Replies()
    house.providers.notifiers.insert(0, replies)
    configure(link_signing_key=LINK_KEY, slack_signing_secret=SECRET)
    return replies.said


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")


def open_question(house: FakeHouse, number: int, **asked: Any) -> None:
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision", plan=PLAN, actions=[], question=number, asked=ASKED | asked
    )


def pressed(number: int, user: str = "U0KIM", action: str = "RevokeSessions") -> func.HttpRequest:
    boxes = {"a": {"a": {"selected_options": [{"value": action}]}}}
    value = f"{CASE_ID} {token(Purpose.DECISION, question=number)}"
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": user[2:].lower()},
        "channel": {"id": "C0SOC"},
        "message": {"ts": "1.2"},
        "state": {"values": boxes},
        "actions": [{"action_id": "decide", "value": value}],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": sign(SECRET, stamp, body)}
    return request(raw=body, headers=headers)


def linked(number: int, body: Json, headers: dict[str, str] | None = None) -> func.HttpRequest:
    return request(body=body, headers=headers or {}, token=token(Purpose.DECISION, question=number))


async def test_a_link_of_an_older_question_answers_none(
    house: FakeHouse, client: FakeClient
) -> None:
    open_question(house, 2)
    for body in (REVOKE, REVOKE | {"question": 2}, REVOKE | {"question": 1}):
        response = await post_decision(linked(1, body), client)
        assert response.status_code == 409
        assert "question 2 is open" in answer(response)["detail"]
    assert not client.events and not house.cases.claims
    response = await post_decision(linked(2, REVOKE | {"question": 2}), client)
    assert response.status_code == 202
    assert client.events[0][2]["question"] == 2


async def test_a_page_that_was_open_for_an_older_question_answers_none(
    house: FakeHouse, client: FakeClient
) -> None:
    open_question(house, 2)
    cookie, mark = session(Purpose.DECISION, question=2)
    fields = {"actions": "RevokeSessions", "csrf": mark, "question": "1"}
    sent = request(raw=urlencode(fields).encode(), headers=FORM | cookie)
    response = await post_decision(sent, client)
    assert response.status_code == 409
    assert b"question 2 is open" in response.get_body()
    assert not client.events


async def test_a_button_of_an_older_question_answers_none(
    house: FakeHouse, client: FakeClient, said: list[str]
) -> None:
    open_question(house, 2)
    assert (await interact(pressed(1), client)).status_code == 200
    assert not client.events and not house.cases.claims
    assert "question 2 is open" in said[0]
    await interact(pressed(2), client)
    assert client.events[0][2]["question"] == 2
    assert len(said) == 1


@pytest.mark.parametrize("number", [0, -1, "x", 1.5, None])
async def test_a_number_that_is_none_is_a_wrong_field(
    house: FakeHouse, client: FakeClient, number: object
) -> None:
    open_question(house, 1)
    response = await post_decision(linked(1, REVOKE | {"question": number}), client)
    assert response.status_code == 400
    assert not client.events


async def test_each_question_takes_the_first_answer_on_whatever_channel(
    house: FakeHouse, client: FakeClient, said: list[str]
) -> None:
    for number in (1, 2):
        open_question(house, number)
        assert (await post_decision(linked(number, REVOKE), client)).status_code == 202
        await interact(pressed(number, action="ForcePasswordReset"), client)
        response = await post_decision(linked(number, {"actions": ["NoAction"]}), client)
        assert response.status_code == 409
        assert "holder of the signed link has just answered" in answer(response)["detail"]
        assert "has just answered" in said[-1]
    heard = {(data["question"], tuple(data["actions"])) for *_, data in client.events}
    assert heard == {(1, ("RevokeSessions",)), (2, ("RevokeSessions",))}


async def test_who_is_late_hears_who_decided(
    house: FakeHouse, client: FakeClient, said: list[str]
) -> None:
    at = "2026-11-20T12:03:00.000Z"
    decision = REVOKE | {"decided_by": "ana", "decided_at": at}
    house.cases.records[CASE_ID] = record(decision=decision, asked=ASKED)
    response = await post_decision(linked(1, REVOKE), client)
    assert response.status_code == 409
    await interact(pressed(1), client)
    for told in (answer(response)["detail"], said[0]):
        assert "does not wait for a decision any more" in told
        assert f"ana decided at {at}" in told
    assert not client.events


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ("deadline", "too late: decided by silence at 2026-11-20T13:00:00.000Z"),
        ("superseded", "too late: the case was judged anew at 2026-11-20T13:00:00.000Z"),
    ],
)
async def test_who_answers_after_the_case_has_claimed_it_hears_that_it_is_too_late(
    house: FakeHouse, client: FakeClient, said: list[str], channel: str, why: str
) -> None:
    """The record still says that the question is open."""
    open_question(house, 1)
    by_case = {"decided_by": "deadline (policy)", "decided_at": "2026-11-20T13:00:00.000Z"}
    claimed = {"actions": ["MonitorOnly"], "channel": channel, "question": 1} | by_case
    await house.cases.claim(CASE_ID, answer_claim("", 1), claimed)
    response = await post_decision(linked(1, REVOKE), client)
    assert response.status_code == 409 and answer(response)["detail"].startswith(why)
    await interact(pressed(1), client)
    assert said[0].startswith(why)
    cookie, mark = session(Purpose.DECISION, question=1)
    fields = {"actions": "RevokeSessions", "csrf": mark, "question": "1"}
    seen = await post_decision(
        request(raw=urlencode(fields).encode(), headers=FORM | cookie), client
    )
    assert seen.status_code == 409 and why.encode() in seen.get_body()
    assert not client.events


async def test_who_answers_after_silence_is_written_down_hears_the_same(
    house: FakeHouse, client: FakeClient, said: list[str]
) -> None:
    at = "2026-11-20T13:00:00.000Z"
    decision = REVOKE | {"decided_by": "deadline (policy)", "decided_at": at, "channel": "deadline"}
    house.cases.records[CASE_ID] = record(decision=decision, asked=ASKED)
    response = await post_decision(linked(1, REVOKE), client)
    assert response.status_code == 409
    assert answer(response)["detail"] == f"too late: decided by silence at {at}"
    await interact(pressed(1), client)
    assert said == [f"too late: decided by silence at {at}"]


def first(by: str, identity: str) -> Json:
    at = "2026-11-20T12:01:00.000Z"
    return REVOKE | {"decided_by": by, "decided_at": at, "identity": identity}


async def test_a_link_alone_is_none_of_two_people(house: FakeHouse, client: FakeClient) -> None:
    open_question(house, 1, two_persons=True)
    response = await post_decision(linked(1, REVOKE), client)
    assert response.status_code == 409
    assert "sign in, or answer in Slack" in answer(response)["detail"]
    assert not client.events and not house.cases.claims
    assert (await post_decision(linked(1, {"actions": ["NoAction"]}), client)).status_code == 202


@pytest.mark.usefixtures("sign_in")
async def test_two_who_are_signed_in_are_two(house: FakeHouse, client: FakeClient) -> None:
    open_question(house, 1, two_persons=True)
    assert (await post_decision(linked(1, REVOKE, KIM), client)).status_code == 202
    chosen = client.events[0][2]
    open_question(house, 2, two_persons=True, first_answer=chosen)
    again = await post_decision(linked(2, REVOKE, KIM), client)
    assert again.status_code == 409
    assert "a second person has to confirm" in answer(again)["detail"]
    assert (await post_decision(linked(2, REVOKE, ANA), client)).status_code == 202
    assert len(client.events) == 2, "kim's second answer claimed nothing"


async def test_two_in_slack_are_two(house: FakeHouse, client: FakeClient, said: list[str]) -> None:
    open_question(house, 1, two_persons=True)
    await interact(pressed(1), client)
    chosen = client.events[0][2]
    assert chosen["identity"] == "slack:U0KIM"
    open_question(house, 2, two_persons=True, first_answer=chosen)
    await interact(pressed(2), client)
    assert "a second person has to confirm" in said[0]
    await interact(pressed(2, "U0ANA"), client)
    assert [data["identity"] for *_, data in client.events] == ["slack:U0KIM", "slack:U0ANA"]


@pytest.mark.usefixtures("sign_in")
async def test_one_here_and_one_there_may_be_one(
    house: FakeHouse, client: FakeClient, said: list[str]
) -> None:
    open_question(house, 2, two_persons=True, first_answer=first("kim", "slack:U0KIM"))
    response = await post_decision(linked(2, REVOKE, ANA), client)
    assert "kim has chosen in Slack" in answer(response)["detail"]
    open_question(house, 2, two_persons=True, first_answer=first("kim", "signed-in:x"))
    await interact(pressed(2), client)
    assert "kim has chosen signed in on the page" in said[0]
    assert not client.events
