"""In Slack, too, nobody decides about their own account: known by short name or mail address."""

import json
import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from shared.case_links import Purpose
from shared.errors import PermissionDenied, RetryableError
from shared.models.base import Json
from shared.providers.slack.signature import sign
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import CASE_ID, LINK_KEY, FakeClient, handler, request, token
from tests.unit.triggers.workspace import Workspace
from triggers import slack


def hit(account: str, confidence: str) -> Json:
    """A case of the same campaign."""
    return {
        "case_id": "case-of-another",
        "account": account,
        "address": "203.0.113.7",
        "opened_at": "2026-11-20T12:00:00Z",
        "confidence": confidence,
    }


@pytest.mark.parametrize(
    ("nick", "mail", "refused"),
    [
        ("ann", None, True),
        ("Ann@Contoso.com", None, True),
        ("somebody", "ANN@contoso.com", True),
        ("somebody", "ann@mail.contoso.com", True),
        ("a.archer", None, True),
        ("somebody", "A.Archer@contoso.com", True),
        ("somebody", "archer@okta.example", True),
        ("somebody", "bo@contoso.com", True),
        ("bo", "kim@contoso.com", True),
        ("somebody", "kim@contoso.com", False),
        ("cy", "cy@contoso.com", False),
        ("somebody", None, True),
        ("somebody", "", True),
        ("somebody", PermissionDenied("missing_scope"), True),
        ("somebody", RetryableError("down"), True),
    ],
)
async def test_nobody_decides_about_themselves_in_slack(
    house: FakeHouse,
    client: FakeClient,
    configure: Callable[..., None],
    govern: Callable[..., None],
    nick: str,
    mail: str | Exception | None,
    refused: bool,
) -> None:
    configure(slack_signing_secret="how Slack signs", link_signing_key=LINK_KEY)
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision",
        plan=[planned("RevokeSessions", "ask")],
        actions=[],
        account={
            "object_id": OBJECT_ID,
            "user_principal_name": "Ann@contoso.com",
            "mail_addresses": ["a.archer@contoso.com"],
            "also_in": [{"object_id": "00u1", "mail_addresses": ["archer@okta.example"]}],
        },
        campaign=[hit("bo@contoso.com", "High"), hit("cy@contoso.com", "Medium")],
    )
    workspace = Workspace(mail)
    house.providers.notifiers.insert(0, workspace)
    payload = {
        "type": "block_actions",
        "user": {"id": "U0ANALYST1", "username": nick},
        "actions": [
            {"action_id": "decide:NoAction", "value": f"{CASE_ID} {token(Purpose.DECISION)}"}
        ],
    }
    raw = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    headers = {
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": sign("how Slack signs", stamp, raw),
    }
    interact = handler(slack.slack_interaction)
    assert (await interact(request(raw=raw, headers=headers), client)).status_code == 200
    assert len(client.events) == (0 if refused else 1)
    assert ["own account" in text for text in workspace.said] == ([True] if refused else [])
    unknown = refused and not (isinstance(mail, str) and mail) and nick == "somebody"
    assert any("decide on the page instead" in text for text in workspace.said) is unknown
