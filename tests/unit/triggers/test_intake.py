import asyncio
import json
from typing import Any

import azure.functions as func
import grpc
import pytest
from azure.functions.eventgrid import EventGridEventInConverter
from azure.functions.meta import Datum

from shared.errors import RetryableError
from shared.models.case import CaseRequest
from shared.playbook.acting.evidence import RECEIVED
from shared.playbook.intake import InvalidBody
from tests.support.fakes import FakeHouse
from tests.unit.playbook.bodies import account, address, trigger
from tests.unit.triggers.calls import FakeClient, answer, handler, request, wrong_fields
from triggers import intake
from triggers.body import MAX_BODY_BYTES

post_incident = handler(intake.post_incident)
post_case = handler(intake.post_case)
on_security_event = handler(intake.on_security_event)

INCIDENT = trigger(account("ann"), account("ben"), address("203.0.113.7"))
MANUAL = {"user_id": "ann@contoso.com", "case_id": "SOAR-1", "alert_group_identifiers": ["a"]}


async def test_an_incident_starts_one_case_per_account(
    house: FakeHouse, client: FakeClient
) -> None:
    response = await post_incident(request(body=INCIDENT), client)
    assert response.status_code == 202
    cases = answer(response)["cases"]
    assert [set(case) for case in cases] == [{"case_id", "status_url", "created"}] * 2
    assert all(case["created"] for case in cases)
    assert [case["case_id"] for case in cases] == list(client.started)
    for case in cases:
        assert case["status_url"] == f"https://soc.example/api/cases/{case['case_id']}"
        started = client.started[case["case_id"]]
        assert started["name"] == "respond"
        given = CaseRequest.model_validate(started["input"])
        assert (given.case_id, given.mode) == (case["case_id"], "automatic")
        kept = json.loads(house.evidence.blobs[f"{case['case_id']}/{RECEIVED}"])
        assert kept == INCIDENT, "the incident is kept exactly as it was received"
    assert response.headers["Location"] == cases[0]["status_url"]


async def test_waiting_times_of_a_case_are_fixed_at_intake(
    house: FakeHouse, client: FakeClient, configure: Any, govern: Any
) -> None:
    configure(block_hours="2.5", recheck_minutes="3")
    second_line = {"mail_to": ["l2@contoso.com"]}
    govern(asking={"deadline_minutes": 70, "reminder_minutes": 7, "escalation": second_line})
    await post_incident(request(body=INCIDENT), client)
    timing = next(iter(client.started.values()))["input"]["timing"]
    assert timing["approval_deadline_minutes"] == 70
    assert (timing["reminder_minutes"], timing["escalate_minutes"]) == (7, 30)
    assert (timing["block_hours"], timing["recheck_minutes"]) == (2.5, 3)


async def test_nobody_is_escalated_to_whom_the_policy_does_not_name(
    client: FakeClient, govern: Any
) -> None:
    govern(asking={"escalate_minutes": 30})
    await post_incident(request(body=INCIDENT), client)
    timing = next(iter(client.started.values()))["input"]["timing"]
    assert timing["escalate_minutes"] is None


async def test_the_same_incident_again_is_the_same_cases(
    house: FakeHouse, client: FakeClient
) -> None:
    first = answer(await post_incident(request(body=INCIDENT), client))["cases"]
    inputs = dict(client.started)
    again = answer(await post_incident(request(body=INCIDENT), client))["cases"]
    assert [case["case_id"] for case in again] == [case["case_id"] for case in first]
    assert not any(case["created"] for case in again)
    assert client.started == inputs
    assert house.evidence.called("put") == 2, "what was received first is the evidence"


async def test_deliveries_at_the_same_moment_start_a_case_once(
    house: FakeHouse, client: FakeClient
) -> None:
    calls = [post_incident(request(body=INCIDENT), client) for _ in range(5)]
    answers = [answer(response)["cases"] for response in await asyncio.gather(*calls)]
    assert len({json.dumps([case["case_id"] for case in cases]) for cases in answers}) == 1
    assert sum(case["created"] for cases in answers for case in cases) == 2


async def test_a_case_started_between_our_look_and_our_start_is_not_ours(
    house: FakeHouse, client: FakeClient
) -> None:
    await post_incident(request(body=INCIDENT), client)
    client.rivals = set(client.started)
    client.started.clear()
    cases = answer(await post_incident(request(body=INCIDENT), client))["cases"]
    assert [case["created"] for case in cases] == [False, False]


async def test_an_engine_that_is_down_is_an_error_that_the_sender_repeats(
    house: FakeHouse, client: FakeClient
) -> None:
    client.down = True
    with pytest.raises(grpc.RpcError):
        await post_incident(request(body=INCIDENT), client)


async def test_what_is_kept_is_no_larger_than_what_came_and_shared_by_its_accounts(
    house: FakeHouse, client: FakeClient
) -> None:
    nested: Any = [1] * 1_000
    for _ in range(40):
        nested = [nested, 1]
    body = trigger(*(account(f"user{n}") for n in range(20)), labels=nested)
    assert (await post_incident(request(body=body), client)).status_code == 202
    kept = [blob for name, blob in house.evidence.blobs.items() if name.endswith(RECEIVED)]
    assert len(kept) == 20
    assert all(one is kept[0] for one in kept), "made once, held once"
    assert len(kept[0]) <= len(json.dumps(body))


async def test_evidence_storage_that_is_down_does_not_stop_intake(
    house: FakeHouse, client: FakeClient
) -> None:
    house.evidence.failing["put"] = RetryableError("down", vendor="blob")
    assert (await post_incident(request(body=INCIDENT), client)).status_code == 202
    house.providers.evidence = None
    manual = MANUAL | {"user_id": "cho@contoso.com"}
    assert (await post_case(request(body=manual), client)).status_code == 202
    assert len(client.started) == 3


async def test_an_incident_without_account_is_a_case_too(
    house: FakeHouse, client: FakeClient
) -> None:
    response = await post_incident(request(body=trigger(address("203.0.113.7"))), client)
    assert response.status_code == 202
    [started] = client.started.values()
    assert started["input"]["account"] is None


async def test_a_manual_call_starts_one_case(house: FakeHouse, client: FakeClient) -> None:
    response = await post_case(request(body=MANUAL), client)
    assert response.status_code == 202
    [case] = answer(response)["cases"]
    assert client.started[case["case_id"]]["input"]["incident"]["source"] == "manual"


async def test_every_wrong_field_is_named(house: FakeHouse, client: FakeClient) -> None:
    body = {"user_id": ["ann"], "alert_group_identifiers": {"a": 1}, "ip": ["300.1.1.1"]}
    response = await post_case(request(body=body), client)
    assert response.status_code == 400
    assert wrong_fields(response) == ["user_id", "case_id", "alert_group_identifiers", "ip[0]"]
    response = await post_incident(request(body={"object": {"properties": {}}}), client)
    assert response.status_code == 400
    assert "object.id" in wrong_fields(response)
    assert not client.started


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'"' + b"x" * MAX_BODY_BYTES + b'"', f"is over {MAX_BODY_BYTES} bytes"),
    ],
)
@pytest.mark.parametrize("post", [post_incident, post_case])
async def test_a_body_that_cannot_be_read_is_a_problem(
    house: FakeHouse, client: FakeClient, post: Any, raw: bytes, reason: str
) -> None:
    response = await post(request(raw=raw), client)
    assert response.status_code == 400
    assert answer(response)["errors"] == [{"field": "body", "reason": reason}]


@pytest.mark.parametrize("body", [None, [], 7, "text", {}, {"object": None}])
@pytest.mark.parametrize("post", [post_incident, post_case])
async def test_a_body_of_another_shape_is_a_problem(
    house: FakeHouse, client: FakeClient, post: Any, body: object
) -> None:
    response = await post(request(body=body), client)
    assert response.status_code == 400
    assert wrong_fields(response)


def event(**members: Any) -> func.EventGridEvent | func.CloudEvent:
    """Return an event as the Functions binding decodes it."""
    datum = Datum(value=json.dumps(members), type="json")
    return EventGridEventInConverter.decode(datum, trigger_metadata={})


def grid_schema(data: object) -> func.EventGridEvent | func.CloudEvent:
    return event(
        id="1",
        topic="/subscriptions/0/topics/t",
        subject="soc",
        eventType="Soc.Incident",
        eventTime="2026-11-20T12:09:00Z",
        dataVersion="1",
        data=data,
    )


def cloud_schema(data: object) -> func.EventGridEvent | func.CloudEvent:
    return event(
        id="1",
        source="/soc",
        specversion="1.0",
        type="Soc.Incident",
        time="2026-11-20T12:09:00Z",
        data=data,
    )


@pytest.mark.parametrize("schema", [grid_schema, cloud_schema])
async def test_an_event_in_either_schema_starts_the_same_cases_as_http(
    house: FakeHouse, client: FakeClient, schema: Any
) -> None:
    over_http = answer(await post_incident(request(body=INCIDENT), FakeClient()))["cases"]
    assert await on_security_event(schema(INCIDENT), client) is None
    assert list(client.started) == [case["case_id"] for case in over_http]


@pytest.mark.parametrize("schema", [grid_schema, cloud_schema])
async def test_an_event_may_carry_a_manual_call(
    house: FakeHouse, client: FakeClient, schema: Any
) -> None:
    await on_security_event(schema(MANUAL), client)
    [started] = client.started.values()
    assert started["input"]["incident"]["source"] == "event_grid"


@pytest.mark.parametrize("data", [{}, {"user_id": "ann"}, 7, None])
async def test_a_wrong_event_is_raised_so_that_it_is_dead_lettered(
    house: FakeHouse, client: FakeClient, data: object
) -> None:
    with pytest.raises(InvalidBody):
        await on_security_event(grid_schema(data), client)
    assert not client.started
