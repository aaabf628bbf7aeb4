"""Reminders and escalations: whom they reach, and whom never."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.communication import notify_analysts
from tests.support.fake_stores import FakeNotifier
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import record

SECOND_LINE = {"slack_channel": "C0L2", "mail_to": ["l2@contoso.com"], "teams_webhook": True}


@pytest.fixture(autouse=True)
def teams(house: FakeHouse, configure: Callable[..., None]) -> FakeNotifier:
    house.cases.records[CASE_ID] = record(status="awaiting_decision", actions=[])
    configure(soc_mail_to="soc@contoso.com")
    teams = FakeNotifier("teams")
    house.providers.notifiers.append(teams)
    return teams


async def escalate(govern: Callable[..., None], **second_line: Any) -> dict[str, str]:
    govern(asking={"escalation": second_line})
    found: dict[str, str] = (await call(notify_analysts, phase="escalated", why="x"))["channels"]
    return found


async def test_an_escalation_goes_to_the_second_line(
    house: FakeHouse, teams: FakeNotifier, govern: Callable[..., None]
) -> None:
    assert set(await escalate(govern, **SECOND_LINE)) == {"slack", "email", "teams"}
    assert house.slack.messages[-1].place == "C0L2"
    assert house.email.messages[-1].recipients == ["l2@contoso.com"]
    assert "ESCALATED" in teams.messages[-1].title


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"slack_channel": "C0L2"}, {"slack"}),
        ({"mail_to": ["l2@contoso.com"]}, {"email"}),
        ({"teams_webhook": True}, {"teams"}),
    ],
)
async def test_only_what_the_policy_names_is_told(
    govern: Callable[..., None], named: dict[str, Any], told: set[str]
) -> None:
    assert set(await escalate(govern, **named)) == told


async def test_a_reminder_goes_to_those_who_were_asked(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(asking={"escalation": SECOND_LINE})
    found = await call(notify_analysts, phase="reminder", why="x")
    assert set(found["channels"]) == {"slack", "email", "teams"}
    assert house.slack.messages[-1].place is None
    assert house.email.messages[-1].recipients == ["soc@contoso.com"]


@pytest.mark.parametrize("phase", ["decision_needed", "reminder", "opened", "emergency"])
async def test_nothing_goes_to_the_mailbox_of_the_account(
    house: FakeHouse, configure: Callable[..., None], phase: str
) -> None:
    configure(soc_mail_to="soc@contoso.com, Ann+alerts@contoso.com")
    await call(notify_analysts, phase=phase)
    assert house.email.messages[-1].recipients == ["soc@contoso.com"]
    configure(soc_mail_to="ann@contoso.com")
    house.email.messages.clear()
    house.slack.messages.clear()
    if phase == "emergency":
        with pytest.raises(Exception, match="only recipient"):
            await call(notify_analysts, phase=phase)
    else:
        found = await call(notify_analysts, phase=phase)
        assert "only recipient is the account" in found["channels"]["email"]
        assert house.slack.messages
    assert not house.email.messages


async def test_an_escalation_reaches_the_account_as_little(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    found = await escalate(govern, mail_to=["ann@contoso.com", "l2@contoso.com"])
    assert found == {"email": "sent"}
    assert house.email.messages[-1].recipients == ["l2@contoso.com"]
