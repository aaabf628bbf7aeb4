"""The targets of seed 004 section 10."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.base import Json, format_utc
from shared.playbook.reporting.sla import compute_sla, with_measures

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def met(sla: Json) -> list[bool | None]:
    return [measure["met"] for measure in sla["measures"]]


def measure(sla: Json, name: str) -> Json:
    return next(one for one in sla["measures"] if one["name"] == name)


def test_everything_in_time() -> None:
    sla = compute_sla(
        detected_at=START,
        received_at=after(1),
        notified_at=after(2),
        contained_at=after(3),
        reviewed_at=after(10),
        closed_at=after(200),
    )
    assert met(sla) == [True, True, True, True]
    assert measure(sla, "detection_to_notification") == {
        "name": "detection_to_notification",
        "title": "detection to notification",
        "target_seconds": 300,
        "seconds": 120.0,
        "due_at": "2026-11-20T12:05:00.000Z",
        "met": True,
    }
    assert measure(sla, "notification_to_containment")["target_seconds"] == 600
    assert measure(sla, "notification_to_review")["target_seconds"] == 900
    assert sla["intake_delay_seconds"] == 60.0


def test_everything_late_at_the_limit_or_open() -> None:
    late = compute_sla(
        detected_at=START,
        received_at=START,
        notified_at=after(5),
        contained_at=after(15),
        reviewed_at=after(20),
        closed_at=after(240),
    )
    assert met(late) == [False, False, False, False]
    unknown = compute_sla(detected_at=START, received_at=START)
    assert met(unknown) == [None, None, None, None]
    running = compute_sla(detected_at=START, received_at=START, now=after(4))
    assert met(running) == [None, None, None, None]
    passed = compute_sla(detected_at=START, received_at=START, now=after(300))
    assert met(passed) == [False, None, None, False]
    for due, expected in ((True, False), (False, None)):
        told = compute_sla(
            detected_at=START,
            received_at=START,
            notified_at=after(1),
            now=after(30),
            containment_due=due,
        )
        assert met(told) == [True, expected, False, None]


def test_containment_before_the_message_is_early() -> None:
    sla = compute_sla(
        detected_at=START, received_at=START, notified_at=after(2), contained_at=after(1)
    )
    assert measure(sla, "notification_to_containment")["seconds"] == 0.0
    assert measure(sla, "notification_to_containment")["met"] is True


@pytest.mark.parametrize(
    ("severity", "hours"), [("High", 4), ("Medium", 12), ("Low", 24), ("odd", 4)]
)
def test_remediation_depends_on_severity(severity: str, hours: int) -> None:
    sla = compute_sla(detected_at=START, received_at=START, severity=severity)
    assert measure(sla, "full_remediation")["target_seconds"] == hours * 3600


def test_a_replayed_incident_starts_its_clock_on_arrival() -> None:
    sla = compute_sla(
        detected_at=START - timedelta(days=300), received_at=START, notified_at=after(1)
    )
    assert measure(sla, "detection_to_notification")["seconds"] == 60.0
    assert "300 days old" in sla["notes"][0]
    future = compute_sla(detected_at=after(9), received_at=START, notified_at=after(1))
    assert measure(future, "detection_to_notification")["seconds"] == 60.0


def test_measures_of_a_record() -> None:
    times = {"detected_at": format_utc(START), "received_at": format_utc(after(1))}
    first = with_measures(times, severity="High")
    assert met(first) == [None] * 4
    later = with_measures(first | {"notified_at": format_utc(after(2))}, severity="High")
    assert measure(later, "detection_to_notification")["met"] is True
    assert with_measures(later, severity="High") == later
    assert with_measures({}, severity="High") == {}


MOMENT = st.one_of(st.none(), st.integers(-5000, 5000).map(after))


@given(st.integers(-5000, 5000).map(after), MOMENT, MOMENT, MOMENT)
def test_durations_are_never_negative(
    detected: datetime,
    notified: datetime | None,
    contained: datetime | None,
    reviewed: datetime | None,
) -> None:
    sla = compute_sla(
        detected_at=detected,
        received_at=START,
        notified_at=notified,
        contained_at=contained,
        reviewed_at=reviewed,
        now=START,
    )
    for value in sla["measures"]:
        if value["seconds"] is not None:
            assert value["seconds"] >= 0
            assert value["met"] == (value["seconds"] < value["target_seconds"])
