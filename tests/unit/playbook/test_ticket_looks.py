"""What a look at a case's tickets means for the case."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.handling import Handled, TicketHandling
from shared.playbook.reporting.ticket_looks import Looked, heard_in_tickets

AT = "2026-11-20T13:00:00.000Z"
LATER = "2026-11-20T14:00:00.000Z"


def look(state: Handled, by: str = "Kim Doe", system: str = "servicenow", at: str = AT) -> Looked:
    handling = TicketHandling.model_validate({"state": state, "by": by, "at": at or None})
    return Looked(system, "INC0010001", handling)


def case(status: str = "monitoring", **sla: Any) -> Json:
    return {"status": status, "sla": sla, "watched": True}


def heard(record: Json, *looks: Looked) -> Json | None:
    return heard_in_tickets(record, looks, own="servicenow")


def test_a_closed_ticket_closes_the_case_and_says_who() -> None:
    assert heard(case(), look(Handled.CLOSED)) == {
        "what": "closed",
        "by": "Kim Doe in servicenow",
        "comment": "ticket INC0010001 was closed there",
        "at": AT,
    }


@pytest.mark.parametrize("status", ["gathering", "deciding", "awaiting_decision"])
def test_a_case_that_waits_for_an_answer_is_only_taken_by_it(status: str) -> None:
    found = heard(case(status), look(Handled.CLOSED))
    assert found is not None and found["what"] == "reviewed"


def test_another_systems_ticket_closes_nothing() -> None:
    found = heard(case(), look(Handled.CLOSED, system="jira"))
    assert found is not None and (found["what"], found["by"]) == ("reviewed", "Kim Doe in jira")


def test_who_works_on_the_ticket_has_taken_the_case_once() -> None:
    found = heard(case(), look(Handled.NOT), look(Handled.TAKEN, system="jira"))
    assert found is not None
    assert (found["what"], found["comment"]) == ("reviewed", "ticket INC0010001 is worked on there")
    assert heard(case(reviewed_at=AT), look(Handled.TAKEN)) is None
    assert heard(case(), look(Handled.NOT)) is None


def test_what_was_closed_before_the_case_was_opened_again_says_nothing() -> None:
    again = case("failed", reopenings=[LATER], reviewed_at=AT)
    assert heard(again, look(Handled.CLOSED)) is None
    assert heard(again, look(Handled.CLOSED, at="")) is None
    found = heard(again, look(Handled.CLOSED, at="2026-11-20T15:00:00Z"))
    assert found is not None and found["what"] == "closed"


def test_a_case_whose_watch_is_over_is_not_closed() -> None:
    assert heard(case(reviewed_at=AT) | {"watched": False}, look(Handled.CLOSED)) is None


def test_nobody_handles_a_case_about_their_own_account() -> None:
    own = case() | {"account": {"user_principal_name": "kim@contoso.example"}}
    assert heard(own, look(Handled.CLOSED, by="KIM@contoso.example")) is None
    named = case() | {"account": {"display_name": "Kim Doe"}}
    assert heard(named, look(Handled.TAKEN)) is None


def test_a_nobody_is_somebody_and_a_hostile_name_is_one_line() -> None:
    found = heard(case(), look(Handled.CLOSED, by=""))
    assert found is not None and found["by"] == "somebody in servicenow"
    found = heard(case(), look(Handled.CLOSED, by="Kim\n\x1b[31m" + "x" * 500))
    assert found is not None and "\n" not in found["by"] and len(found["by"]) < 230
