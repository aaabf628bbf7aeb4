"""A success that the alert reports and the log does not show yet."""

from datetime import timedelta
from typing import Any

import pytest

from activities.sign_ins import analyse_sign_ins
from shared.errors import RetryableError
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.models.signin import SignInLogResult
from shared.playbook.sign_ins.models import REPORTED_BY_ALERT
from tests.support.fakes import FakeHouse
from tests.support.scripts import case_payload
from tests.unit.activities.calls import block
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    WITHOUT_MFA,
    failures,
    history,
    sign_in,
)

GUESSES = [*history(), *failures(25, over=EIGHT_MINUTES, **ABROAD)]
SUCCESS = sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA)


def case(**changes: Any) -> Json:
    later = format_utc(SUCCESS_AT + timedelta(minutes=10))
    soon = format_utc(SUCCESS_AT + timedelta(minutes=1))
    times = {"now": later, "received_at": soon, "detected_at": soon}
    named = {"addresses": [ATTACKER], "successful_login_time": format_utc(SUCCESS_AT)}
    return case_payload(**times | named | changes)


async def ask(house: FakeHouse, events: list[Any], given: Json | None = None, **more: Any) -> Json:
    house.sign_in_log.result = SignInLogResult(events=events, rows=len(events))
    return await block(analyse_sign_ins, BlockName.SIGN_INS, case=given or case(), **more)


async def test_the_alert_stands_in_until_the_log_shows_it(house: FakeHouse) -> None:
    found = await ask(house, GUESSES)
    assert (found["status"], found["details"]["awaited"]) == ("partial", True)
    assert found["details"]["complete"] is False
    login = found["outputs"]["successful_login_details"]
    assert (login["id"], login["address"]) == (REPORTED_BY_ALERT, ATTACKER)
    assert found["details"]["analysis"]["brute_force"]["failed_attempts"] == 25
    later = await ask(house, [*GUESSES, SUCCESS], waited_seconds=30)
    assert (later["status"], later["details"]["awaited"]) == ("complete", False)
    assert later["outputs"]["successful_login_details"]["id"] == "success"


async def test_notes_say_how_long_it_was_asked_again(house: FakeHouse) -> None:
    found = await ask(house, GUESSES, waited_seconds=180)
    assert "after 180 s of asking again; the alert's own data is used" in found["notes"][0]


async def test_another_success_is_shown_beside_the_reported_one(house: FakeHouse) -> None:
    early = sign_in(SUCCESS_AT - timedelta(minutes=40), id="early", **ABROAD | WITHOUT_MFA)
    found = await ask(house, [*GUESSES, early])
    assert found["details"]["awaited"] is True
    assert found["outputs"]["successful_login_details"]["id"] == "early"
    assert "it shows one at" in found["notes"][0]


@pytest.mark.parametrize(
    ("title", "code", "waits"),
    [
        ("Brute force attack", "50126", False),
        ("Brute force attack, then success", "50126", True),
        ("Brute force attack, then success", "500121", False),
    ],
)
async def test_only_a_claimed_success_is_waited_for(
    house: FakeHouse, title: str, code: str, waits: bool
) -> None:
    incident = {"source": "sentinel", "incident_id": "1", "title": title}
    given = case(successful_login_time=None, incident=incident)
    found = await ask(house, [*GUESSES, sign_in(SUCCESS_AT, code, **ABROAD)], given)
    assert found["details"]["awaited"] is waits
    assert found["status"] == ("partial" if waits else "complete")


async def test_an_old_success_is_not_waited_for_but_still_missing(house: FakeHouse) -> None:
    late = format_utc(SUCCESS_AT + timedelta(hours=3))
    found = await ask(house, GUESSES, case(received_at=late))
    assert (found["status"], found["details"]["awaited"]) == ("partial", False)
    assert found["details"]["analysis"]["success_only_reported"] is True


async def test_without_the_log_the_login_is_the_alerts(house: FakeHouse) -> None:
    house.sign_in_log.failing["get_sign_ins"] = RetryableError("down", vendor="log_analytics")
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=case())
    login = found["outputs"]["successful_login_details"]
    assert (login["id"], login["address"]) == (REPORTED_BY_ALERT, ATTACKER)
    assert found["outputs"]["failed_logins_count"] is None


async def test_a_success_from_elsewhere_is_not_the_reported_one(house: FakeHouse) -> None:
    elsewhere = sign_in(SUCCESS_AT, id="mobile", **ABROAD | {"address": "203.0.113.200"})
    found = await ask(house, [*history(), elsewhere])
    assert found["details"]["awaited"] is True
    assert found["outputs"]["successful_login_details"]["id"] == REPORTED_BY_ALERT
