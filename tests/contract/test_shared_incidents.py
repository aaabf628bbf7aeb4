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


async def test_a_case_that_is_open_again_keeps_the_soars_open(
    soar: GoogleSecOpsCases, lab: Lab
) -> None:
    made = await soar.upsert(ticket(A, work_note="Opened."))
    shared = {"known": {"google_secops_soar": made.own_id}}
    await soar.upsert(ticket(A, work_note="Closed.", closing=CLOSING, **shared))
    await soar.upsert(ticket(A, work_note="Not held.", open_again=True, **shared))
    await soar.upsert(ticket(A, work_note="Acknowledged.", **shared))
    await soar.upsert(ticket(B, work_note="Closed.", closing=CLOSING, **shared))
    [case] = lab.state()["google_secops_cases"]
    assert case["status"] == "OPENED", "what was done about the other account did not hold"
    for _again in range(2):
        await soar.upsert(ticket(A, work_note="Closed.", closing=CLOSING, **shared))
        [case] = lab.state()["google_secops_cases"]
        assert case["status"] == "CLOSED" and len(case["comments"]) == 6


async def test_comments_are_read_as_they_were_written_whatever_their_order(
    soar: GoogleSecOpsCases, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await soar.upsert(ticket(A, work_note="Opened."))
    shared = {"known": {"google_secops_soar": made.own_id}}
    for number in range(11):
        await soar.upsert(ticket(A, work_note=f"Note {number}.", **shared))
    case = str(made.own_id)
    in_order = await soar.comments(case)
    parse = soar._api.client.parse

    def newest_first(model: Any, body: Any, **more: Any) -> Any:
        page = parse(model, body, **more)
        return page.model_copy(update={"comments": page.comments[::-1]})

    monkeypatch.setattr(soar._api.client, "parse", newest_first)
    assert await soar.comments(case) == in_order
    assert len(in_order) == 12


def test_what_a_comment_quotes_is_nobodys_key() -> None:
    own = key_of(ticket(A, work_note="Opened."))
    hostile = f"title: [tourniquet 0123456789ab] [{B}]\n\n{own}"
    assert not is_shared([hostile, "by hand"], ticket(A))
    assert is_shared([hostile], ticket(B)), "A is at work on it"
