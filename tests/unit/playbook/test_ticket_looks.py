"""What a look at a case's tickets means for the case."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.handling import Handled, TicketHandling
from shared.playbook.reporting.ticket_looks import (
    Looked,
    heard_in_tickets,
    system_of_own_ticket,
)

BEGUN = "2026-11-20T12:00:00.000Z"
AT = "2026-11-20T13:00:00.000Z"
LATER = "2026-11-20T14:00:00.000Z"


def look(state: Handled, by: str = "Kim Doe", system: str = "servicenow", at: str = AT) -> Looked:
    handling = TicketHandling.model_validate({"state": state, "by": by, "at": at or None})
    return Looked(system, "INC0010001", handling)


def case(status: str = "monitoring", **sla: Any) -> Json:
    return {"status": status, "sla": {"received_at": BEGUN} | sla, "watched": True}


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
    assert (found["what"], found["comment"]) == (
        "reviewed",
        "ticket INC0010001 is worked on there; since when is not told",
    )
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


@pytest.mark.parametrize(
    "by",
    [
        "kim.doe@contoso.example",
        "Kim.Doe",
        "Doe, Kim",
        "Doe Kim (Finance)",
        "kd7@fabrikam.example",
        "KD7",
        "other@contoso.example",
    ],
)
def test_the_accounts_name_is_known_however_it_is_written(by: str) -> None:
    twin = {"user_principal_name": "kd7@fabrikam.example", "mail_addresses": []}
    own = case() | {
        "account": {
            "user_principal_name": "kd@contoso.example",
            "display_name": "Kim Doe",
            "mail_addresses": ["kim.doe@contoso.example"],
            "also_in": [twin],
        },
        "campaign": [{"account": "other@contoso.example"}],
    }
    for state in (Handled.CLOSED, Handled.TAKEN):
        assert heard(own, look(state, by=by)) is None
        assert heard(own, look(state, by="Kim Lee")) is not None, "one word alike is nobody"


def test_a_closing_by_nobody_told_is_only_taken_and_a_hostile_name_is_one_line() -> None:
    found = heard(case(), look(Handled.CLOSED, by=""))
    assert found == {
        "what": "reviewed",
        "by": "somebody in servicenow",
        "comment": "ticket INC0010001 was closed there; who closed it is not told",
        "at": AT,
    }
    found = heard(case(), look(Handled.CLOSED, by="Kim\n\x1b[31m" + "x" * 500))
    assert found is not None and "\n" not in found["by"] and len(found["by"]) < 230


@pytest.mark.parametrize(
    "later",
    [
        {"sla": {"received_at": LATER}},
        {"run": "20261120T140000000Z"},
        {"joined": [{"at": LATER}]},
        {"decision": {"decided_at": LATER}},
        {"actions": [{"at": BEGUN}, {"at": LATER}]},
        {"sla": {}},
    ],
)
def test_what_was_closed_before_the_latest_work_says_nothing(later: Json) -> None:
    assert heard(case() | later, look(Handled.CLOSED)) is None
    if later != {"sla": {}}:
        assert heard(case() | later, look(Handled.CLOSED, at=LATER)) is None, "not after it"
        after = heard(case() | later, look(Handled.CLOSED, at="2026-11-20T14:00:01Z"))
        assert after is not None and after["what"] == "closed"


def test_what_was_closed_at_no_time_that_is_told_says_nothing() -> None:
    assert heard(case(), look(Handled.CLOSED, at="")) is None


def test_the_cases_own_ticket_is_that_with_its_number_whoever_opened_first() -> None:
    jira = {"system": "jira", "ticket_id": "SEC-1"}
    servicenow = {"system": "servicenow", "ticket_id": "INC1"}
    both = {"details": {"tickets": [jira, servicenow]}}
    assert system_of_own_ticket(both | {"outputs": {"incident_ticket_id": "INC1"}}) == "servicenow"
    assert system_of_own_ticket(both | {"outputs": {"incident_ticket_id": "SEC-1"}}) == "jira"
    assert system_of_own_ticket(both | {"outputs": {}}) is None
    alike = {"details": {"tickets": [jira, servicenow | {"ticket_id": "SEC-1"}]}}
    assert system_of_own_ticket(alike | {"outputs": {"incident_ticket_id": "SEC-1"}}) is None
    assert system_of_own_ticket({}) is None
