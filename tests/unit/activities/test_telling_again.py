"""Reminders and escalations: whom they reach, and whom never."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.communication import notify_analysts
from shared.errors import NotFound, RetryableError
from shared.models.message import Notification, NotificationReceipt
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
    found = (await call(notify_analysts, phase=phase))["channels"]
    mail = "email (emergency)" if phase == "emergency" else "email"
    assert "only recipient is the account" in found[mail]
    assert house.slack.messages
    assert not house.email.messages


async def test_an_escalation_reaches_the_account_as_little(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    found = await escalate(govern, mail_to=["ann@contoso.com", "l2@contoso.com"])
    assert found == {"email": "sent"}
    assert house.email.messages[-1].recipients == ["l2@contoso.com"]


@pytest.mark.parametrize(
    ("phase", "policy", "place", "recipients"),
    [
        ("sla_warning", SECOND_LINE, None, ["soc@contoso.com"]),
        ("sla_missed", SECOND_LINE, "C0L2", ["l2@contoso.com"]),
        ("sla_missed", {}, None, ["soc@contoso.com"]),
        ("escalated_l2", SECOND_LINE, "C0L2", ["l2@contoso.com"]),
        ("escalated_irt", SECOND_LINE, "C0IRT", ["irt@contoso.com"]),
    ],
)
async def test_a_service_level_calls_the_line_that_is_meant(
    house: FakeHouse,
    govern: Callable[..., None],
    configure: Callable[..., None],
    phase: str,
    policy: dict[str, Any],
    place: str | None,
    recipients: list[str],
) -> None:
    key = {"link_signing_key": "k", "public_url": "https://soc.example"}
    configure(soc_mail_to="soc@contoso.com", **key)
    team = {"slack_channel": "C0IRT", "mail_to": ["irt@contoso.com"]}
    govern(asking={"escalation": policy}, sla={"irt": team})
    await call(notify_analysts, phase=phase, why="nobody has taken the case")
    assert house.slack.messages[-1].place == place
    assert house.email.messages[-1].recipients == recipients
    message = house.email.messages[-1]
    assert message.summary.startswith("Nobody has taken the case. ")
    assert "Report" in [label for label, _url in message.links]


@pytest.mark.parametrize("phase", ["escalated_l2", "escalated_irt"])
async def test_who_is_not_named_is_not_called(
    house: FakeHouse, govern: Callable[..., None], phase: str
) -> None:
    govern(asking={"escalation": {}}, sla={"irt": {}})
    found = await call(notify_analysts, phase=phase, why="x")
    assert set(found["channels"]) == {"none"}
    assert not house.slack.messages and not house.email.messages


async def test_the_record_tells_lines_apart(house: FakeHouse, govern: Callable[..., None]) -> None:
    govern(asking={"escalation": SECOND_LINE}, sla={"irt": {"mail_to": ["irt@contoso.com"]}})
    missed = await call(notify_analysts, phase="sla_missed", why="x")
    called = await call(notify_analysts, phase="escalated_irt", why="x")
    assert "slack (second line)" in missed["states"]
    assert set(called["states"]) == {"email (response team)"}


@pytest.mark.parametrize("phase", ["escalated", "sla_missed", "escalated_l2", "escalated_irt"])
async def test_a_line_that_no_configured_channel_reaches_is_told_through_the_first(
    house: FakeHouse, govern: Callable[..., None], phase: str
) -> None:
    only_slack = {"slack_channel": "C0L2"}
    govern(asking={"escalation": only_slack}, sla={"irt": only_slack})
    house.providers.notifiers.remove(house.slack)
    found = (await call(notify_analysts, phase=phase, why="nobody has answered"))["channels"]
    assert house.email.messages[-1].recipients == ["soc@contoso.com"]
    who = "response team" if phase == "escalated_irt" else "second line"
    assert found.pop(who) == (
        "not sent: the policy names slack, not configured here; first line tried"
    )
    assert found == {"email": "sent", "teams": "sent"}
    told = house.cases.records[CASE_ID]["blocks"]["Incident_Creation_Notification"]["outputs"]
    assert told["analyst_notification_status"][who]["status"] == "not_sent"


async def test_a_line_is_told_again_where_it_takes_the_message(
    house: FakeHouse, govern: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first line's place in Slack is another than the one that is gone."""
    govern(asking={"escalation": {"slack_channel": "C0GONE"}})
    took = house.slack.notify

    async def refuse_the_place(message: Notification) -> NotificationReceipt:
        if message.place == "C0GONE":
            raise NotFound("channel_not_found", vendor="slack")
        return await took(message)

    monkeypatch.setattr(house.slack, "notify", refuse_the_place)
    found = (await call(notify_analysts, phase="escalated", why="nobody has answered"))["states"]
    assert found["slack (second line)"]["status"] == "failed"
    assert found["slack"]["status"] == found["email"]["status"] == "sent"
    assert found["second line"]["reason"].startswith("not sent: none of its channels took it")


async def test_one_channel_of_a_line_is_enough(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(asking={"escalation": SECOND_LINE})
    house.slack.failing["notify"] = RetryableError("HTTP 503", vendor="slack", status=503)
    found = (await call(notify_analysts, phase="escalated", why="x"))["channels"]
    assert found["email"] == "sent" and "HTTP 503" in found["slack"]
    assert [one.recipients for one in house.email.messages] == [SECOND_LINE["mail_to"]]
