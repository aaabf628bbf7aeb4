"""Who may decide in Slack, and what else the route refuses."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.case_links import Purpose, Use
from shared.errors import RetryableError
from shared.models.base import Json
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import CASE_ID, LINK_KEY, FakeClient, handler, request, token
from tests.unit.triggers.workspace import Workspace
from triggers import slack

interact = handler(slack.slack_interaction)

SECRET = "how Slack signs"


@pytest.fixture(autouse=True)
def _waiting(house: FakeHouse, configure: Callable[..., None]) -> None:
    plan = [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")]
    house.cases.records[CASE_ID] = record(status="awaiting_decision", plan=plan, actions=[])
    house.providers.notifiers.insert(0, Workspace("ana@contoso.com"))
    use(configure)


@pytest.fixture(autouse=True)
def _listed(govern: Callable[..., None]) -> None:
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})


def use(configure: Callable[..., None], **more: object) -> None:
    configure(link_signing_key=LINK_KEY, **({"slack_signing_secret": SECRET} | more))


def pressed(button: str = "decide", *, value: str | None = None, **more: Any) -> Json:
    ticked = {"selected_options": [{"value": "RevokeSessions"}]}
    return {
        "type": "block_actions",
        "user": {"id": "U0ANALYST1", "username": "ana"},
        "channel": {"id": "C0SOC"},
        "message": {"ts": "1.2"},
        "state": {"values": {"decide_actions_0": {"decide_actions_0": ticked}}},
        "actions": [
            {"action_id": button, "value": value or f"{CASE_ID} {token(Purpose.DECISION)}"}
        ],
    } | more


def signed(payload: object, *, secret: str = SECRET, raw: bytes | None = None) -> func.HttpRequest:
    body = raw if raw is not None else urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": sign(secret, stamp, body)}
    return request(raw=body, headers=headers)


async def test_a_pressed_button_is_a_decision(client: FakeClient) -> None:
    assert (await interact(signed(pressed()), client)).status_code == 200
    [(case_id, event, data)] = client.events
    assert (case_id, event, data["actions"]) == (CASE_ID, "Decision", ["RevokeSessions"])
    assert (data["decided_by"], data["channel"]) == ("ana (Slack U0ANALYST1)", "slack")


async def test_a_button_that_stands_alone_ignores_what_is_ticked(client: FakeClient) -> None:
    await interact(signed(pressed("decide:MonitorOnly")), client)
    assert client.events[0][2]["actions"] == ["MonitorOnly"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: pressed(type="view_submission"),
        lambda: pressed("decide_actions_0"),
        lambda: pressed("open_link_0"),
        lambda: pressed(actions=[]),
        lambda: pressed(value=f"{CASE_ID} {token(Purpose.REPORT)}"),
        lambda: pressed(value=f"{CASE_ID} {token(Purpose.DECISION, seconds=-5)}"),
        lambda: pressed(value=f"{CASE_ID} {token(Purpose.DECISION, 'case-' + '1' * 24)}"),
        lambda: pressed(
            value="case-" + "1" * 24 + " " + token(Purpose.DECISION, "case-" + "1" * 24)
        ),
        lambda: pressed(value=CASE_ID),
        lambda: pressed(state={}),
        lambda: pressed("decide:DropTables"),
    ],
)
async def test_what_is_no_valid_answer_is_acknowledged_and_changes_nothing(
    client: FakeClient, make: Callable[[], Json]
) -> None:
    assert (await interact(signed(make()), client)).status_code == 200
    assert client.events == []


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (lambda: f"{CASE_ID} {token(Purpose.DECISION)}x", "not signed"),
        (lambda: f"{CASE_ID} {token(Purpose.DECISION, seconds=-5)}", "expired"),
        (lambda: f"{CASE_ID} {token(Purpose.REPORT)}", "not signed"),
        (lambda: f"{CASE_ID} {token(Purpose.DECISION, use=Use.SESSION)}", "not signed"),
        (lambda: f"{CASE_ID} {token(Purpose.DECISION, 'case-' + '1' * 24)}", "not signed"),
        (lambda: f"{CASE_ID} {token(Purpose.DECISION, question=2)}", "question 2"),
    ],
    ids=["tampered", "expired", "report", "session", "case", "question"],
)
async def test_a_refused_button_is_logged_and_changes_nothing(
    client: FakeClient,
    caplog: pytest.LogCaptureFixture,
    value: Callable[[], str],
    why: str,
) -> None:
    assert (await interact(signed(pressed(value=value())), client)).status_code == 200
    assert client.events == []
    assert why in caplog.text


async def test_a_replayed_button_decides_nothing_new(
    house: FakeHouse, client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    again = pressed()
    await interact(signed(again), client)
    house.cases.records[CASE_ID] |= {"status": "contained", "decision": client.events[0][2]}
    assert (await interact(signed(again), client)).status_code == 200
    assert len(client.events) == 1
    assert "does not wait for a decision any more" in caplog.text


async def test_a_button_that_cannot_be_claimed_is_refused_and_may_be_pressed_again(
    house: FakeHouse, client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    house.cases.failing["claim"] = RetryableError("storage is away")
    assert (await interact(signed(pressed()), client)).status_code == 200
    assert client.events == [] and "try again in a minute" in caplog.text
    house.cases.failing.clear()
    await interact(signed(pressed()), client)
    assert len(client.events) == 1


async def test_only_those_listed_decide(client: FakeClient, govern: Callable[..., None]) -> None:
    govern(asking={"approvers": {"slack": ["U0LEAD0001", "U0LEAD0002"]}})
    await interact(signed(pressed()), client)
    assert client.events == []
    await interact(signed(pressed(user={"id": "U0LEAD0002", "username": "lee"})), client)
    assert [data["decided_by"] for *_, data in client.events] == ["lee (Slack U0LEAD0002)"]


async def test_while_nobody_is_listed_nobody_decides(
    client: FakeClient, govern: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    govern(asking={"approvers": {"slack": []}})
    assert (await interact(signed(pressed()), client)).status_code == 200
    assert client.events == []
    assert "asking.approvers.slack" in caplog.text


async def test_without_slacks_signature_nothing_is_read(
    client: FakeClient, configure: Callable[..., None]
) -> None:
    assert (await interact(signed(pressed(), secret="guessed"), client)).status_code == 401
    assert (await interact(request(raw=b"payload={}"), client)).status_code == 401
    use(configure, slack_signing_secret="")
    assert (await interact(signed(pressed()), client)).status_code == 404
    assert client.events == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda found: urlencode({"payload": json.dumps(found)}).encode()),
    )
)
async def test_garbage_is_refused_with_a_reason(client: FakeClient, raw: bytes) -> None:
    response = await interact(signed(None, raw=raw), client)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"


async def test_deep_nesting_is_refused(client: FakeClient) -> None:
    raw = b"payload=" + b"%5B" * 100_000
    assert (await interact(signed(None, raw=raw), client)).status_code == 400
