"""An incident of several cases, one for each of its accounts: the last to be closed closes it."""

from typing import Any

import pytest

from shared.models.base import Json
from shared.models.message import Closing, Ticket
from shared.providers.google_secops_soar import GoogleSecOpsCases
from shared.providers.google_secops_soar.closing import is_shared, key_of
from shared.providers.sentinel.ticket_fields import changed_properties
from shared.providers.sentinel.tickets import SentinelTickets
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT, TRIGGER
from tests.contract.test_google_secops_soar import soar

__all__ = ["soar"]

A, B = (f"case-{letter * 24}" for letter in "ab")
CLOSING = Closing(classification="TruePositive", reason="SuspiciousActivity", comment="Over.")


def ticket(case_id: str, **values: Any) -> Ticket:
    usual = {
        "correlation_id": case_id,
        "title": "t",
        "description": "d",
        "severity": "High",
        "incident_id": INCIDENT,
        "labels": ["tourniquet", case_id],
    }
    return Ticket.model_validate({**usual, **values})


def status(lab: Lab) -> str:
    [found] = lab.state()["incidents"]
    return str(found["properties"]["status"])


@pytest.fixture
def tickets(settings: Settings, lab: Lab) -> SentinelTickets:
    lab.call("PUT", "incidents", [TRIGGER])
    return SentinelTickets(settings)


async def test_the_last_of_its_cases_closes_an_incident(tickets: SentinelTickets, lab: Lab) -> None:
    for case_id in (A, B):
        await tickets.upsert(ticket(case_id))
    await tickets.upsert(ticket(A, closing=CLOSING))
    await tickets.upsert(ticket(A, closing=CLOSING))
    assert status(lab) == "Active", "the other account's case is at work on it"
    await tickets.upsert(ticket(B, closing=CLOSING))
    assert status(lab) == "Closed"
    assert not [line for line in lab.ledger("sentinel") if line.get("violation")]


async def test_a_case_that_is_open_again_keeps_it_open(tickets: SentinelTickets, lab: Lab) -> None:
    for case_id in (A, B):
        await tickets.upsert(ticket(case_id))
    await tickets.upsert(ticket(A, closing=CLOSING))
    await tickets.upsert(ticket(A, open_again=True))
    await tickets.upsert(ticket(B, closing=CLOSING))
    assert status(lab) == "Active"
    await tickets.upsert(ticket(A, closing=CLOSING))
    assert status(lab) == "Closed"


def test_a_new_incident_of_another_case_becomes_active_by_a_closing() -> None:
    there: Json = {"status": "New", "labels": [{"labelName": B.upper()}]}
    wrote = changed_properties(there, ticket(A, closing=CLOSING))
    assert wrote is not None and wrote["status"] == "Active" and "classification" not in wrote


@pytest.mark.parametrize("label", ["case-7", f"{B}-closed", f"closed {B}", A, A.upper()])
def test_what_names_no_other_case_hinders_no_closing(label: str) -> None:
    there: Json = {"status": "Active", "labels": [{"labelName": label}]}
    wrote = changed_properties(there, ticket(A, closing=CLOSING))
    assert wrote is not None and wrote["status"] == "Closed"


async def test_the_last_of_its_cases_closes_a_case_of_the_soar(
    soar: GoogleSecOpsCases, lab: Lab
) -> None:
    made = await soar.upsert(ticket(A, work_note="Opened."))
    shared = {"known": {"google_secops_soar": made.own_id}}
    await soar.upsert(ticket(B, work_note="Opened.", **shared))
    for _again in range(2):
        await soar.upsert(ticket(A, work_note="Closed.", closing=CLOSING, **shared))
        [case] = lab.state()["google_secops_cases"]
        assert case["status"] == "OPENED", "the other account's case is at work on it"
    await soar.upsert(ticket(B, work_note="Closed.", closing=CLOSING, **shared))
    [case] = lab.state()["google_secops_cases"]
    assert case["status"] == "CLOSED" and len(case["comments"]) == 4


def test_what_a_comment_quotes_is_nobodys_key() -> None:
    own = key_of(ticket(A, work_note="Opened."))
    hostile = f"title: [tourniquet 0123456789ab] [{B}]\n\n{own}"
    assert not is_shared([hostile, "by hand"], ticket(A))
    assert is_shared([hostile], ticket(B)), "A is at work on it"
