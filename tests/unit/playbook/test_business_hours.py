"""Business hours: in the organisation's own time zone, through its changes of clock."""

from datetime import datetime
from typing import Any

import pytest

from shared.models.business_hours import BusinessHours
from shared.models.case import OperatingMode
from shared.models.policy import Policy
from shared.playbook.planning.permission import mode_at


def hours(**changes: Any) -> BusinessHours:
    usual = {
        "time_zone": "Europe/Berlin",
        "from": "08:00",
        "to": "18:00",
        "during": "approve",
    }
    return BusinessHours.model_validate(usual | changes)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T06:59:59Z", False),  # Friday, 07:59 in Berlin
        ("2026-11-20T07:00:00Z", True),
        ("2026-11-20T16:59:59Z", True),
        ("2026-11-20T17:00:00Z", False),
        ("2026-11-21T10:00:00Z", False),  # Saturday
        ("2026-07-24T06:00:00Z", True),  # summer time: 08:00
        ("2026-07-24T16:30:00Z", False),
        ("2026-11-20T23:30:00-08:00", False),  # Saturday 08:30 in Berlin
    ],
)
def test_a_working_day(at: str, expected: bool) -> None:
    assert hours().contain(datetime.fromisoformat(at)) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T20:59:00Z", False),
        ("2026-11-20T21:00:00Z", True),  # Friday, 22:00: the night shift begins
        ("2026-11-21T04:59:00Z", True),  # Saturday morning is still Friday's shift
        ("2026-11-21T05:00:00Z", False),
        ("2026-11-21T22:00:00Z", False),  # no shift begins on Saturday
        ("2026-11-23T04:00:00Z", False),  # nor on Sunday: Monday before 06:00 is free
    ],
)
def test_a_shift_past_midnight_belongs_to_the_day_it_begins_on(at: str, expected: bool) -> None:
    night = hours(**{"from": "22:00", "to": "06:00"})
    assert night.contain(datetime.fromisoformat(at)) is expected


@pytest.mark.parametrize(
    ("mode", "at", "name"),
    [
        ("automatic", "2026-11-20T10:00:00Z", "approve mode in business hours"),
        ("automatic", "2026-11-20T22:00:00Z", "automatic mode"),
        ("approve", "2026-11-20T10:00:00Z", "approve mode"),
        ("observe", "2026-11-20T10:00:00Z", "observe mode"),
    ],
)
def test_the_mode_says_why_it_is_what_it_is(mode: str, at: str, name: str) -> None:
    policy = Policy(mode=OperatingMode.AUTOMATIC, business_hours=hours())
    now = mode_at(OperatingMode(mode), policy, datetime.fromisoformat(at))
    assert now.name == name and name.startswith(now.mode)


@pytest.mark.parametrize(
    ("began", "switched_to", "name"),
    [
        ("automatic", "observe", "observe mode since the case began"),
        ("automatic", "approve", "approve mode since the case began"),
        ("observe", "automatic", "observe mode"),
    ],
)
def test_switching_down_reaches_cases_that_have_not_decided_and_up_does_not(
    began: str, switched_to: str, name: str
) -> None:
    policy = Policy(mode=OperatingMode(switched_to))
    now = mode_at(OperatingMode(began), policy, datetime.fromisoformat("2026-11-20T10:00:00Z"))
    assert now.name == name and name.startswith(now.mode)
