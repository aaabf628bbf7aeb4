"""One request is one access pass, and what goes wrong on the way is said."""

import asyncio

import pytest

from shared.errors import NotFound, PermanentError, RetryableError
from tests.support.fake_persistence import FakePasses
from tests.support.fakes import FakeHouse
from tests.unit.triggers.calls import CASE_ID, FakeClient, answer
from tests.unit.triggers.pass_case import ask, post, put, timeline
from triggers import pass_claims


@pytest.fixture(autouse=True)
def _reset(house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    put(house)


async def test_two_at_once_are_one_pass_and_a_later_one_is_another(
    house: FakeHouse, client: FakeClient
) -> None:
    answers = await asyncio.gather(post(ask(), client), post(ask(), client))
    assert sorted(one.status_code for one in answers) == [201, 409]
    [refused] = [one for one in answers if one.status_code == 409]
    assert answer(refused)["title"] == "A pass for this account is being issued"
    assert house.passes.called("issue") == 1
    assert answer(await post(ask(), client))["number"] == 2
    assert "Temporary Access Pass 2 issued" in timeline(house)


async def test_who_claimed_and_died_holds_nobody_up_for_long(
    house: FakeHouse, client: FakeClient
) -> None:
    asked = {"requested_by": "kim", "requested_at": "2026-11-20T12:00:00Z", "form": ""}
    house.cases.claims[f"{CASE_ID}/-access-pass-1"] = asked
    assert answer(await post(ask(), client))["number"] == 2


async def test_a_case_has_only_so_many(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pass_claims, "MOST_PASSES", 2)
    found = [(await post(ask(), client)).status_code for _ in range(3)]
    assert found == [201, 201, 409]


async def test_a_tenant_that_allows_none_says_so_in_its_own_words(
    house: FakeHouse, client: FakeClient
) -> None:
    refused = PermanentError("badRequest: disabled by policy", vendor="entra", status=400)
    house.passes.failing["issue"] = refused
    response = await post(ask(), client)
    assert response.status_code == 409
    assert "disabled by policy" in answer(response)["detail"]
    assert "Temporary Access Pass 1 not issued" in timeline(house)


async def test_a_lost_answer_is_said_and_may_be_asked_for_again_at_once(
    house: FakeHouse, client: FakeClient
) -> None:
    house.passes.failing["issue"] = RetryableError("no usable answer; deleted", vendor="entra")
    response = await post(ask(), client)
    assert response.status_code == 503
    assert answer(response)["detail"].endswith("deleted. Ask again.")
    assert house.passes.called("issue") == 1, "never by itself a second time"
    house.passes.failing.clear()
    assert answer(await post(ask(), client))["number"] == 2


async def test_nothing_is_issued_that_is_not_in_the_record(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.failing["save"] = RetryableError("storage is away", vendor="blob")
    response = await post(ask(), client)
    assert response.status_code == 503 and house.passes.good == []
    assert FakePasses.VALUE.encode() not in response.get_body()


async def test_what_cannot_be_claimed_is_not_made(house: FakeHouse, client: FakeClient) -> None:
    house.cases.failing["claim"] = RetryableError("storage is away", vendor="blob")
    assert (await post(ask(), client)).status_code == 503
    assert not house.passes.calls


async def test_a_record_that_somebody_else_writes_is_written_again(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.rivals = [house.cases.records[CASE_ID] | {"next_steps": ["of the rival"]}]
    assert (await post(ask(), client)).status_code == 201
    assert house.cases.records[CASE_ID]["next_steps"] == ["of the rival"]
    assert "Temporary Access Pass 1 issued" in timeline(house)


async def test_cases_that_are_not_there_and_a_store_that_is_down(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records.clear()
    assert (await post(ask(), client)).status_code == 404
    house.cases.failing["load"] = NotFound("down", vendor="blob")
    assert (await post(ask(), client)).status_code == 503
