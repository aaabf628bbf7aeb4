"""A case that runs again under its id: what the first run's people and links said is not for it."""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from shared.case_links import Purpose
from shared.models.base import Json
from shared.models.plan import ActionName, Decision
from shared.playbook.planning.answers import answer_claim
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.support.scripts import outcome
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    LINK_KEY,
    FakeClient,
    answer,
    handler,
    request,
    token,
)
from tests.unit.triggers.workspace import Workspace
from triggers import decisions, slack, undo

FIRST, SECOND = "20261120T120000000Z", "20261121T090000000Z"
OPEN: Json = {
    "status": "awaiting_decision",
    "plan": [planned("ForcePasswordReset", "ask"), planned("RevokeSessions", "ask")],
    "actions": [],
    "asked": {"at": "2026-11-21T09:00:00Z", "answer_by": "2099-11-20T13:00:00Z"},
}
REVOKE = {"actions": ["RevokeSessions"]}
SECRET = "how Slack signs"

post_decision = handler(decisions.post_decision)
interact = handler(slack.slack_interaction)
undo_actions = handler(undo.undo_actions)


@pytest.fixture(autouse=True)
async def old_answer(
    house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]
) -> None:
    """The second run asks; in the first one kim had a new password set."""
    house.providers.notifiers.insert(0, Workspace("kim@contoso.com"))
    configure(link_signing_key=LINK_KEY, slack_signing_secret=SECRET)
    govern(asking={"approvers": {"slack": ["U0KIM"]}})
    house.cases.records[CASE_ID] = record(run=SECOND, **OPEN)
    given = Decision.model_validate(
        {
            "actions": ["ForcePasswordReset"],
            "decided_by": "kim",
            "decided_at": "2026-11-20T12:01:00Z",
            "run": FIRST,
        }
    )
    await house.cases.claim(CASE_ID, answer_claim(FIRST, 1), given.to_json())


def by_link(run: str) -> func.HttpRequest:
    return request(body=REVOKE, token=token(Purpose.DECISION, run=run))


def pressed(run: str) -> func.HttpRequest:
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U0KIM", "username": "kim"},
        "state": {"values": {"a": {"a": {"selected_options": [{"value": "RevokeSessions"}]}}}},
        "actions": [
            {"action_id": "decide", "value": f"{CASE_ID} {token(Purpose.DECISION, run=run)}"}
        ],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": sign(SECRET, stamp, body)}
    return request(raw=body, headers=headers)


def decided(client: FakeClient) -> list[tuple[str, list[str]]]:
    return [(data["run"], data["actions"]) for _id, _name, data in client.events]


async def test_the_answer_of_an_earlier_run_is_not_the_answer_of_this_one(
    client: FakeClient,
) -> None:
    response = await post_decision(by_link(SECOND), client)
    assert response.status_code == 202, answer(response)
    assert decided(client) == [(SECOND, ["RevokeSessions"])]


async def test_within_a_run_the_first_answer_still_wins(client: FakeClient) -> None:
    assert (await post_decision(by_link(SECOND), client)).status_code == 202
    again = await post_decision(request(body=REVOKE, headers=BY_KEY), client)
    assert again.status_code == 409 and "has just answered" in answer(again)["detail"]


@pytest.mark.parametrize("run", [FIRST, ""])
async def test_a_link_of_an_earlier_run_answers_nothing_in_this_one(
    house: FakeHouse, client: FakeClient, run: str
) -> None:
    response = await post_decision(by_link(run), client)
    assert response.status_code == 409
    assert "an earlier run of the case" in answer(response)["detail"]
    assert not client.events and len(house.cases.claims) == 1


async def test_a_button_of_an_earlier_run_answers_nothing_in_this_one(
    house: FakeHouse, client: FakeClient
) -> None:
    assert (await interact(pressed(FIRST), client)).status_code == 200
    assert not client.events and len(house.cases.claims) == 1
    await interact(pressed(SECOND), client)
    assert decided(client) == [(SECOND, ["RevokeSessions"])]


async def test_an_undo_that_an_earlier_run_never_started_is_not_started_now(
    house: FakeHouse, client: FakeClient
) -> None:
    disabled = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})
    house.cases.records[CASE_ID] = record(run=SECOND, actions=[disabled])
    asked = {"number": 1, "requested_by": "mallory", "actions": [], "comment": "old", "asked": {}}
    house.cases.claims[f"{CASE_ID}/{FIRST}-undo-1"] = asked
    body = {"comment": "it was me, by phone"}
    response = await undo_actions(request(body=body, headers=BY_KEY), client)
    assert response.status_code == 202, answer(response)
    [started] = client.started.values()
    assert (started["input"]["run"], started["input"]["comment"]) == (SECOND, body["comment"])


async def test_a_record_of_before_cases_had_runs_takes_its_answer(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID].pop("run")
    assert (await post_decision(by_link(""), client)).status_code == 202
    assert decided(client) == [("", ["RevokeSessions"])]
