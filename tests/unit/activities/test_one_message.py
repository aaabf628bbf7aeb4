"""One message per case and channel: what changes it, what answers it, what wakes somebody."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.communication import notify_analysts
from shared.errors import RetryableError
from shared.models.block import BlockName
from shared.models.message import Notification
from tests.support.fake_stores import FakeNotifier
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import record

ROOT, MAIL = "C1:1.1", "<first@contoso.com>"


@pytest.fixture(autouse=True)
def channels(house: FakeHouse) -> dict[str, FakeNotifier]:
    house.cases.records[CASE_ID] = record()
    named = {"slack": house.slack, "email": house.email}
    named |= {name: FakeNotifier(name) for name in ("teams", "pagerduty")}
    house.providers.notifiers[:] = list(named.values())
    house.slack.reference, house.email.reference = ROOT, MAIL
    named["pagerduty"].reference = CASE_ID
    return named


def known(house: FakeHouse) -> dict[str, Any]:
    block = house.cases.records[CASE_ID]["blocks"][BlockName.NOTIFICATION]
    found: dict[str, Any] = block["outputs"]["analyst_notification_status"]
    return found


async def test_later_phases_change_the_message_and_answer_the_mail(house: FakeHouse) -> None:
    await call(notify_analysts, phase="opened")
    house.slack.reference, house.email.reference = ROOT, "<second@contoso.com>"
    await call(notify_analysts, phase="completed")
    assert [one.reference for one in house.slack.messages] == [None, ROOT]
    assert [one.reference for one in house.email.messages] == [None, MAIL]
    subjects = {one.subject for one in house.email.messages}
    assert len(subjects) == 1 and CASE_ID in subjects.pop()
    assert known(house)["email"]["reference"] == MAIL, "later mails answer the first one"
    assert known(house)["slack"] == known(house)["slack"] | {
        "status": "sent",
        "phase": "completed",
        "reference": ROOT,
        "reason": "",
    }


async def test_a_failure_is_kept_with_its_reason_and_the_message_is_not_forgotten(
    house: FakeHouse,
) -> None:
    await call(notify_analysts, phase="opened")
    house.slack.failing["notify"] = RetryableError("HTTP 503", vendor="slack", status=503)
    found = await call(notify_analysts, phase="completed")
    state = known(house)["slack"]
    assert (state["status"], state["reference"]) == ("failed", ROOT)
    assert "HTTP 503" in state["reason"] and state == known(house)["slack"] | found["states"][
        "slack"
    ] | {"reference": ROOT}
    del house.slack.failing["notify"]
    await call(notify_analysts, phase="undone")
    assert known(house)["slack"]["status"] == "sent" and not known(house)["slack"]["reason"]
    assert house.slack.messages[-1].reference == ROOT


async def test_teams_gets_a_card_at_the_start_at_the_end_and_when_somebody_has_to_act(
    channels: dict[str, FakeNotifier],
) -> None:
    for phase in ("opened", "undone", "block_later", "acknowledged", "not_held", "completed"):
        await call(notify_analysts, phase=phase)
    assert len(channels["teams"].messages) == 3
    assert len(channels["slack"].messages) == 6
    assert len(channels["email"].messages) == 5, "who acknowledged knows"


async def test_an_escalation_has_a_message_of_its_own_that_the_decision_changes(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(asking={"escalation": {"slack_channel": "C2", "mail_to": ["lead@contoso.com"]}})
    asked = await call(notify_analysts, phase="decision_needed")
    house.slack.reference = "C2:2.2"
    second = await call(notify_analysts, phase="escalated", why="nobody")
    latest = house.slack.messages[-1]
    assert (latest.reference, latest.place) == (None, "C2")
    for told in (asked, second):
        house.slack.reference = told["references"]["slack"]
        await call(notify_analysts, phase="decided", references=told["references"])
    assert [one.reference for one in house.slack.messages[-2:]] == [ROOT, "C2:2.2"]
    assert known(house)["slack"]["reference"] == ROOT
    assert known(house)["slack (second line)"]["reference"] == "C2:2.2"
    assert known(house)["email (second line)"]["status"] == "sent"
    house.slack.reference = "C2:2.2"
    await call(notify_analysts, phase="escalated", why="still nobody")
    assert house.slack.messages[-1].reference == "C2:2.2", "the second line has one message, too"
    await call(notify_analysts, phase="acknowledged", why="acknowledged by ana")
    assert house.slack.messages[-1].reference == ROOT


async def test_a_question_that_is_overtaken_never_hides_the_one_that_is_open(
    house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]
) -> None:
    keys = {"link_signing_key": "secret", "slack_signing_secret": "theirs"}
    configure(public_url="https://soc.example", **keys)
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})
    asked = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}
    house.cases.records[CASE_ID] |= {"status": "awaiting_decision", "asked": asked}
    await call(notify_analysts, phase="decision_needed")
    await call(notify_analysts, phase="overtaken", references={"slack": ROOT})
    now = house.slack.messages[-1]
    assert now.quiet and now.question is not None and now.reference == ROOT
    await call(notify_analysts, phase="overtaken", references={"slack": "C9:9.9"})
    old = house.slack.messages[-1]
    assert old.quiet and old.question is None and old.reference == "C9:9.9"


async def test_the_message_goes_on_asking_what_nobody_has_answered(
    house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]
) -> None:
    keys = {"link_signing_key": "secret", "slack_signing_secret": "theirs"}
    configure(public_url="https://soc.example", **keys)
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})
    asked = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}
    house.cases.records[CASE_ID] |= {"status": "awaiting_decision", "asked": asked}
    for phase in ("decision_needed", "acknowledged", "containment_failed"):
        await call(notify_analysts, phase=phase, why="acknowledged by ana")
    assert all(one.question is not None for one in house.slack.messages)
    assert "acknowledged by ana" in house.slack.messages[1].summary
    house.cases.records[CASE_ID] |= {"status": "containing"}
    await call(notify_analysts, phase="containment_failed")
    assert house.slack.messages[-1].question is None


def wakes(messages: list[Notification]) -> list[str | None]:
    return [one.wake for one in messages]


async def test_whoever_takes_a_case_ends_the_noise_of_a_page_that_called_the_second_line(
    channels: dict[str, FakeNotifier], govern: Callable[..., None]
) -> None:
    govern(asking={"escalation": {"mail_to": ["lead@contoso.com"]}})
    for phase in ("escalated", "acknowledged"):
        await call(notify_analysts, phase=phase, why="why")
    assert wakes(channels["pagerduty"].messages) == ["trigger", "acknowledge"]


async def test_a_page_is_triggered_taken_and_ended(channels: dict[str, FakeNotifier]) -> None:
    pager = channels["pagerduty"]
    for phase in ("opened", "completed", "acknowledged"):
        await call(notify_analysts, phase=phase)
    assert wakes(pager.messages) == []
    for phase in ("containment_failed", "acknowledged", "decided", "not_held", "closed"):
        await call(notify_analysts, phase=phase)
    expected = ["trigger", "acknowledge", "acknowledge", "trigger", "resolve"]
    assert wakes(pager.messages) == expected


@pytest.mark.parametrize(
    ("confidence", "kinds", "phase", "expected"),
    [
        ("High", [], "decision_needed", ["trigger"]),
        ("Medium", [], "decision_needed", []),
        ("High", [], "opened", []),
        ("Medium", ["break_glass"], "decision_needed", ["trigger"]),
        ("Low", ["break_glass"], "opened", ["trigger"]),
        ("Medium", [], "paused", ["trigger"]),
        ("Medium", [], "campaign", []),
    ],
)
async def test_what_wakes_somebody(
    house: FakeHouse,
    channels: dict[str, FakeNotifier],
    confidence: str,
    kinds: list[str],
    phase: str,
    expected: list[str],
) -> None:
    case = house.cases.records[CASE_ID]
    case["verdict"] = case["verdict"] | {"compromise_confidence_score": confidence}
    case["account"] = case["account"] | {"kinds": kinds}
    await call(notify_analysts, phase=phase, why="why")
    assert wakes(channels["pagerduty"].messages) == expected


async def test_an_emergency_whose_mail_fails_wakes_somebody_too(
    house: FakeHouse, channels: dict[str, FakeNotifier]
) -> None:
    for name in ("email", "slack", "teams"):
        channels[name].failing["notify"] = RetryableError("away")
    told = await call(notify_analysts, phase="emergency", why="storage is away", record=record())
    assert told["channels"]["pagerduty"] == "sent"
    assert "away" in told["channels"]["slack"]
