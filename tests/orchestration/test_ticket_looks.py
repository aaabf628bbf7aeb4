"""Who takes or closes a ticket in its own system is not called by a clock."""

from shared.models.base import Json, format_utc
from tests.orchestration.test_respond import record
from tests.orchestration.test_service_levels import (
    NewCase,
    clocks_over,
    engine_now,
    phases,
    respond,
    until,
)
from tests.support.asking import wait_for_phase
from tests.support.joining import close, events
from tests.support.scripts import fail


def test_who_has_taken_the_ticket_in_its_system_is_not_called(case: NewCase) -> None:
    heard = {
        "what": "reviewed",
        "by": "Kim Doe in servicenow",
        "comment": "ticket INC0010001 is worked on there",
        "at": None,
    }
    run = case(look_at_tickets=lambda _payload: {"heard": heard})
    respond(run, review_seconds=60)
    until(lambda: "acknowledged by Kim Doe in servicenow" in events(run))
    assert record(run)["sla"]["reviewed_by"] == "Kim Doe in servicenow"
    close(run)
    assert clocks_over(run) == {"told": 0} and "sla_missed" not in phases(run)


def test_a_ticket_that_was_closed_in_its_system_closes_the_case(case: NewCase) -> None:
    def heard(_payload: Json) -> Json:
        by, comment = "Kim Doe in servicenow", "ticket INC0010001 was closed there"
        at = format_utc(engine_now())
        return {"heard": {"what": "closed", "by": by, "comment": comment, "at": at}}

    run = case(look_at_tickets=heard)
    respond(run, {"recheck_minutes": 1}, remediation_seconds=3600)
    assert clocks_over(run) == {"told": 0}
    assert len(run.called("look_at_tickets")) == 1, "one question, when a clock was to ring"
    saved = record(run)
    assert (saved["status"], saved["sla"]["closed_by"]) == ("closed", "Kim Doe in servicenow")
    assert "closed by Kim Doe in servicenow: ticket INC0010001 was closed there" in events(run)


def test_a_look_that_fails_lets_the_clock_ring(case: NewCase) -> None:
    run = case(look_at_tickets=fail("down"))
    respond(run, review_seconds=60)
    wait_for_phase(run, "sla_missed")
    close(run)
    clocks_over(run)


def test_what_is_said_while_the_systems_are_asked_is_heard_before_the_clock(case: NewCase) -> None:
    def taken_meanwhile(_payload: Json) -> Json:
        run.tell("Acknowledged", {"by": "kim"})
        until(lambda: "acknowledged by kim" in events(run))
        return {"heard": None}

    run = case(look_at_tickets=taken_meanwhile)
    respond(run, review_seconds=60)
    until(lambda: "acknowledged by kim" in events(run))
    close(run)
    assert clocks_over(run) == {"told": 0}, "who has taken the case hears no more of its review"
