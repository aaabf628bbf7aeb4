import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import ADDRESS, OBJECT_ID, outcome
from tests.unit.playbook.records import record
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
from triggers import undo as undoing

undo = handler(undoing.undo_actions)

ACCOUNT = {"key": "a" * 32, "object_id": OBJECT_ID, "user_principal_name": "ann@contoso.com"}
DISABLED = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})
BLOCKED = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
REVOKED = outcome(ActionName.REVOKE_SESSIONS)
FAILED = outcome(ActionName.CONFIRM_COMPROMISED, status="failed")
UNDONE = {"at": "2026-11-20T12:40:00Z", "by": "kim", "comment": "rang", "verified": True}
BY_TOKEN = f"{CASE_ID}:undo:"
WHY = {"comment": "it was the user"}


@pytest.fixture
def contained(house: FakeHouse) -> FakeHouse:
    """One case with an account disabled, its sessions ended, an address blocked, one failure."""
    house.cases.records[CASE_ID] = record(
        actions=[DISABLED, BLOCKED, REVOKED, FAILED], account=ACCOUNT
    )
    return house


def ask(body: object = None, **more: Any) -> Any:
    return request(body=body, **{"headers": BY_KEY} | more)


def send(raw: bytes, **more: str) -> Any:
    """Send the form as the browser does that has just decided."""
    cookie, mark = session(Purpose.UNDO)
    fields = raw + b"&" + urlencode({"csrf": mark}).encode()
    return request(raw=fields, headers=FORM | cookie | more)


def started(client: FakeClient) -> Json:
    [one] = client.started.values()
    assert one["name"] == "undo"
    given: Json = one["input"]
    return given


async def test_everything_that_can_be_taken_back_is(
    contained: FakeHouse, client: FakeClient
) -> None:
    response = await undo(ask(WHY), client)
    assert response.status_code == 202
    said = answer(response)
    assert said["undoing"] == [f"DisableAccount on {OBJECT_ID}", f"BlockIP on {ADDRESS}"]
    assert said["undo_id"] == f"{CASE_ID}:undo:1" and said["created"] is True
    assert said["status_url"].endswith(f"/api/cases/{CASE_ID}")
    assert response.headers["Location"] == said["status_url"]
    [not_undoable] = said["not_undoable"]
    assert (not_undoable["action"], not_undoable["instead"]) == (
        "RevokeSessions",
        "the user signs in again",
    )
    given = started(client)
    assert [item["action"] for item in given["actions"]] == ["DisableAccount", "BlockIP"]
    assert (given["object_id"], given["account_key"]) == (OBJECT_ID, OBJECT_ID)
    assert (given["requested_by"], given["comment"]) == (
        "automation key",
        "it was the user",
    )
    assert list(client.started) == [f"{CASE_ID}:undo:1"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"actions": ["BlockIP"]}, ["BlockIP"]),
        ({"targets": [OBJECT_ID]}, ["DisableAccount"]),
        ({"actions": ["DisableAccount", "BlockIP"], "targets": [ADDRESS]}, ["BlockIP"]),
        ({"actions": ["DisableAccount", "RevokeSessions"]}, ["DisableAccount"]),
    ],
)
async def test_actions_and_targets_can_be_chosen(
    contained: FakeHouse, client: FakeClient, chosen: Json, expected: list[str]
) -> None:
    assert (await undo(ask(WHY | chosen), client)).status_code == 202
    assert [item["action"] for item in started(client)["actions"]] == expected


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["comment"]),
        ({"comment": "   "}, ["comment"]),
        ({"comment": "x" * 2001}, ["comment"]),
        (WHY | {"actions": ["Everything"], "by": "the boss"}, ["actions.0", "by"]),
        (WHY | {"actions": "BlockIP"}, ["actions"]),
        (WHY | {"targets": [""]}, ["targets"]),
        (WHY | {"targets": [7]}, ["targets.0"]),
        ([], ["body"]),
    ],
)
async def test_an_undo_that_is_none_names_its_wrong_fields(
    contained: FakeHouse, client: FakeClient, body: object, fields: list[str]
) -> None:
    response = await undo(ask(body), client)
    assert response.status_code == 400
    assert wrong_fields(response) == fields
    assert not client.started


async def test_what_cannot_be_undone_is_said_with_what_to_do_instead(
    contained: FakeHouse, client: FakeClient
) -> None:
    body = WHY | {"actions": ["RevokeSessions", "ConfirmCompromised"]}
    response = await undo(ask(body), client)
    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    detail = answer(response)["detail"]
    assert "sessions that were ended cannot be brought back; the user signs in again" in detail
    assert "ConfirmCompromised on -: was not done in this case" in detail
    response = await undo(ask(WHY | {"targets": ["198.51.100.1"]}), client)
    assert (response.status_code, answer(response)["detail"]) == (
        409,
        "No action of this case fits what was named.",
    )
    assert not client.started


async def test_what_was_undone_already_is_said_and_not_done_again(
    house: FakeHouse, client: FakeClient
) -> None:
    done = DISABLED | {"undo": None, "undone": UNDONE}
    house.cases.records[CASE_ID] = record(actions=[done], account=ACCOUNT)
    response = await undo(ask(WHY), client)
    assert response.status_code == 409
    assert "was taken back already by kim: rang" in answer(response)["detail"]


async def test_the_same_request_again_is_the_same_undo(
    contained: FakeHouse, client: FakeClient
) -> None:
    answers = [await undo(ask(WHY), client) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 202]
    assert [answer(one)["created"] for one in answers] == [True, False, False]
    assert len({answer(one)["undo_id"] for one in answers}) == 1
    assert len(client.started) == 1


async def test_a_repeated_request_is_recognised_when_part_of_it_is_in_the_record(
    contained: FakeHouse, client: FakeClient
) -> None:
    await undo(ask(WHY), client)
    actions = [one | {"undo": None, "undone": UNDONE} for one in (DISABLED, BLOCKED)]
    run = {"number": 1, "at": "2026-11-20T12:40:00Z", "by": "kim", "comment": "c"}
    contained.cases.records[CASE_ID] = record(actions=actions, account=ACCOUNT, undos=[run])
    response = await undo(ask(WHY), client)
    assert (response.status_code, answer(response)["created"]) == (202, False)


async def test_two_persons_at_once_are_one_undo(
    contained: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    requests = [request(body=WHY, headers=person(name)) for name in ("kim", "ola")]
    answers = await asyncio.gather(*(undo(one, client) for one in requests))
    assert sorted(one.status_code for one in answers) == [202, 409]
    [refused] = [one for one in answers if one.status_code == 409]
    said = answer(refused)
    assert said["title"] == "An undo of this case is under way"
    assert f"{started(client)['requested_by']} asked at" in said["detail"]
    assert "DisableAccount" in said["detail"]


async def test_who_claimed_and_died_is_started_by_the_next(
    contained: FakeHouse, client: FakeClient
) -> None:
    client.down = True
    with pytest.raises(Exception, match="UNAVAILABLE"):
        await undo(ask(WHY), client)
    client.down = False
    response = await undo(ask({"comment": "another reason"}), client)
    assert response.status_code == 409, "what was claimed is what counts"
    assert started(client)["comment"] == "it was the user"


async def test_storage_that_cannot_claim_stops_no_undo(
    contained: FakeHouse, client: FakeClient
) -> None:
    contained.cases.failing["claim"] = RetryableError("storage is away")
    client.rivals = {f"{CASE_ID}:undo:1"}
    response = await undo(ask(WHY), client)
    assert response.status_code == 202
    assert len(client.started) == 1


async def test_the_next_undo_has_the_next_number(contained: FakeHouse, client: FakeClient) -> None:
    await undo(ask(WHY | {"actions": ["BlockIP"]}), client)
    client.ended.add(f"{CASE_ID}:undo:1")
    response = await undo(ask(WHY), client)
    assert answer(response)["undo_id"] == f"{CASE_ID}:undo:2"
    run = {"number": 2, "at": "2026-11-20T12:40:00Z", "by": "kim", "comment": "c"}
    done = run | {"finished_at": "2026-11-20T12:41:00Z"}
    contained.cases.records[CASE_ID] |= {"undos": [done]}
    client.ended.add(f"{CASE_ID}:undo:2")
    response = await undo(ask(WHY), client)
    assert answer(response)["undo_id"] == f"{CASE_ID}:undo:3"


@pytest.mark.parametrize(
    "wrong",
    ["", "x", token(Purpose.REPORT), token(Purpose.DECISION)],
    ids=["none", "no token", "of a report", "of a decision"],
)
async def test_a_link_takes_nothing_back(
    contained: FakeHouse, client: FakeClient, wrong: str
) -> None:
    response = await undo(request(body=WHY, token=wrong), client)
    assert response.status_code == 401
    assert not client.started and not contained.cases.calls


async def test_another_sites_page_cannot_ask_in_a_persons_name(
    contained: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    kim = person("kim@contoso.com")
    for sent in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        response = await undo(request(body=WHY, headers=kim | sent), client)
        assert response.status_code == 403
    assert not client.started
    for sent in ({"sec-fetch-site": "same-origin"}, {"origin": "https://soc.example"}):
        assert (await undo(request(body=WHY, headers=kim | sent), client)).status_code == 202
    assert started(client)["requested_by"] == "kim@contoso.com"


async def test_cases_that_are_not_there_and_a_store_that_is_down(
    house: FakeHouse, client: FakeClient
) -> None:
    assert (await undo(ask(WHY), client)).status_code == 404
    house.cases.failing["load"] = RetryableError("down", vendor="blob")
    assert (await undo(ask(WHY), client)).status_code == 503


def form(*choices: str, comment: str = "it was <b>me</b>") -> bytes:
    return urlencode([*(("undo", one) for one in choices), ("comment", comment)]).encode()


async def test_the_form_takes_back_what_is_ticked(contained: FakeHouse, client: FakeClient) -> None:
    sent = form(f"BlockIP {ADDRESS}")
    response = await undo(send(sent), client)
    assert (response.status_code, response.mimetype) == (202, "text/html")
    assert b"Taking back is on its way" in response.get_body()
    given = started(client)
    assert [item["action"] for item in given["actions"]] == ["BlockIP"]
    assert given["comment"] == "it was <b>me</b>"


@pytest.mark.parametrize(
    "sent",
    [b"", form(), form("Nonsense x"), form("BlockIP"), form(f"BlockIP {ADDRESS}", comment="")],
)
async def test_a_form_that_says_nothing_is_shown_again(
    contained: FakeHouse, client: FakeClient, sent: bytes
) -> None:
    response = await undo(send(sent), client)
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert b'name="undo"' in response.get_body()
    assert b"<b>" not in response.get_body()
    assert not client.started


async def test_a_form_that_comes_too_late_says_why(house: FakeHouse, client: FakeClient) -> None:
    house.cases.records[CASE_ID] = record(actions=[REVOKED], account=ACCOUNT)
    response = await undo(send(form(f"RevokeSessions {OBJECT_ID}")), client)
    assert (response.status_code, response.mimetype) == (409, "text/html")
    assert b"cannot be brought back" in response.get_body()
