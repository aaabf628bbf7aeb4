from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from activities.ticketing import open_ticket
from shared.errors import NotSupported, PermissionDenied, RetryableError
from shared.models.block import BlockName
from shared.playbook.reporting.handover import notification_block
from tests.support.fake_stores import FakeTicketing
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import record

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DOWN = RetryableError("HTTP 503", vendor="vendor", status=503)
REFUSED = PermissionDenied("HTTP 403", vendor="vendor", status=403)


@pytest.fixture(autouse=True)
def case(house: FakeHouse) -> None:
    house.cases.records[CASE_ID] = record()


@pytest.fixture
def other(house: FakeHouse) -> FakeTicketing:
    """A second ticketing system beside the first."""
    made = FakeTicketing()
    made.name, made.ticket_id = "others", "SOC-1"
    house.providers.ticketing.append(made)
    return made


@pytest.mark.parametrize("phase", ["opened", "decision_needed", "completed"])
async def test_one_ticket_per_case(house: FakeHouse, phase: str) -> None:
    found = await call(open_ticket, phase=phase)
    assert found["ticket_id"] == "INC0010001"
    assert found["url"] == "https://itsm.example/INC0010001"
    assert found["missing"] == {}
    [ticket] = house.ticketing.tickets
    assert ticket.correlation_id == CASE_ID, "what makes a second call the same ticket"
    assert ticket.severity == "High"


async def test_a_ticket_brings_the_reports_link_and_never_the_decisions(
    house: FakeHouse, configure: Callable[..., None]
) -> None:
    """The record keeps neither: who may read it must not be able to decide by it."""
    configure(link_signing_key="secret", public_url="https://soc.example")
    asked = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}
    waits = {"status": "awaiting_decision", "asked": asked}
    house.cases.records[CASE_ID] |= waits | {"sla": {"received_at": "2026-11-20T11:59:00Z"}}
    for _again in range(2):
        await call(open_ticket, phase="decision_needed")
    first, second = house.ticketing.tickets
    assert f"https://soc.example/api/cases/{CASE_ID}/report?token=" in first.description
    assert "/decision?token=" not in first.description + first.work_note
    assert first == second, "written again it is the same"


async def test_an_itsm_that_is_down_is_tried_again_and_one_that_refuses_is_said(
    house: FakeHouse,
) -> None:
    house.ticketing.failing["upsert"] = DOWN
    with pytest.raises(RetryableError):
        await call(open_ticket, phase="opened")
    house.ticketing.failing["upsert"] = REFUSED
    found = await call(open_ticket, phase="opened")
    assert found["ticket_id"] is None and "403" in found["error"]
    house.providers.ticketing.clear()
    found = await call(open_ticket, phase="opened")
    assert found["error"] == "no ticketing system is configured"


async def test_every_system_gets_the_ticket_and_the_first_is_the_case_s(
    house: FakeHouse, other: FakeTicketing
) -> None:
    found = await call(open_ticket, phase="opened")
    assert found["ticket_id"] == "INC0010001"
    assert [one["ticket_id"] for one in found["tickets"]] == ["INC0010001", "SOC-1"]
    assert house.ticketing.tickets == other.tickets


@pytest.mark.parametrize("error", [DOWN, REFUSED])
async def test_one_system_that_fails_costs_the_other_nothing(
    house: FakeHouse, other: FakeTicketing, error: Exception
) -> None:
    house.ticketing.failing["upsert"] = error
    found = await call(open_ticket, phase="opened")
    assert found["ticket_id"] == "SOC-1"
    assert list(found["missing"]) == ["tickets"] and "vendor" in found["missing"]["tickets"]


async def test_when_all_fail_and_one_may_work_later_all_are_tried_again(
    house: FakeHouse, other: FakeTicketing
) -> None:
    house.ticketing.failing["upsert"], other.failing["upsert"] = REFUSED, DOWN
    with pytest.raises(RetryableError):
        await call(open_ticket, phase="opened")
    other.failing["upsert"] = REFUSED
    found = await call(open_ticket, phase="opened")
    assert found["ticket_id"] is None and found["error"].count("HTTP 403") == 4


async def test_a_system_is_told_the_id_that_it_gave(house: FakeHouse, other: FakeTicketing) -> None:
    known = record()
    tickets = [
        {"system": "others", "ticket_id": "SOC-1", "url": None, "own_id": "10002"},
        {"system": "tickets", "ticket_id": "INC0010001", "url": None, "own_id": None},
    ]
    told = {"ticket": {"ticket_id": "INC0010001", "tickets": tickets}, "channels": {}}
    known["blocks"][BlockName.NOTIFICATION] = notification_block(told, NOW, NOW)
    house.cases.records[CASE_ID] = known
    await call(open_ticket, phase="completed")
    assert [ticket.known for ticket in other.tickets] == [{"others": "10002"}]


async def test_a_note_that_opens_nothing_says_so_to_the_system(house: FakeHouse) -> None:
    house.ticketing.is_there = False
    told = await call(open_ticket, phase="campaign", must_exist=True)
    assert told["ticket_id"] is None and not house.ticketing.tickets
    await call(open_ticket, phase="completed")
    assert [ticket.must_exist for ticket in house.ticketing.tickets] == [False]


async def test_a_system_that_has_no_ticket_for_such_a_case_is_not_missing(
    house: FakeHouse, other: FakeTicketing
) -> None:
    other.failing["upsert"] = NotSupported("not from Sentinel", vendor="sentinel")
    found = await call(open_ticket, phase="opened")
    assert found["missing"] == {} and len(found["tickets"]) == 1
    house.providers.ticketing.remove(house.ticketing)
    found = await call(open_ticket, phase="opened")
    assert found["ticket_id"] is None and "not from Sentinel" in found["error"]
