"""What the record says of tickets and messages is what became of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from durabletask.task import OrchestrationContext, Task

from orchestrators.case_file import CaseFile
from orchestrators.late_ticket import may_open
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record, merge_record
from tests.orchestration.test_service_levels import until
from tests.support.durable_backend import Run
from tests.support.joining import close, events
from tests.support.scripts import SOON, case_payload, default_scripts, fail, opened

type NewCase = Callable[..., Run]
REFUSED = {"ticket_id": None, "url": None, "error": "servicenow (HTTP 401)"}
AWAY = {"channels": {"slack": "HTTP 500", "email": "smtp down"}}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_RETRY_MINUTES", (1,))
    monkeypatch.setattr("orchestrators.late_ticket.TICKET_LIMIT", timedelta(0))


def record(run: Run) -> Json:
    """The record as all writes have made it."""
    merged = initial_record(CaseRequest.model_validate(case_payload()))
    for call in run.called("save_case"):
        merged = merge_record(merged, {k: v for k, v in call["patch"].items() if k != "case"})
    return merged


def respond(run: Run) -> None:
    run.start("respond", case_payload(timing=SOON))
    run.wait_for_late()


def told(run: Run, phase: str) -> str:
    [line] = [one for one in events(run) if one.startswith(f"analysts told ({phase})")]
    return line


def test_an_emergency_message_that_nobody_got_is_not_called_sent(case: NewCase) -> None:
    def notify(payload: Json) -> Json:
        return fail("smtp down")(payload) if payload["phase"] == "emergency" else AWAY

    run = case(open_ticket=lambda _payload: REFUSED, notify_analysts=notify)
    respond(run)
    assert told(run, "opened") == (
        "analysts told (opened): no ticket (servicenow (HTTP 401)), emergency message: NOBODY on "
        "any channel; NOT told by all: smtp down; NOBODY on any channel; NOT told by email: smtp "
        "down, slack: HTTP 500"
    )


def test_the_channel_that_took_the_emergency_message_is_named(case: NewCase) -> None:
    def notify(payload: Json) -> Json:
        return {"channels": {"slack": "sent"}} if payload["phase"] == "emergency" else AWAY

    run = case(open_ticket=lambda _payload: REFUSED, notify_analysts=notify)
    respond(run)
    assert "emergency message: slack;" in told(run, "completed")


@pytest.mark.parametrize("phase", ["containment_failed", "not_held"])
def test_channels_that_did_not_take_a_message_are_not_said_to_have_been_told(
    case: NewCase, phase: str
) -> None:
    def notify(payload: Json) -> Json:
        sent = default_scripts()["notify_analysts"](payload)
        return AWAY if payload["phase"] == phase else sent

    more = {
        "containment_failed": {"revoke_sessions": fail("no")},
        "not_held": {"recheck_sign_ins": lambda _payload: {"held": False, "detail": "1 success"}},
    }[phase]
    run = case(notify_analysts=notify, **more)
    respond(run)
    line = told(run, phase.replace("_", " "))
    assert line.endswith("NOBODY on any channel; NOT told by email: smtp down, slack: HTTP 500")


def test_a_ticket_that_is_not_completed_stays_the_cases_ticket(case: NewCase) -> None:
    def ticket(payload: Json) -> Json:
        refuse = fail("servicenow HTTP 500")
        return opened("servicenow") if payload["phase"] == "opened" else refuse(payload)

    run = case(open_ticket=ticket)
    respond(run)
    block = record(run)["blocks"][BlockName.NOTIFICATION]
    assert block["outputs"]["incident_ticket_id"] == "INC0010001"
    assert block["details"]["tickets"] == opened("servicenow")["tickets"]
    assert "ticket not completed, it is tried again: servicenow HTTP 500" in block["notes"]
    assert not [one for one in block["notes"] if "no ticket" in one or "unknown" in one]
    assert "(completed): ticket INC0010001 NOT written (servicenow" in told(run, "completed")
    assert "ticket INC0010001 not completed: the ITSM stayed down; complete by hand" in events(run)
    notified = run.called("notify_analysts")
    emergency, gave_up = [one for one in notified if one["phase"] == "emergency"]
    known = emergency["record"]["blocks"][BlockName.NOTIFICATION]["details"]["tickets"]
    assert [one["ticket_id"] for one in known] == ["INC0010001"]
    assert gave_up["why"].endswith("the ITSM stayed down; complete by hand")


def test_one_system_of_two_that_is_away_at_the_end_keeps_its_ticket(case: NewCase) -> None:
    answers = iter([opened("servicenow", "jira"), opened("servicenow", jira="HTTP 503")])
    every = opened("servicenow", "jira")
    run = case(open_ticket=lambda _payload: next(answers, every))
    respond(run)
    block = record(run)["blocks"][BlockName.NOTIFICATION]
    assert [one["ticket_id"] for one in block["details"]["tickets"]] == ["INC0010001", "SOC-1"]
    assert block["notes"] == [] and block["status"] == "complete"
    assert "ticket SOC-1 completed late" in events(run)
    assert not [one for one in events(run) if "no ticket" in one]


def test_only_who_opens_the_case_opens_a_ticket(case: NewCase) -> None:
    run = case(recheck_sign_ins=lambda _payload: {"held": False, "detail": "1 success"})
    respond(run)
    opening = {one["phase"] for one in run.called("open_ticket") if not one.get("must_exist")}
    assert opening == {"opened", "completed"}
    assert "not_held" in [one["phase"] for one in run.called("open_ticket")]


def test_a_ticket_that_is_found_after_giving_up_is_linked(case: NewCase) -> None:
    def ticket(payload: Json) -> Json:
        return opened("servicenow") if payload["phase"] == "closed" else REFUSED

    run = case(open_ticket=ticket)
    run.start("respond", case_payload(timing=SOON | {"watch_hours": 1000}))
    until(lambda: any("the ITSM stayed down" in one for one in events(run)))
    close(run)
    block = record(run)["blocks"][BlockName.NOTIFICATION]
    assert block["outputs"]["incident_ticket_id"] == "INC0010001"
    assert block["notes"] == ["ticket not completed, it is tried again: servicenow (HTTP 401)"]


@pytest.mark.parametrize(
    ("is_complete", "minutes", "opens"), [(False, 0.5, False), (False, 2, True), (True, 0.5, True)]
)
def test_while_a_late_ticket_is_tried_often_nobody_else_opens_one(
    is_complete: bool, minutes: float, opens: bool
) -> None:
    began = datetime(2026, 11, 20, 12, tzinfo=UTC)
    file = CaseFile.__new__(CaseFile)
    file.late_since = began
    file.late_tickets = [cast(Task[Any], SimpleNamespace(is_complete=is_complete))]
    now = SimpleNamespace(current_utc_datetime=began + timedelta(minutes=minutes))
    assert may_open(cast(OrchestrationContext, now), file) is opens


@pytest.mark.parametrize(
    ("channel", "opened"), [("no channel is configured", True), ("sent", False)]
)
def test_a_first_warning_opens_the_ticket_where_no_channel_takes_it(
    case: NewCase, channel: str, opened: bool
) -> None:
    """There is no verdict yet, so nothing else has opened it."""

    def ticket(payload: Json) -> Json:
        there = {"ticket_id": "INC1", "tickets": [], "missing": {}}
        return {"ticket_id": None, "error": "no ticket"} if payload.get("must_exist") else there

    told = {"channels": {"slack": channel}, "references": {}}
    run = case(open_ticket=ticket, notify_analysts=lambda _payload: told)
    warning = {"case_id": run.case_id, "phase": "sla_warning", "why": "no verdict", "first": True}
    run.start("tell_again", warning)
    assert run.output(dict)["reached"] is True
    asked = [bool(one.get("must_exist")) for one in run.called("open_ticket")]
    assert asked == ([True, False] if opened else [True])
    later = case(open_ticket=ticket, notify_analysts=lambda _payload: told)
    later.start("tell_again", warning | {"case_id": later.case_id, "first": False})
    assert later.output(dict)["reached"] is not opened
    assert all(one["must_exist"] for one in later.called("open_ticket"))
