"""What crosses the durable boundary is an object, never a text that an attacker chose.

A text that is a whole payload could be a reference: the engine's payload store reads the blob that
``blob:v1:<container>:<blob>`` names with the app's own rights. Within an object it is inert, and so
is a class envelope (``tests/contract/test_functions_app.py``).
"""

import json
from typing import Any

import pytest
from azure.durable_functions import DurableFunctionsClient

from lab.functions_host.triggers import durable_client
from tests.support.fakes import FakeHouse
from tests.support.hostile import hostile_values
from tests.support.ports import free_port
from tests.unit.playbook.bodies import account, trigger
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import BY_KEY, CASE_ID, FakeClient, request
from tests.unit.triggers.served import routes

VALUES = hostile_values()
SYSTEM_KEY = "the-system-key-of-the-engine"
PLAN = [planned("RevokeSessions", "ask")]
SENT: dict[str, Any] = {
    "POST /api/cases": lambda text: {
        "user_id": "ann@contoso.com",
        "case_id": "4711",
        "alert_group_identifiers": [text],
        "initial_alert_details": text,
    },
    "POST /api/incidents": lambda text: trigger(account(), title=f"x {text}", description=text),
    "POST /api/cases/{case_id}/decision": lambda text: {
        "actions": ["RevokeSessions"],
        "comment": text[:2000],
    },
    "POST /api/cases/{case_id}/undo": lambda text: {"comment": text[:2000] or "x"},
    "POST /api/breaker/reset": lambda text: {"comment": f"why {text}"[:2000], "by": "Kim"},
    "POST /api/cases/{case_id}/acknowledge": lambda text: {"comment": text[:2000], "by": "Kim"},
}


@pytest.mark.parametrize("name", SENT)
async def test_only_objects_go_into_the_engine(name: str, house: FakeHouse) -> None:
    for value in VALUES.values():
        house.cases.records[CASE_ID] = record(status="awaiting_decision", plan=PLAN, actions=[])
        house.cases.claims.clear()
        client = FakeClient()
        asked = request(body=SENT[name](value), headers=BY_KEY)
        response = await routes()[name].call(asked, client)
        assert response.status_code < 500
        given = [one["input"] for one in client.started.values()]
        given += [data for _instance, _event, data in client.events]
        for one in given:
            assert isinstance(one, dict)
            assert json.loads(json.dumps(one)) == one


async def test_no_answer_holds_the_engines_addresses_or_its_key(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The binding gives the app management addresses with the system key; none may leave.

    The client is the real one, of an engine that is away: its errors are answered, too.
    """
    house.cases.records[CASE_ID] = record(status="awaiting_decision", plan=PLAN, actions=[])
    address = f"127.0.0.1:{free_port()}"
    binding = durable_client("hub", address, "https://soc.example", SYSTEM_KEY)
    client: Any = DurableFunctionsClient(json.dumps(binding))
    assert SYSTEM_KEY in str(vars(client))
    try:
        for route in routes().values():
            made = SENT.get(route.name)
            asked = request(route.method, made("x") if made else None, headers=BY_KEY)
            response = await route.call(asked, client)
            sent = response.get_body().decode() + str(dict(response.headers)) + caplog.text
            assert "runtime/webhooks" not in sent and SYSTEM_KEY not in sent
    finally:
        await client.close()
