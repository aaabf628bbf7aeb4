"""The incident as a ticket: what follows the case, and what stays as an analyst has it."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import Conflict, NotSupported, PermissionDenied, RetryableError
from shared.models.message import Closing, Ticket, TicketTask
from shared.providers.sentinel.tickets import TRIES, SentinelTickets
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import INCIDENT, PROPERTIES, TRIGGER

CLOSING = Closing(
    classification="TruePositive", reason="SuspiciousActivity", comment="Case closed."
)


def ticket(**values: Any) -> Ticket:
    usual = {
        "correlation_id": "case-1",
        "title": "t",
        "description": "d",
        "severity": "High",
        "incident_id": INCIDENT,
        "labels": ["tourniquet", "case-1"],
    }
    return Ticket.model_validate({**usual, **values})


@pytest.fixture
def incident(lab: Lab) -> Callable[..., None]:
    """Make the incident exist with these properties."""

    def make(**properties: Any) -> None:
        found = TRIGGER["object"] | {"properties": PROPERTIES | properties}
        lab.call("PUT", "incidents", [TRIGGER | {"object": found}])

    make()
    return make


@pytest.fixture
def tickets(settings: Settings, incident: Callable[..., None]) -> SentinelTickets:
    return SentinelTickets(settings)


def state(lab: Lab) -> dict[str, Any]:
    [found] = lab.state()["incidents"]
    return {**found["properties"], "tasks": found["tasks"]}


def writes(lab: Lab) -> list[str]:
    return [one["operation"] for one in lab.ledger("sentinel") if one["effect"]]


def labels(found: dict[str, Any]) -> list[str]:
    return [one["labelName"] for one in found["labels"]]


async def test_an_incident_becomes_the_ticket_and_nothing_is_written_twice(
    tickets: SentinelTickets, lab: Lab
) -> None:
    wanted = ticket(owner="Ana Lyst (ana.lyst@contoso.example)", tasks=[TicketTask(title="Do it")])
    first, again = await tickets.upsert(wanted), await tickets.upsert(wanted)
    assert first == again
    assert first.ticket_id == "Sentinel incident 42"
    found = state(lab)
    assert (found["status"], found["severity"]) == ("Active", "High")
    assert labels(found) == ["tourniquet", "case-1"]
    assert found["owner"]["userPrincipalName"] == "ana.lyst@contoso.example"
    assert [one["properties"]["title"] for one in found["tasks"]] == ["Do it"]
    assert writes(lab) == ["incidents.put", "incidents.tasks.put"]
    assert not [line for line in lab.ledger("sentinel") if line.get("violation")]


async def test_what_an_analyst_has_set_stays(
    tickets: SentinelTickets, incident: Callable[..., None], lab: Lab
) -> None:
    theirs = {"labelName": "VIP", "labelType": "User"}
    owner = {"objectId": "8f0c4a63-9a7b-4f8b-86f6-c1d425a3d3c2", "email": None, "assignedTo": "Lee"}
    incident(severity="High", labels=[theirs], owner=owner, description="kept", status="Active")
    await tickets.upsert(ticket(severity="Low", owner="ana@contoso.example"))
    found = state(lab)
    assert (found["severity"], found["description"]) == ("High", "kept")
    assert labels(found) == ["VIP", "tourniquet", "case-1"]
    assert found["owner"]["assignedTo"] == "Lee"


async def test_closing_classifies_and_a_containment_that_did_not_hold_opens_again(
    tickets: SentinelTickets, lab: Lab
) -> None:
    await tickets.upsert(ticket(closing=CLOSING))
    closed = state(lab)
    assert closed["status"] == "Closed"
    assert closed["classification"] == "TruePositive"
    assert closed["classificationReason"] == "SuspiciousActivity"
    await tickets.upsert(ticket())
    assert state(lab)["status"] == "Closed", "only a case that is open again opens it"
    await tickets.upsert(ticket(open_again=True))
    assert state(lab)["status"] == "Active"
    assert "classification" not in state(lab)


async def test_an_analysts_own_classification_is_never_changed(
    tickets: SentinelTickets, incident: Callable[..., None], lab: Lab
) -> None:
    incident(status="Closed", classification="Undetermined", classificationComment="mine")
    await tickets.upsert(ticket(closing=CLOSING))
    assert state(lab)["classification"] == "Undetermined"
    assert state(lab)["classificationComment"] == "mine"


@pytest.mark.parametrize("status", [409, 412])
async def test_who_was_faster_is_read_again_and_not_overwritten(
    tickets: SentinelTickets, lab: Lab, status: int
) -> None:
    lab.fault("sentinel", "status", value=status, operation="incidents.put", times=2)
    await tickets.upsert(ticket())
    assert labels(state(lab)) == ["tourniquet", "case-1"]
    asked = [one["operation"] for one in lab.ledger("sentinel")]
    assert asked == ["incidents.get", "incidents.put"] * 3


async def test_an_etag_that_is_old_is_refused(tickets: SentinelTickets, lab: Lab) -> None:
    await tickets.upsert(ticket())
    with pytest.raises(Conflict):
        await tickets._put(INCIDENT, '"an older one"', PROPERTIES | {"status": "Closed"})


async def test_who_is_always_slower_tries_later(tickets: SentinelTickets, lab: Lab) -> None:
    lab.fault("sentinel", "status", value=412, operation="incidents.put")
    with pytest.raises(RetryableError):
        await tickets.upsert(ticket())
    assert len(lab.ledger("sentinel")) == 2 * TRIES


async def test_open_work_is_added_once_and_ended_when_it_is_not_asked_for_any_more(
    tickets: SentinelTickets, lab: Lab
) -> None:
    first = [
        TicketTask(title="Contain by hand", detail="Where: Entra"),
        TicketTask(title="x" * 400),
    ]
    await tickets.upsert(ticket(tasks=first))
    await tickets.upsert(ticket(tasks=first[:1]))
    await tickets.upsert(ticket(tasks=None))
    found = {one["properties"]["title"]: one["properties"] for one in state(lab)["tasks"]}
    assert found["Contain by hand"]["status"] == "New"
    assert found["Contain by hand"]["description"].startswith("Where: Entra")
    [cut] = [title for title in found if title.startswith("xxx")]
    assert len(cut) <= 150 and found[cut]["status"] == "Completed"


async def test_tasks_of_others_are_left_alone_and_the_limit_is_kept(
    tickets: SentinelTickets, lab: Lab
) -> None:
    many = [TicketTask(title=f"Step {number}") for number in range(60)]
    await tickets.upsert(ticket(tasks=many))
    assert len(state(lab)["tasks"]) == 40
    await tickets.upsert(ticket(correlation_id="case-2", tasks=[]))
    assert {one["properties"]["status"] for one in state(lab)["tasks"]} == {"New"}
    assert not [line for line in lab.ledger("sentinel") if line["status"] >= 400]


async def test_a_case_from_elsewhere_has_no_incident_here(
    tickets: SentinelTickets, lab: Lab
) -> None:
    with pytest.raises(NotSupported):
        await tickets.upsert(ticket(incident_id="SOAR-4711"))
    assert lab.ledger("sentinel") == []


async def test_a_refusal_is_named(tickets: SentinelTickets, lab: Lab) -> None:
    lab.fault("sentinel", "status", value=403, operation="incidents.put")
    with pytest.raises(PermissionDenied, match=r"incidents\.put"):
        await tickets.upsert(ticket())
