"""Telling people in one go: what is told, what is to be tried again, and what the record says."""

from typing import Any

import pytest

from activities.telling import tell_people
from shared.errors import NotFound, RetryableError
from shared.models.base import Json
from shared.models.block import BlockName
from tests.support.fake_stores import FakeTicketing
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import record

STARTED = "2026-11-20T12:00:05.000Z"
DOWN = RetryableError("HTTP 503", vendor="vendor", status=503)


@pytest.fixture(autouse=True)
def case(house: FakeHouse) -> None:
    incident = {"source": "sentinel", "incident_id": "/subscriptions/0/incidents/1", "title": "x"}
    house.cases.records[CASE_ID] = record(incident=incident)


async def tell(**more: Any) -> Json:
    return await call(tell_people, phase="opened", **{"started_at": STARTED} | more)


def block(house: FakeHouse) -> Json:
    found: Json = house.cases.records[CASE_ID]["blocks"][BlockName.NOTIFICATION]
    return found


def told(house: FakeHouse) -> list[str]:
    lines = (one["event"] for one in house.cases.records[CASE_ID]["timeline"])
    return [one for one in lines if one.startswith("analysts told")]


async def test_everybody_is_told_and_the_record_says_so(house: FakeHouse) -> None:
    found = await tell()
    assert found["failed"] == []
    assert found["ticket"]["ticket_id"] == "INC0010001"
    assert {*found["channels"]["channels"].values()} == {"sent"}
    assert found["comment"]["key"] == f"{CASE_ID}:opened"
    assert len(house.ticketing.tickets) == len(house.slack.messages) == 1
    assert block(house)["outputs"]["incident_ticket_id"] == "INC0010001"
    assert (block(house)["started_at"], block(house)["finished_at"]) == (STARTED, found["at"])
    assert told(house) == ["analysts told (opened): INC0010001; email, slack"]
    assert house.cases.records[CASE_ID]["sla"]["notified_at"] == found["at"]


async def test_the_same_again_makes_no_second_ticket_and_the_record_stays_true(
    house: FakeHouse,
) -> None:
    first, second = await tell(), await tell()
    assert first["ticket"] == second["ticket"]
    assert block(house)["outputs"]["incident_ticket_id"] == "INC0010001"


@pytest.mark.parametrize("part", ["ticket", "comment"])
async def test_a_part_that_fails_is_named_and_stops_no_other(house: FakeHouse, part: str) -> None:
    vendor = house.ticketing if part == "ticket" else house.siem
    method = "upsert" if part == "ticket" else "comment_on_incident"
    vendor.failing[method] = DOWN
    found = await tell()
    assert (found["failed"], found["at"]) == ([part], None)
    assert part not in found
    assert len(house.slack.messages) == 1
    assert not told(house), "who tries again writes it down"


async def test_a_ticket_that_only_one_system_took_is_left_to_the_case(house: FakeHouse) -> None:
    away = FakeTicketing()
    away.name = "others"
    away.failing["upsert"] = DOWN
    house.providers.ticketing.append(away)
    found = await tell()
    assert (found["failed"], found["at"]) == ([], None)
    assert set(found["ticket"]["missing"]) == {"others"}


async def test_what_the_record_does_not_take_is_left_to_the_case(house: FakeHouse) -> None:
    house.cases.failing["save"] = RetryableError("no answer", vendor="blob", operation="save")
    found = await tell()
    assert (found["failed"], found["at"]) == ([], None)
    assert found["ticket"]["ticket_id"] == "INC0010001"


async def test_a_note_completes_the_block_and_says_what_became_of_a_call(house: FakeHouse) -> None:
    await tell()
    call_of_l2 = {
        "tier": "L2",
        "about": "review",
        "kind": "missed",
        "at": STARTED,
        "why": "nobody has taken the case",
        "channels": None,
        "ticket": None,
    }
    more = {"phase": "sla_missed", "why": "nobody has taken the case", "escalated": call_of_l2}
    found = await call(tell_people, must_exist=True, **more)
    assert found["at"]
    [kept] = house.cases.records[CASE_ID]["sla"]["escalations"]
    assert (kept["ticket"], kept["channels"]) == ("INC0010001", found["channels"]["channels"])
    assert told(house)[-1].startswith("analysts told (sla missed): INC0010001; ")
    assert block(house)["outputs"]["incident_ticket_id"] == "INC0010001"


async def test_a_ticket_that_is_not_there_is_not_opened_by_a_note(house: FakeHouse) -> None:
    house.ticketing.is_there = False
    house.ticketing.failing["upsert"] = NotFound("the case has no ticket", vendor="tickets")
    found = await call(tell_people, phase="closed", why="closed by kim", must_exist=True)
    assert (found["ticket"]["ticket_id"], found["at"]) == (None, None)
    assert house.slack.messages
