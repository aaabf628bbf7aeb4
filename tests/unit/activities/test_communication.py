from collections.abc import Callable

import pytest

from activities.communication import comment_incident, notify_analysts
from activities.ticketing import open_ticket
from shared.errors import NotFound, PermissionDenied, RetryableError
from shared.providers.teams.card import to_message
from tests.support.fake_stores import FakeNotifier
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import record

INCIDENT_ID = "/subscriptions/0/incidents/1"
DOWN = RetryableError("HTTP 503", vendor="vendor", status=503)
REFUSED = PermissionDenied("HTTP 403", vendor="vendor", status=403)


@pytest.fixture(autouse=True)
def case(house: FakeHouse) -> None:
    incident = record()["incident"] | {"incident_id": INCIDENT_ID}
    house.cases.records[CASE_ID] = record(incident=incident)


@pytest.mark.parametrize(
    "phase", ["opened", "decision_needed", "completed", "not_held", "containment_failed"]
)
async def test_every_channel_is_told(house: FakeHouse, phase: str) -> None:
    found = await call(notify_analysts, phase=phase)
    assert found["channels"] == {"slack": "sent", "email": "sent"}
    titles = {message.title for one in (house.slack, house.email) for message in one.messages}
    assert len(titles) == 1


ASKED = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}


@pytest.fixture
def asking(house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]) -> None:
    """A case that waits, of an app that signs links and takes answers of one person in Slack."""
    keys = {"link_signing_key": "secret", "slack_signing_secret": "theirs"}
    configure(public_url="https://soc.example", **keys)
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})
    house.cases.records[CASE_ID] |= {"status": "awaiting_decision", "asked": ASKED}


@pytest.mark.usefixtures("asking")
async def test_a_decision_link_is_sent_only_when_a_decision_is_needed(house: FakeHouse) -> None:
    for phase in ("opened", "completed", "decision_needed"):
        await call(notify_analysts, phase=phase)
    sent = [any("/decision?token=" in url for _label, url in m.links) for m in house.slack.messages]
    assert sent == [False, False, True]


@pytest.mark.usefixtures("asking")
async def test_the_question_in_teams_is_a_card_that_opens_our_page_and_no_form(
    house: FakeHouse,
) -> None:
    teams = FakeNotifier("teams")
    house.providers.notifiers.append(teams)
    await call(notify_analysts, phase="decision_needed")
    [attached] = to_message(teams.messages[0])["attachments"]
    card = attached["content"]
    assert (card["type"], {one["type"] for one in card["actions"]}) == (
        "AdaptiveCard",
        {"Action.OpenUrl"},
    )
    page = f"https://soc.example/api/cases/{CASE_ID}/decision?token="
    assert len([one for one in card["actions"] if one["url"].startswith(page)]) == 1


async def test_a_channel_that_fails_is_named_and_the_other_is_told(house: FakeHouse) -> None:
    house.slack.failing["notify"] = DOWN
    found = await call(notify_analysts, phase="opened")
    assert found["channels"]["email"] == "sent"
    assert "HTTP 503" in found["channels"]["slack"]
    house.providers.notifiers.clear()
    found = await call(notify_analysts, phase="opened")
    assert found["channels"] == {"none": "no channel is configured"}


@pytest.mark.usefixtures("asking")
async def test_where_nobody_may_answer_in_slack_no_buttons_are_offered(
    house: FakeHouse, configure: Callable[..., None], govern: Callable[..., None]
) -> None:
    keys = {"link_signing_key": "secret", "slack_signing_secret": "theirs"}
    await call(notify_analysts, phase="decision_needed")
    govern(asking={"approvers": {"slack": []}})
    await call(notify_analysts, phase="decision_needed")
    govern(asking={"approvers": {"slack": ["U0ANALYST1"]}})
    configure(public_url="https://soc.example", **keys | {"slack_signing_secret": ""})
    await call(notify_analysts, phase="reminder", why="nobody has answered")
    offered = [one.question is not None for one in house.slack.messages]
    assert offered == [True, False, False]
    for one in house.slack.messages:
        assert any("/decision?token=" in url for _label, url in one.links), "the link is there"


@pytest.mark.usefixtures("asking")
async def test_a_question_is_changed_once_it_is_answered_where_that_can_be_done(
    house: FakeHouse,
) -> None:
    house.slack.reference, house.email.reference = "C1:2.3", "<mail@contoso.com>"
    asked = await call(notify_analysts, phase="decision_needed")
    assert asked["references"] == {"slack": "C1:2.3"}
    [question] = house.slack.messages
    assert question.question is not None
    assert {one.action for one in question.question.alone} == {"MonitorOnly", "NoAction"}

    told = await call(notify_analysts, phase="decided", references=asked["references"])
    assert told["channels"] == {"slack": "sent"}
    answered = house.slack.messages[-1]
    assert (answered.reference, answered.question) == ("C1:2.3", None)
    assert len(house.email.messages) == 1


async def test_an_emergency_goes_by_mail_with_the_whole_summary_and_why(house: FakeHouse) -> None:
    found = await call(notify_analysts, phase="emergency", why="ServiceNow: HTTP 503")
    assert found["channels"] == {"email": "sent"}
    [message] = house.email.messages
    assert message.urgent and "NO TICKET" in message.title
    text = "\n".join([message.summary, *message.lines, *(value for _k, value in message.facts)])
    assert "ServiceNow: HTTP 503" in text
    assert "ann@contoso.com" in text and "ForcePasswordReset" in text
    assert not house.slack.messages


async def test_an_emergency_without_mail_takes_what_there_is(house: FakeHouse) -> None:
    house.providers.notifiers.remove(house.email)
    found = await call(notify_analysts, phase="emergency", why="x")
    assert found["channels"] == {"slack": "sent"}


async def test_that_the_breaker_tripped_is_measured(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where nobody can be told: the alert rule is another way."""
    house.providers.notifiers.clear()
    caplog.set_level("INFO", logger="tourniquet.measurements")
    await call(notify_analysts, phase="paused", why="x", record=record())
    assert '"change": "tripped"' in caplog.text


async def test_an_emergency_that_reached_nobody_is_tried_again(house: FakeHouse) -> None:
    house.email.failing["notify"] = house.slack.failing["notify"] = DOWN
    with pytest.raises(RetryableError):
        await call(notify_analysts, phase="emergency", why="x", record=record())


async def test_an_emergency_that_no_mail_brings_goes_out_by_another_channel(
    house: FakeHouse,
) -> None:
    house.email.failing["notify"] = DOWN
    found = await call(notify_analysts, phase="emergency", why="x", record=record())
    assert found["channels"]["slack"] == "sent"
    assert "HTTP 503" in found["channels"]["email (emergency)"]
    assert found["states"]["slack (emergency)"]["status"] == "sent"


async def test_a_comment_has_one_key_per_case_and_phase(house: FakeHouse) -> None:
    for phase in ("opened", "opened", "completed"):
        assert await call(comment_incident, phase=phase) == {"key": f"{CASE_ID}:{phase}"}
    assert set(house.siem.comments) == {f"{CASE_ID}:opened", f"{CASE_ID}:completed"}


async def test_a_comment_that_cannot_be_written(house: FakeHouse) -> None:
    house.siem.failing["comment_on_incident"] = DOWN
    with pytest.raises(RetryableError):
        await call(comment_incident, phase="opened")
    house.siem.failing["comment_on_incident"] = NotFound("no such incident", status=404)
    assert "no such incident" in (await call(comment_incident, phase="opened"))["error"]
    house.providers.siem = None
    assert "TOURNIQUET_ARM_URL" in (await call(comment_incident, phase="opened"))["error"]


async def test_a_manual_case_has_no_incident_to_comment_on(house: FakeHouse) -> None:
    house.cases.records[CASE_ID] = record(incident={"incident_id": "SOAR-1", "title": "t"})
    assert "skipped" in await call(comment_incident, phase="opened")
    assert not house.siem.comments


@pytest.mark.parametrize("activity", [open_ticket, notify_analysts, comment_incident])
async def test_a_record_that_is_not_there_yet_is_waited_for(
    house: FakeHouse, activity: object
) -> None:
    house.cases.records.clear()
    with pytest.raises(RetryableError, match="not there yet"):
        await call(activity, phase="opened")  # type: ignore[arg-type]
