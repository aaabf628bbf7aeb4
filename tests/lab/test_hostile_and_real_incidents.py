"""Real, odd and hostile incidents, sent to the running app: a case, or 400 with reasons."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from shared.models.block import BlockName
from tests.lab.incident_desk import Desk, incident_desk
from tests.lab.whole_lab import WholeLab
from tests.unit.playbook.bodies import (
    ARM_ID,
    account,
    address,
    alert,
    around,
    read_json,
    read_lines,
    trigger,
    unflatten,
)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

type Json = dict[str, Any]

EMPTY_TENANT: Json = {"directory": {"users": []}, "tables": {}, "now": "2026-11-20T12:09:00Z"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(whole_lab: WholeLab) -> AsyncIterator[Desk]:
    """A lab whose directory and logs know nobody of the incidents."""
    async with incident_desk(whole_lab, EMPTY_TENANT) as opened:
        yield opened


def new(body: Json) -> Json:
    """Give a body an incident of its own, so that it is not taken for one sent before."""
    body["object"]["id"] = ARM_ID.rpartition("/")[0] + f"/{uuid.uuid4()}"
    return body


def real_bodies() -> dict[str, Json]:
    """Every real incident of tests/data/incidents in the Logic App's envelope."""
    [training] = read_lines("sentinel_nb_training_incident.jsonl")
    entities = [{"kind": kind, "properties": values} for kind, values in training["Entities"]]
    rest = read_json("rapid7_sentinel_incident.json")
    examples = {
        name: read_json(f"azure_rest_GetAllIncident{name}.json")["responses"]["200"]["body"]
        for name in ("Entities", "Alerts")
    }
    bodies = {
        "training": around(unflatten(training), entities=entities),
        "training-as-text": around(
            unflatten(training), entities=[json.dumps(entity) for entity in entities]
        ),
        "rest": around(rest),
        "rest-examples": around(
            rest, entities=examples["Entities"]["entities"], alerts=examples["Alerts"]["value"]
        ),
        "defender-entities": trigger(
            alerts=[
                alert(Entities=json.dumps(list(read_json("msticpy_alert_entities.json").values())))
            ]
        ),
    }
    for number, row in enumerate(read_lines("msticpy_security_alerts.jsonl")):
        bodies[f"alert-{number}"] = trigger(alerts=[row], title=row["AlertName"])
    return {name: new(body) for name, body in bodies.items()}


async def test_real_incidents_become_cases_that_come_to_their_end(desk: Desk) -> None:
    bodies = real_bodies()
    replies = dict(
        zip(bodies, await asyncio.gather(*map(desk.post_incident, bodies.values())), strict=True)
    )
    assert {name: reply.status for name, reply in replies.items()} == dict.fromkeys(bodies, 202)
    # Some are about one account, and join its case.
    ids = dict.fromkeys(one for reply in replies.values() for one in reply.case_ids)
    records = await desk.follow(list(ids))
    for case_id, record in records.items():
        assert set(record["blocks"]) == set(BlockName), case_id
        assert record["blocks"][BlockName.NOTIFICATION]["outputs"]["incident_ticket_id"], case_id
        assert record["status"] in ("monitoring", "contained"), case_id
    violations = [line for line in await desk.client.get_ledger() if line.get("violation")]
    assert violations == []


async def test_scrambled_real_incidents_are_refused_by_the_scrambled_field(desk: Desk) -> None:
    for row in read_lines("msticpy_sent_incidents_obfuscated.jsonl"):
        reply = await desk.post_incident(around(unflatten(row)))
        assert (reply.status, reply.kind) == (400, "application/problem+json")
        assert reply.wrong_fields == ["object.id"]


async def test_an_incident_without_an_account_reaches_people(desk: Desk) -> None:
    reply = await desk.post_incident(new(trigger(address("203.0.113.9"), title="Odd sign-in")))
    assert reply.status == 202
    [record] = (await desk.follow(reply.case_ids)).values()
    assert record["account"] is None
    assert record["plan"][0]["action"] == "MonitorOnly"
    told = record["blocks"][BlockName.NOTIFICATION]["outputs"]
    states = told["analyst_notification_status"]
    assert {name: one["status"] for name, one in states.items()} == dict.fromkeys(
        ("slack", "teams", "email"), "sent"
    )
    ledger = await desk.client.get_ledger()
    [ticket] = [
        line
        for line in ledger
        if line["operation"] == "incident.post"
        and line["body"]["correlation_id"] == record["case_id"]
    ]
    assert ticket["effect"]
    assert "names no account: find out whose it is" in ticket["body"]["description"]


async def test_three_accounts_and_two_addresses_are_three_cases(desk: Desk) -> None:
    entities = [*(account(name) for name in ("ann", "bob", "cid"))]
    body = new(trigger(*entities, address("203.0.113.7"), address("203.0.113.8")))
    reply = await desk.post_incident(body)
    assert (reply.status, reply.created) == (202, [True] * 3)
    again = await desk.post_incident(body)
    assert (again.case_ids, again.created) == (reply.case_ids, [False] * 3)
    records = await desk.follow(reply.case_ids)
    names = {record["account"]["user_principal_name"] for record in records.values()}
    assert names == {"ann@contoso.com", "bob@contoso.com", "cid@contoso.com"}
    for record in records.values():
        assert record["addresses"] == ["203.0.113.7", "203.0.113.8"]
    ledger = await desk.client.get_ledger()
    tickets = [
        line["body"]["correlation_id"] for line in ledger if line["operation"] == "incident.post"
    ]
    assert sorted(one for one in tickets if one in records) == sorted(records)


@pytest.mark.parametrize("cloud_event", [False, True])
async def test_the_same_incident_by_event_grid_and_http_is_one_case(
    desk: Desk, cloud_event: bool
) -> None:
    body = new(trigger(account("eve"), address("203.0.113.7")))
    event = {"id": str(uuid.uuid4()), "subject": "incidents/1", "data": body}
    if cloud_event:
        event |= {"specversion": "1.0", "source": "/sentinel", "type": "Tourniquet.Incident"}
    else:
        event |= {
            "topic": "/sentinel",
            "eventType": "Tourniquet.Incident",
            "eventTime": "2026-11-20T12:09:00Z",
            "dataVersion": "1",
        }
    assert await desk.post_event(event, cloud_event=cloud_event) in (200, 202)
    reply = await desk.post_incident(body)
    assert (reply.status, reply.created) == (202, [False])
    [record] = (await desk.follow(reply.case_ids)).values()
    assert record["account"]["user_principal_name"] == "eve@contoso.com"


async def test_an_event_that_cannot_be_used_is_not_swallowed(desk: Desk) -> None:
    event = {
        "id": "1",
        "topic": "/t",
        "subject": "s",
        "eventType": "T",
        "eventTime": "2026-11-20T12:09:00Z",
        "dataVersion": "1",
        "data": {"nothing": "of use"},
    }
    assert await desk.post_event(event) >= 400


async def test_hostile_text_stays_text(desk: Desk) -> None:
    evil = '<script>alert(1)</script> [code]<b>x</b>[/code] " | take 1 // =HYPERLINK("http://x")'
    body = new(trigger(account("o'reilly"), address("203.0.113.7"), title=evil, description=evil))
    reply = await desk.post_incident(body)
    assert reply.status == 202
    [record] = (await desk.follow(reply.case_ids)).values()
    blocks = record["blocks"]
    assert blocks[BlockName.SIGN_INS]["status"] == "complete", blocks[BlockName.SIGN_INS]["notes"]
    doubts = blocks[BlockName.ACTIVITY]["outputs"]["incomplete_queries"]
    doubts += [one["reason"] for one in blocks[BlockName.EVIDENCE]["details"]["missing"]]
    assert all("name on-premises is not known" in doubt for doubt in doubts), doubts
    page = await desk.client.get_report(record["case_id"])
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    ledger = await desk.client.get_ledger()
    assert [line for line in ledger if line.get("violation")] == []
    notes = [
        line["body"]["work_notes"]
        for line in ledger
        if line["vendor"] == "servicenow" and "work_notes" in (line["body"] or {})
    ]
    assert not any(re.search(r"\[/?code\]", note, re.IGNORECASE) for note in notes)


WRONG_BODIES: dict[str, tuple[Any, set[str]]] = {
    "empty": (
        {},
        {"objectSchemaType", "objectEventType", "workspaceId", "object", "object.properties"},
    ),
    "wrong-everywhere": (
        {
            "objectSchemaType": "Alert",
            "objectEventType": "Delete",
            "workspaceId": "",
            "object": {
                "id": "73e01a99",
                "properties": {"severity": "Awful", "status": 7, "incidentNumber": "x"},
            },
        },
        {
            "objectSchemaType",
            "objectEventType",
            "workspaceId",
            "object.id",
            "object.name",
            "object.properties.title",
            "object.properties.severity",
            "object.properties.status",
            "object.properties.incidentNumber",
        },
    ),
    "too-many-accounts": (
        trigger(*(account(f"user{number}") for number in range(101))),
        {"object.properties.relatedEntities"},
    ),
    "a-list": ([], {"body"}),
    "a-number": (7, {"body"}),
}


@pytest.mark.parametrize("name", WRONG_BODIES)
async def test_a_wrong_incident_is_refused_with_every_wrong_field(desk: Desk, name: str) -> None:
    body, fields = WRONG_BODIES[name]
    reply = await desk.post_incident(body)
    assert (reply.status, reply.kind) == (400, "application/problem+json")
    assert fields <= set(reply.wrong_fields)
    assert all(error["reason"] for error in reply.body["errors"])


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN', b"null"])
async def test_a_body_that_is_no_json_is_refused(desk: Desk, raw: bytes) -> None:
    for path in ("/api/incidents", "/api/cases"):
        reply = await desk.call("POST", path, raw=raw)
        assert (reply.status, reply.kind) == (400, "application/problem+json")


async def test_a_wrong_manual_call_is_refused_with_every_wrong_field(desk: Desk) -> None:
    reply = await desk.call("POST", "/api/cases", {"ip": "not an address", "time": "never"})
    assert reply.status == 400
    assert len(reply.wrong_fields) >= 3


async def test_protected_routes_ask_for_a_key(desk: Desk) -> None:
    headers = {"x-functions-key": desk.lab.host.master_key}
    async with desk.http.get(f"{desk.lab.host.url}/admin/functions", headers=headers) as answer:
        functions = await answer.json()
    seen = []
    for function in functions:
        for binding in function["config"]["bindings"]:
            if binding["type"].lower() != "httptrigger":
                continue
            path = "/api/" + re.sub(r"\{\w+\}", "case-0", binding["route"])
            for method in binding["methods"]:
                for key in ("", "wrong", desk.lab.host.system_key):
                    reply = await desk.call(str(method).upper(), path, {}, key=key)
                    expected = 200 if path == "/api/health" else 401
                    assert reply.status == expected, (method, path, key)
            seen.append(path)
    assert {"/api/incidents", "/api/cases", "/api/cases/case-0/undo", "/api/health"} <= set(seen)


async def test_the_event_grid_webhook_asks_for_its_own_key(desk: Desk) -> None:
    for code in ("", "wrong", desk.lab.host.function_key):
        path = "/runtime/webhooks/EventGrid"
        url = f"{desk.lab.host.url}{path}"
        query = {"functionName": "on_security_event", "code": code}
        async with aiohttp.ClientSession() as http, http.post(url, params=query, json=[]) as answer:
            assert answer.status == 401
