"""The look at a case's tickets, before a clock rings."""

from datetime import UTC, datetime

import pytest

from activities.ticket_looks import look_at_tickets
from shared.errors import RetryableError
from shared.models.block import BlockName, BlockStatus
from shared.models.handling import Handled, TicketHandling, TicketKey
from tests.support.fake_stores import FakeTicketing
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import changed_block, record

AT = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)


class Watched(FakeTicketing):
    """A system that says who works on a ticket, or is away."""

    name = "servicenow"

    def __init__(self) -> None:
        super().__init__()
        self.said: TicketHandling | Exception = TicketHandling(state=Handled.NOT)
        self.asked: list[TicketKey] = []

    async def handling(self, key: TicketKey) -> TicketHandling:
        self.asked.append(key)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def watched(house: FakeHouse) -> Watched:
    """A case whose ticket is in a system that can say, and in one that cannot."""
    made = Watched()
    house.providers.ticketing.append(made)
    kept = record(status="monitoring")
    tickets = [
        {"system": "servicenow", "ticket_id": "INC0010001", "url": None, "own_id": None},
        {"system": "tickets", "ticket_id": "T-1", "url": None, "own_id": "7"},
    ]
    kept["blocks"] |= changed_block(BlockName.NOTIFICATION, BlockStatus.COMPLETE, [])
    kept["blocks"][BlockName.NOTIFICATION]["details"] = {"tickets": tickets}
    kept["blocks"][BlockName.NOTIFICATION]["outputs"] = {"incident_ticket_id": "INC0010001"}
    house.cases.records[CASE_ID] = kept
    return made


async def test_who_closed_the_ticket_is_heard(watched: Watched) -> None:
    watched.said = TicketHandling(state=Handled.CLOSED, by="Kim Doe", at=AT)
    heard = (await call(look_at_tickets))["heard"]
    assert (heard["what"], heard["by"]) == ("closed", "Kim Doe in servicenow")
    [key] = watched.asked
    assert (key.correlation_id, key.known) == (CASE_ID, {"tickets": "7"})


async def test_a_system_that_is_away_says_nothing(watched: Watched) -> None:
    watched.said = RetryableError("HTTP 503", vendor="servicenow", status=503)
    assert await call(look_at_tickets) == {"heard": None}


async def test_a_case_without_a_ticket_asks_nobody(house: FakeHouse, watched: Watched) -> None:
    house.cases.records[CASE_ID] = record(blocks={})
    assert await call(look_at_tickets) == {"heard": None}
    assert watched.asked == []


async def test_the_own_ticket_is_that_of_the_cases_number_not_the_first(
    house: FakeHouse, watched: Watched
) -> None:
    watched.said = TicketHandling(state=Handled.CLOSED, by="Kim Doe", at=AT)
    block = house.cases.records[CASE_ID]["blocks"][BlockName.NOTIFICATION]
    block["details"]["tickets"].reverse()
    assert (await call(look_at_tickets))["heard"]["what"] == "closed"
    block["outputs"] = {"incident_ticket_id": "T-1"}
    assert (await call(look_at_tickets))["heard"]["what"] == "reviewed"
