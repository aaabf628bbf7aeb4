import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

from shared.errors import RetryableError
from shared.models.base import format_utc
from shared.models.case import CaseRequest
from shared.playbook.intake.joining import waiting_name
from tests.support.fakes import FakeHouse
from tests.unit.playbook.bodies import account, trigger
from tests.unit.triggers.calls import FakeClient, answer, handler, request
from triggers import intake, joining

post_incident = handler(intake.post_incident)
post_case = handler(intake.post_case)
INCIDENT = trigger(account("ann"))


def another(number: int, *accounts: Any) -> dict[str, Any]:
    """Return another incident on the same account, or on those given."""
    body = json.loads(json.dumps(trigger(*(accounts or (account("ann"),)))))
    body["object"]["id"] += f"-{number}"
    body["object"]["properties"]["incidentNumber"] = number
    body["object"]["properties"]["title"] = f"Incident {number}"
    return dict(body)


async def send(client: FakeClient, body: object) -> dict[str, Any]:
    """Send an incident of one account; return its case."""
    response = await post_incident(request(body=body), client)
    assert response.status_code == 202
    [case] = answer(response)["cases"]
    return dict(case)


async def test_a_further_incident_joins_the_open_case(house: FakeHouse, client: FakeClient) -> None:
    first = await send(client, INCIDENT)
    second = await send(client, another(2))
    assert first["created"] and "joined" not in first
    assert second == first | {"created": False, "joined": True}
    assert list(client.started) == [first["case_id"]]
    [(told, event, data)] = client.events
    assert (told, event) == (first["case_id"], "Joined")
    [(name, waiting)] = house.open_cases.joining[first["case_id"]].items()
    case = CaseRequest.model_validate(waiting["case"])
    assert (case.incident.title, name) == ("Incident 2", waiting_name(case))
    assert data == {"incident": case.case_id}
    kept = house.evidence.blobs[f"{first['case_id']}/joined/{case.case_id}.json"]
    assert json.loads(kept) == another(2), "the incident is kept exactly as it was received"


async def test_a_manual_call_joins_as_well(house: FakeHouse, client: FakeClient) -> None:
    given = client.started
    case = await send(client, INCIDENT)
    body = {"user_id": _user_id(client), "case_id": "SOAR-1", "alert_group_identifiers": ["a"]}
    [joined] = answer(await post_case(request(body=body), client))["cases"]
    assert (joined["case_id"], joined["joined"]) == (case["case_id"], True)
    assert len(given) == 1


def _user_id(client: FakeClient) -> str:
    [started] = client.started.values()
    return str(started["input"]["account"]["user_id"])


async def test_two_incidents_in_the_same_instant_are_one_case(
    house: FakeHouse, client: FakeClient
) -> None:
    sent = await asyncio.gather(*(send(client, another(number)) for number in range(2, 12)))
    assert len(client.started) == 1
    assert len({case["case_id"] for case in sent}) == 1
    assert sum(case["created"] for case in sent) == 1
    [waiting] = house.open_cases.joining.values()
    assert len(waiting) == 9


async def test_an_incident_that_joined_sent_again_is_the_same_case(
    house: FakeHouse, client: FakeClient
) -> None:
    await send(client, INCIDENT)
    joined = await send(client, another(2))
    assert await send(client, another(2)) == joined
    assert len(house.open_cases.joining[joined["case_id"]]) == 1
    house.open_cases.joining.clear()
    house.open_cases.claims.clear()
    client.ended = {joined["case_id"]}
    assert await send(client, another(2)) == joined, "also when the case has taken it and ended"
    assert len(client.started) == 1


@pytest.mark.parametrize("how", ["terminated", "broke off", "closed without looking"])
async def test_an_incident_whose_case_ended_without_taking_it_opens_one_when_sent_again(
    house: FakeHouse, client: FakeClient, how: str
) -> None:
    first = await send(client, INCIDENT)
    await send(client, another(2))
    if how != "closed without looking":
        client.ended = {first["case_id"]}
    if how != "terminated":
        house.open_cases.claims.clear()
    again = await send(client, another(2))
    assert again["created"] and again["case_id"] != first["case_id"]
    assert house.open_cases.joining[first["case_id"]] == {}, "it waits for nobody any more"
    assert await send(client, another(2)) == again | {"created": False}
    assert len(client.started) == 2


@pytest.mark.parametrize("how", ["lost by the engine", "runs anew since"])
async def test_a_case_whose_run_is_gone_answers_for_nothing(
    house: FakeHouse, client: FakeClient, how: str
) -> None:
    joined = (await send(client, INCIDENT))["case_id"]
    await send(client, another(2))
    house.open_cases.joining.clear()
    assert (await send(client, another(2)))["case_id"] == joined, "the case has taken it"
    del client.started[joined]
    if how == "runs anew since":
        await send(client, INCIDENT)
    again = await send(client, another(2))
    assert again["joined"] and again["case_id"] == joined
    assert joined in client.started, "the holder of the account runs again"
    assert list(house.open_cases.joining[joined]), "and the incident waits for it once more"


async def test_it_joins_the_case_that_was_opened_meanwhile(
    house: FakeHouse, client: FakeClient
) -> None:
    first = await send(client, INCIDENT)
    await send(client, another(2))
    client.ended = {first["case_id"]}
    second = await send(client, another(3))
    joined = await send(client, another(2))
    assert (joined["case_id"], joined["joined"]) == (second["case_id"], True)
    house.open_cases.joining.clear()
    assert await send(client, another(2)) == joined, "the last case that it joined answers"


@pytest.mark.parametrize(
    "claim",
    [{}, {"case_id": "case-1"}, {"case_id": "case-1", "opened_at": "yesterday"}, {"case_id": 7}],
)
async def test_a_damaged_claim_is_no_claim(
    house: FakeHouse, client: FakeClient, claim: dict[str, Any]
) -> None:
    first = await send(client, INCIDENT)
    [key] = house.open_cases.claims
    house.open_cases.claims[key] = claim
    second = await send(client, another(2))
    assert second["created"] and second["case_id"] != first["case_id"]


async def test_a_claim_without_a_case_to_start_gives_way(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "START_WAIT_SECONDS", 0.0)
    await send(client, INCIDENT)
    client.started.clear()
    [claim] = house.open_cases.claims.values()
    claim["case"] = {"case_id": 7}
    second = await send(client, another(2))
    assert second["created"] and list(client.started) == [second["case_id"]]


async def test_incidents_on_other_accounts_do_not_join(
    house: FakeHouse, client: FakeClient
) -> None:
    await send(client, INCIDENT)
    other = await send(client, another(2, account("ben")))
    assert other["created"] and len(client.started) == 2


async def test_of_two_accounts_one_joins_and_one_opens(
    house: FakeHouse, client: FakeClient
) -> None:
    first = await send(client, INCIDENT)
    body = another(2, account("ann"), account("ben"))
    cases = answer(await post_incident(request(body=body), client))["cases"]
    assert [case.get("joined", False) for case in cases] == [True, False]
    assert cases[0]["case_id"] == first["case_id"] and cases[1]["created"]


async def test_a_released_account_opens_a_new_case(house: FakeHouse, client: FakeClient) -> None:
    first = await send(client, INCIDENT)
    house.open_cases.claims.clear()
    second = await send(client, another(2))
    assert second["created"] and second["case_id"] != first["case_id"]


async def test_a_case_that_ended_without_releasing_is_followed_by_a_new_one(
    house: FakeHouse, client: FakeClient
) -> None:
    first = await send(client, INCIDENT)
    client.ended = {first["case_id"]}
    second = await send(client, another(2))
    assert second["created"] and second["case_id"] != first["case_id"]
    third = await send(client, another(3))
    assert (third["case_id"], third["created"]) == (second["case_id"], False)


async def test_a_case_that_ends_between_our_look_and_our_joining_is_not_joined(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await send(client, INCIDENT)
    put = house.open_cases.put_joining

    async def put_late(*args: Any) -> None:
        await put(*args)
        await house.open_cases.release(_key(client), first["case_id"])

    monkeypatch.setattr(house.open_cases, "put_joining", put_late)
    second = await send(client, another(2))
    assert second["created"] and second["case_id"] != first["case_id"]
    assert house.open_cases.joining[first["case_id"]] == {}, "nobody waits for a case that ended"


def _key(client: FakeClient) -> str:
    return str(next(iter(client.started.values()))["input"]["account"]["key"])


async def test_a_starter_that_died_with_the_claim_is_stood_in_for(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "START_WAIT_SECONDS", 0.0)
    first = await send(client, INCIDENT)
    client.started.clear()
    second = await send(client, another(2))
    assert (second["case_id"], second["joined"]) == (first["case_id"], True)
    assert list(client.started) == [first["case_id"]]


async def test_a_claim_of_long_ago_whose_case_is_gone_counts_no_more(
    house: FakeHouse, client: FakeClient
) -> None:
    first = await send(client, INCIDENT)
    client.started.clear()
    [claim] = house.open_cases.claims.values()
    claim["opened_at"] = format_utc(datetime.now(UTC) - timedelta(days=40))
    second = await send(client, another(2))
    assert second["created"] and second["case_id"] != first["case_id"]


@pytest.mark.parametrize("method", ["claim", "holder", "put_joining"])
async def test_a_store_that_is_down_means_a_case_of_its_own(
    house: FakeHouse, client: FakeClient, method: str
) -> None:
    await send(client, INCIDENT)
    house.open_cases.failing[method] = RetryableError("down", vendor="blob")
    second = await send(client, another(2))
    assert second["created"] and len(client.started) == 2


async def test_a_store_that_does_not_answer_holds_nobody_up(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_args: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(joining, "STORE_SECONDS", 0.02)
    monkeypatch.setattr(joining, "START_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(house.open_cases, "claim", hang)
    monkeypatch.setattr(house.cases, "get_claim", hang)
    case = await send(client, INCIDENT)
    assert case["created"]


async def test_an_engine_that_is_down_is_an_error_that_the_sender_repeats(
    house: FakeHouse, client: FakeClient
) -> None:
    client.down = True
    with pytest.raises(grpc.RpcError):
        await send(client, INCIDENT)
    client.down = False
    again = await send(client, INCIDENT)
    assert again["case_id"] in client.started
