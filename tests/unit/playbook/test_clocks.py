"""The clocks of a case: exact boundaries, each said once, whatever the order of events."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.base import Json, format_utc
from shared.models.sla import Escalated, Measure, SlaTargets, Tier
from shared.playbook.reporting.clocks import Clocks

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INSTANT = timedelta(milliseconds=1)
TWO_LINES = SlaTargets(second_line=True, response_team=True)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def clocks(targets: SlaTargets = TWO_LINES, *, received_at: datetime = START) -> Clocks:
    return Clocks(targets, started_at=START, received_at=received_at)


def says(what: str, minutes: float = 0, **more: object) -> Json:
    return {"what": what, "at": format_utc(after(minutes))} | more


def said(calls: list[Escalated]) -> list[tuple[str, str, str]]:
    return [(one.about, one.kind, str(one.tier)) for one in calls]


def reviewing() -> Clocks:
    """A case of which people were told at once, and where nothing is contained by itself."""
    found = clocks()
    found.hear(says("notified"))
    return found


@pytest.mark.parametrize(
    ("measure", "minutes", "events"),
    [
        (Measure.NOTIFICATION, 5, []),
        (Measure.REVIEW, 15, [says("notified")]),
        (Measure.CONTAINMENT, 10, [says("notified", containment_due=True), says("reviewed")]),
        (Measure.REMEDIATION, 240, [says("notified"), says("reviewed")]),
    ],
)
def test_each_warns_at_four_fifths_and_is_missed_at_its_end_each_once(
    measure: Measure, minutes: int, events: list[Json]
) -> None:
    found = clocks()
    for event in events:
        found.hear(event)
    warn, due = after(minutes * 0.8), after(minutes)
    assert found.next_moment() == warn
    assert found.ring(warn - INSTANT) == []
    [warning] = found.ring(warn)
    assert (warning.about, warning.kind, warning.tier) == (measure, "warning", Tier.L1)
    assert f"{due:%H:%M UTC}" in warning.why
    assert found.ring(due - INSTANT) == []
    [missed] = [one for one in found.ring(due) if one.about == measure]
    assert (missed.kind, missed.tier) == ("missed", Tier.L2)
    assert [one for one in found.ring(after(100_000)) if one.about == measure] == []
    assert found.any_missed


def test_one_that_was_slept_over_is_only_missed() -> None:
    assert said(reviewing().ring(after(60))) == [("notification_to_review", "missed", "L2")]


def test_without_a_second_line_the_first_hears_of_it() -> None:
    found = clocks(SlaTargets())
    assert said(found.ring(after(5))) == [("detection_to_notification", "missed", "L1")]


def test_without_a_warning_only_the_end_rings() -> None:
    found = clocks(SlaTargets(warn_share=None))
    assert found.next_moment() == after(5)


@pytest.mark.parametrize("minutes", [11.9, 13, 15.0])
def test_who_takes_the_case_stops_the_review_clock(minutes: float) -> None:
    found = reviewing()
    found.hear(says("reviewed", minutes))
    assert found.next_moment() == after(240 * 0.8)


def test_who_took_it_before_anybody_was_told_needs_no_reminder() -> None:
    found = clocks()
    found.hear(says("reviewed"))
    found.hear(says("notified"))
    assert found.next_moment() == after(240 * 0.8)


def test_a_case_that_is_closed_has_no_clock_left() -> None:
    found = reviewing()
    found.hear(says("notified", containment_due=True))
    found.hear(says("closed", 3))
    assert found.next_moment() is None
    assert found.ring(after(100_000)) == []
    assert not found.over, "it may be opened again"
    over = clocks()
    over.hear(says("over"))
    assert (over.over, over.next_moment()) == (True, None)


def test_what_did_not_hold_has_a_clock_of_its_own_from_then() -> None:
    found = reviewing()
    found.hear(says("closed", 3))
    found.hear(says("reopened", 60))
    assert found.next_moment() == after(60 + 240 * 0.8)
    assert said(found.ring(after(300))) == [("remediation_after_reopening:1", "missed", "L2")]
    found.hear(says("reopened", 400))
    assert said(found.ring(after(400 + 192))) == [
        ("remediation_after_reopening:2", "warning", "L1")
    ]


def test_what_did_not_hold_while_the_case_is_open_has_one_remediation_clock() -> None:
    found = reviewing()
    found.hear(says("reviewed"))
    found.hear(says("reopened", 60))
    assert said(found.ring(after(299.9))) == [("remediation_after_reopening:1", "warning", "L1")]


def test_a_question_reminds_of_the_review_so_that_its_clock_only_writes_down() -> None:
    found = reviewing()
    found.hear(says("asked"))
    [warning] = found.ring(after(12))
    [missed] = found.ring(after(15))
    assert (warning.channels, missed.channels) == ({}, {})
    assert missed.why.endswith("the question that is open reminds of it")
    assert found.any_missed
    found.hear(says("answered", 16))
    assert found.next_moment() == after(192), "what was told by the question is not told again"
    half = reviewing()
    half.hear(says("asked"))
    half.ring(after(12))
    half.hear(says("answered", 13))
    [missed] = half.ring(after(15))
    assert missed.channels is None, "nobody is asked any more, and nobody has looked"


def test_joined_incidents_move_no_clock() -> None:
    found = reviewing()
    found.hear(says("notified", 10, containment_due=True))
    assert found.next_moment() == after(8), "containment is due from when people were first told"
    found.hear(says("handed_over", 11))
    found.hear(says("notified", 100, containment_due=True))
    assert [one for one in found.ring(after(130)) if one.about.endswith("containment")] == []


def test_one_that_was_late_before_it_came_calls_nobody() -> None:
    found = clocks(received_at=after(6))
    assert found.ring(after(7)) == []
    found.hear(says("notified", 6.2))
    assert found.next_moment() == after(6.2 + 12)


def test_one_that_comes_late_is_given_a_moment_to_tell_people_itself() -> None:
    assert clocks(received_at=after(3.5)).next_moment() == after(4.5)
    assert clocks(received_at=after(4.5)).next_moment() == after(5), "no warning, only the end"


def test_what_is_not_understood_changes_nothing() -> None:
    found = reviewing()
    for event in ({}, {"what": "nonsense"}, {"what": None}):
        found.hear(event)
    assert found.next_moment() == after(12)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["notified", "contained", "handed_over", "reviewed", "asked", "closed", "answered"]
        ),
        st.integers(0, 600),
        st.booleans(),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(EVENTS, st.integers(-14 * 60, 14 * 60))
def test_nothing_is_said_twice_nor_early_in_any_order_and_zone(
    events: list[tuple[str, int, bool]], offset: int
) -> None:
    zone = timezone(timedelta(minutes=offset))
    found = clocks()
    calls: list[Escalated] = []
    for what, minute, due in sorted(events, key=lambda one: one[1]):
        calls += found.ring(after(minute).astimezone(zone))
        found.hear(says(what, minute, containment_due=due))
        assert found.ring(after(minute)) == [] or what in ("answered", "notified")
    calls += found.ring(after(100_000))
    assert len(said(calls)) == len(set(said(calls)))
    order = [one.kind for one in calls if one.about == Measure.REMEDIATION]
    assert order in ([], ["missed"], ["warning"], ["warning", "missed"])
    assert found.ring(after(200_000)) == []


def test_a_case_that_is_closed_while_it_contains_hears_of_no_clock() -> None:
    found = clocks()
    found.hear(says("closed", 1))
    found.hear(says("notified", 2, containment_due=True))
    assert found.next_moment() is None
    found.hear(says("reopened", 3))
    assert found.next_moment() is not None


def test_a_closing_that_is_put_off_leaves_only_the_remediation_running() -> None:
    found = clocks()
    found.hear(says("notified", 1, containment_due=True))
    found.hear(says("closed", 2))
    found.hear(says("not_closed", 3))
    [missed] = found.ring(after(240))
    assert missed.about == Measure.REMEDIATION
