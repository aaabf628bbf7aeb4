"""Slack shows a failure after 3 seconds: nobody there waits for a directory as on the page."""

import asyncio
from collections.abc import Callable

import pytest

from shared.models.base import Json
from tests.support.fakes import FakeHouse
from tests.support.scripts import OBJECT_ID
from tests.unit.playbook.records import planned, record
from tests.unit.triggers.calls import CASE_ID, LINK_KEY, FakeClient
from tests.unit.triggers.test_slack import SECRET, interact, pressed, signed
from tests.unit.triggers.workspace import Workspace
from triggers import deciding, kinds_now
from triggers.slack import MAIL_SECONDS


async def test_a_slow_directory_makes_an_answer_in_slack_one_of_two(
    house: FakeHouse,
    client: FakeClient,
    configure: Callable[..., None],
    govern: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(link_signing_key=LINK_KEY, slack_signing_secret=SECRET)
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}, "two_persons": ["privileged"]})
    house.providers.notifiers.insert(0, Workspace("ana@contoso.com"))
    house.cases.records[CASE_ID] = record(
        status="awaiting_decision",
        plan=[planned("RevokeSessions", "ask")],
        actions=[],
        asked={"at": "2026-11-20T12:00:00Z", "answer_by": "2099-11-20T13:00:00Z"},
        account={"object_id": OBJECT_ID, "user_principal_name": "ann@contoso.com"},
    )

    async def never(_place: Json) -> bool:
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr(kinds_now, "_has_role", never)
    monkeypatch.setattr(deciding, "ROLE_SECONDS", 3600.0)
    async with asyncio.timeout(60):
        assert (await interact(signed(pressed()), client)).status_code == 200
    [(_case, _event, data)] = client.events
    assert (data["channel"], data["two_persons"]) == ("slack", True)
    assert kinds_now.SLACK_SECONDS + MAIL_SECONDS < 3
