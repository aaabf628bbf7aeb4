"""The targets of seed 004 section 10."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.base import Json, format_utc
from shared.models.policy import Escalation, Sla
from shared.models.sla import SlaTargets
from shared.playbook.reporting.sla import (
    compute_sla,
    containment_is_due,
    finished,
    merge_sla,
    with_measures,
)

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)


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
        closings=[after(200)],
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


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("detection_to_notification", 5),
        ("notification_to_containment", 10),
        ("notification_to_review", 15),
        ("full_remediation", 240),
    ],
)
def test_a_target_is_missed_by_the_instant_at_which_it_ends(name: str, minutes: int) -> None:
    """Seed 004: "< 5 minutes", so five minutes are too long."""
    told = START if name.startswith("notification") else None
    end = {
        "detection_to_notification": "notified_at",
        "notification_to_containment": "contained_at",
        "notification_to_review": "reviewed_at",
    }.get(name)
    for at, expected in ((after(minutes) - INSTANT, True), (after(minutes), False)):
        ended: Json = {"closings": [at]} if end is None else {end: at}
        times: Json = {"notified_at": told} | ended
        sla = compute_sla(detected_at=START, received_at=START, **times)
        assert measure(sla, name)["met"] is expected
        still = compute_sla(detected_at=START, received_at=START, notified_at=told, now=at)
        assert measure(still, name)["met"] is (None if expected else False)


def test_everything_late_or_open() -> None:
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
    targets = Sla().targets(severity, second_line=Escalation())
    sla = compute_sla(detected_at=START, received_at=START, targets=targets)
    assert measure(sla, "full_remediation")["target_seconds"] == hours * 3600


def test_a_policy_names_some_severities_and_keeps_the_others() -> None:
    sla = Sla.model_validate({"remediation_hours": {"High": 2}, "irt": {"mail_to": ["irt@a.b"]}})
    line = Escalation(slack_channel="C1")
    assert sla.targets("High", second_line=line).remediation_seconds == 2 * 3600
    low = sla.targets("Low", second_line=Escalation())
    assert (low.remediation_seconds, low.second_line, low.response_team) == (86400, False, True)
    with pytest.raises(ValueError, match="remediation_hours"):
        Sla.model_validate({"remediation_hours": {"Severe": 2}})


def test_a_replayed_incident_starts_its_clock_on_arrival() -> None:
    sla = compute_sla(
        detected_at=START - timedelta(days=300), received_at=START, notified_at=after(1)
    )
    assert measure(sla, "detection_to_notification")["seconds"] == 60.0
    assert "300 days old" in sla["notes"][0]
    future = compute_sla(detected_at=after(9), received_at=START, notified_at=after(1))
    assert measure(future, "detection_to_notification")["seconds"] == 60.0
    hour = compute_sla(detected_at=START, received_at=after(60), notified_at=after(61))
    assert measure(hour, "detection_to_notification")["seconds"] == 61 * 60


def test_measures_of_a_record() -> None:
    times = {"detected_at": format_utc(START), "received_at": format_utc(after(1))}
    first = with_measures(times)
    assert met(first) == [None] * 4
    later = with_measures(first | {"notified_at": format_utc(after(2))})
    assert measure(later, "detection_to_notification")["met"] is True
    assert with_measures(later) == later
    assert with_measures({}) == {}
    strict = with_measures(times | {"targets": {"notification_seconds": 60.0}})
    assert measure(strict, "detection_to_notification")["target_seconds"] == 60


def test_one_that_did_not_hold_is_measured_anew_and_both_are_shown() -> None:
    times: Json = {"detected_at": START, "received_at": START, "closings": [after(30), after(400)]}
    sla = compute_sla(**times, reopenings=[after(60)], now=after(500))
    first, again = measure(sla, "full_remediation"), sla["measures"][-1]
    assert (first["seconds"], first["met"]) == (30 * 60, True)
    assert again["name"] == "remediation_after_reopening"
    assert (again["seconds"], again["met"]) == (340 * 60, False)
    assert again["due_at"] == format_utc(after(300))


def test_one_that_did_not_hold_before_it_was_closed() -> None:
    sla = compute_sla(detected_at=START, received_at=START, reopenings=[after(60)], now=after(250))
    first, again = measure(sla, "full_remediation"), sla["measures"][-1]
    assert (first["seconds"], first["met"]) == (None, None)
    assert (again["seconds"], again["met"]) == (None, None)
    assert "measured anew" in sla["notes"][0]


def test_no_clock_moves_once_it_has_stopped() -> None:
    first = merge_sla({}, {"notified_at": format_utc(after(1)), "contained_at": None})
    again = merge_sla(first, {"notified_at": format_utc(after(9))})
    assert again == first == {"notified_at": format_utc(after(1))}
    taken = merge_sla(first, {"reviewed_at": format_utc(after(5)), "reviewed_by": "kim"})
    later = merge_sla(taken, {"reviewed_at": format_utc(after(6)), "reviewed_by": "ana"})
    assert later == taken
    earlier = merge_sla(later, {"reviewed_at": format_utc(after(4)), "reviewed_by": "ola"})
    assert (earlier["reviewed_at"], earlier["reviewed_by"]) == (format_utc(after(4)), "ola")


def test_every_closing_is_kept_and_every_patch_can_come_twice() -> None:
    patch = {"closed_at": format_utc(after(30)), "reopenings": [format_utc(after(60))]}
    once = merge_sla({}, patch)
    assert merge_sla(once, patch) == once
    closed = merge_sla(once, {"closed_at": format_utc(after(90))})
    assert closed["closings"] == [format_utc(after(30)), format_utc(after(90))]
    assert closed["closed_at"] == format_utc(after(90))


def test_an_escalation_is_completed_by_what_became_of_it() -> None:
    called = {"tier": "L2", "kind": "missed", "about": "x", "at": format_utc(START), "why": "w"}
    known = merge_sla({}, {"escalations": [called | {"channels": None}]})
    done = merge_sla(known, {"escalations": [called | {"channels": {"slack": "sent"}}]})
    [entry] = done["escalations"]
    assert entry["channels"] == {"slack": "sent"}
    again = merge_sla(done, {"escalations": [called | {"channels": None}]})
    assert again == done, "what is known is not forgotten"


def test_only_what_has_just_ended_is_finished() -> None:
    times = {"detected_at": format_utc(START), "received_at": format_utc(START)}
    told = with_measures(times | {"notified_at": format_utc(after(1))})
    assert [one["name"] for one in finished(times, told)] == ["detection_to_notification"]
    assert finished(told, told) == []
    closed = with_measures(told | {"closed_at": format_utc(after(2))}, now=after(3))
    assert [one["name"] for one in finished(told, closed)] == ["full_remediation"]
    overdue = with_measures(told, now=after(100_000))
    assert finished(told, overdue) == [], "what is missed and goes on has not ended"


@pytest.mark.parametrize(
    ("action", "disposition", "due"),
    [
        ("RevokeSessions", "automatic", True),
        ("RevokeSessions", "ask", False),
        ("RevokeSessions", "never", False),
        ("MonitorOnly", "automatic", False),
    ],
)
def test_containment_is_due_only_where_it_is_automatic(
    action: str, disposition: str, due: bool
) -> None:
    assert containment_is_due({"plan": [{"action": action, "disposition": disposition}]}) is due


MOMENT = st.one_of(st.none(), st.integers(-5000, 5000).map(after))
MOMENTS = st.lists(st.integers(-5000, 5000).map(after), max_size=4)
ZONE = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.integers(-5000, 5000).map(after), MOMENT, MOMENT, MOMENT, MOMENTS, MOMENTS, ZONE)
def test_durations_are_never_negative_and_no_time_zone_changes_anything(
    detected: datetime,
    notified: datetime | None,
    contained: datetime | None,
    reviewed: datetime | None,
    closings: list[datetime],
    reopenings: list[datetime],
    zone: timezone,
) -> None:
    def there(at: datetime | None) -> datetime | None:
        return at.astimezone(zone) if at is not None else None

    sla = compute_sla(
        detected_at=detected,
        received_at=START,
        notified_at=notified,
        contained_at=contained,
        reviewed_at=reviewed,
        closings=closings,
        reopenings=reopenings,
        now=START,
    )
    for value in sla["measures"]:
        if value["seconds"] is not None:
            assert value["seconds"] >= 0
            assert value["met"] == (value["seconds"] < value["target_seconds"])
    elsewhere = compute_sla(
        detected_at=detected.astimezone(zone),
        received_at=START.astimezone(zone),
        notified_at=there(notified),
        contained_at=there(contained),
        reviewed_at=there(reviewed),
        closings=[at.astimezone(zone) for at in closings],
        reopenings=[at.astimezone(zone) for at in reopenings],
        now=START.astimezone(zone),
        targets=SlaTargets(),
    )
    assert elsewhere == sla
