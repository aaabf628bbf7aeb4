import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import campaign
from activities.campaign import claim_campaign_note, find_campaign
from shared.bootstrap import set_providers
from shared.errors import RetryableError
from shared.models.base import Json, format_utc
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.campaign import MOST_TOLD, milestones
from shared.playbook.reporting.record import MOST_CAMPAIGN, initial_record
from tests.support.fakes import FakeHouse
from tests.support.scripts import T0, case_payload
from tests.unit.activities.calls import call

ADDRESS = "203.0.113.66"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def case_id(number: int) -> str:
    return f"case-{number:024x}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time; each look moves it on by a millisecond."""
    times = [NOW]

    def now() -> datetime:
        times[0] += timedelta(milliseconds=1)
        return times[0]

    monkeypatch.setattr(campaign, "utc_now", now)
    return times


async def find(number: int, **changes: Any) -> Json:
    given = {
        "case_id": case_id(number),
        "address": ADDRESS,
        "account_id": f"id-{number}",
        "account": f"user{number}@contoso.example",
        "opened_at": T0,
        "confidence": "High",
    }
    return await call(find_campaign, **(given | changes))


def keep(house: FakeHouse, number: int, **changes: Any) -> None:
    record = initial_record(CaseRequest.model_validate(case_payload(case_id=case_id(number))))
    house.cases.records[case_id(number)] = record | changes


async def claim(number: int, by: int, milestone: int = 1) -> Json:
    named = {"case_id": case_id(number), "by": case_id(by), "address": ADDRESS}
    return await call(claim_campaign_note, milestone=milestone, **named)


async def test_the_first_case_finds_nobody(house: FakeHouse) -> None:
    found = await find(1)
    assert found == {"count": 0, "cases": [], "milestone": 0, "tell": [], "page": False}


async def test_the_second_finds_the_first_and_is_to_tell_it(
    house: FakeHouse, clock: list[datetime]
) -> None:
    await find(1)
    found = await find(2, confidence="Medium")
    assert (found["count"], found["milestone"], found["tell"]) == (1, 1, [case_id(1)])
    assert found["cases"] == [
        {
            "case_id": case_id(1),
            "account": "user1@contoso.example",
            "address": ADDRESS,
            "opened_at": T0,
            "confidence": "High",
        }
    ]
    assert not found["page"]


async def test_the_soc_is_told_once_when_the_third_account_is_hit(
    house: FakeHouse, clock: list[datetime]
) -> None:
    pages = [(await find(number))["page"] for number in range(1, 8)]
    assert pages == [False, False, True, False, False, False, False]
    assert (await find(3))["page"], "the same case, delivered again, still is the one"


async def test_the_same_again_finds_the_same(house: FakeHouse, clock: list[datetime]) -> None:
    await find(1)
    first = await find(2)
    assert await find(2) == first
    await find(3)
    assert (await find(2))["count"] == 2, "or more, when more came meanwhile"


async def test_cases_of_one_account_are_no_campaign(
    house: FakeHouse, clock: list[datetime]
) -> None:
    await find(1, account_id="ada")
    await find(2, account_id="key-of-ada", account="ADA@contoso.example")
    again = await find(3, account_id="ada", account="ada@contoso.example")
    assert again["count"] == 0
    other = await find(4)
    assert other["count"] == 2, "named differently, they could be two"
    assert [one["case_id"] for one in other["cases"]] == [case_id(2), case_id(3)]


async def test_another_address_is_another_campaign(house: FakeHouse) -> None:
    await find(1)
    assert (await find(2, address="198.51.100.9"))["count"] == 0


@pytest.mark.parametrize(
    ("other", "count"),
    [("2001:db8:66:1::2", 1), ("2001:db8:66:1:ffff::1", 1), ("2001:db8:66:2::1", 0)],
)
async def test_of_ipv6_the_network_of_a_customer_counts(
    house: FakeHouse, other: str, count: int
) -> None:
    await find(1, address="2001:db8:66:1::1")
    assert (await find(2, address=other))["count"] == count


@pytest.mark.parametrize(("after", "count"), [(timedelta(days=7), 0), (timedelta(days=6.9), 1)])
async def test_a_case_counts_for_seven_days(
    house: FakeHouse, clock: list[datetime], after: timedelta, count: int
) -> None:
    await find(1)
    clock[0] = NOW + after
    assert (await find(2))["count"] == count


async def test_who_is_hit_again_after_others_expired_is_told_again(
    house: FakeHouse, clock: list[datetime]
) -> None:
    """The milestone of one other has been told before, but not to these two."""
    await find(1)
    clock[0] += timedelta(days=6)
    await find(2)
    clock[0] += timedelta(days=2)
    found = await find(3)
    assert (found["count"], found["tell"]) == (1, [case_id(2)])


async def test_a_big_campaign_is_bounded_in_the_answer(
    house: FakeHouse, clock: list[datetime]
) -> None:
    most = next(one for one in milestones(10_000) if one > MOST_TOLD)
    await find(0)
    [hits] = house.campaigns.hits.values()
    for number in range(1, most):
        named = {"case_id": case_id(number), "account_id": str(number), "account": f"a{number}"}
        at = format_utc(NOW + timedelta(seconds=number))
        hits[case_id(number)] = hits[case_id(0)] | named | {"at": at}
    clock[0] += timedelta(hours=1)
    found = await find(most)
    assert found["count"] == most
    assert len(found["cases"]) == MOST_CAMPAIGN and len(found["tell"]) == MOST_TOLD
    assert found["cases"][-1]["case_id"] == found["tell"][-1] == case_id(most - 1)


async def test_a_sweep_that_fails_is_nobodys_loss(house: FakeHouse) -> None:
    house.campaigns.failing["sweep"] = RetryableError("down", vendor="blob")
    assert (await find(1))["count"] == 0


async def test_without_a_store_it_fails_to_be_tried_again(house: FakeHouse) -> None:
    house.campaigns.failing["put_hit"] = RetryableError("down", vendor="blob")
    with pytest.raises(RetryableError):
        await find(1)


async def test_a_note_is_claimed_by_one_and_stays_its(house: FakeHouse) -> None:
    keep(house, 1)
    assert (await claim(1, by=2))["tell"]
    assert not (await claim(1, by=3))["tell"]
    assert (await claim(1, by=2))["tell"], "delivered again"
    assert (await claim(1, by=3, milestone=2))["tell"]


async def test_a_closed_case_is_not_told(house: FakeHouse) -> None:
    keep(house, 1, status="closed")
    assert not (await claim(1, by=2))["tell"]
    keep(house, 1)
    assert (await claim(1, by=3))["tell"], "nobody has claimed it"


async def test_a_ticket_counts_once_the_record_knows_it(house: FakeHouse) -> None:
    keep(house, 1)
    assert not (await claim(1, by=2))["has_ticket"]
    blocks = house.cases.records[case_id(1)]["blocks"]
    blocks[BlockName.NOTIFICATION]["outputs"]["incident_ticket_id"] = "INC0010001"
    assert (await claim(1, by=2))["has_ticket"]


async def test_a_record_that_is_not_there_yet_is_waited_for(house: FakeHouse) -> None:
    with pytest.raises(RetryableError):
        await claim(1, by=2)


type Known = dict[str, int]


async def storm(house: FakeHouse, waves: list[int]) -> tuple[Counter[str], int, Known]:
    """Let accounts be hit in waves of several at once; return each case's notes, the pages, and
    of how many others each case knows in the end.
    """
    notes: Counter[str] = Counter()
    known: Known = {}
    pages, number = 0, 0
    for wave in waves:
        numbers = range(number, number + wave)
        number += wave
        for one in numbers:
            keep(house, one)
        found = await asyncio.gather(*(find(one) for one in numbers))
        for one, links in zip(numbers, found, strict=True):
            pages += links["page"]
            known[case_id(one)] = max(links["count"], known.get(case_id(one), 0))
            for told in links["tell"]:
                answer = await call(
                    claim_campaign_note,
                    case_id=told,
                    by=case_id(one),
                    address=ADDRESS,
                    milestone=links["milestone"],
                )
                notes[told] += answer["tell"]
                if answer["tell"]:
                    known[told] = max(links["count"], known.get(told, 0))
    return notes, pages, known


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=6))
def test_a_storm_costs_few_notes_and_one_page(waves: list[int]) -> None:
    house = FakeHouse()
    set_providers(house.providers)
    try:
        notes, pages, known = asyncio.run(storm(house, waves))
    finally:
        set_providers(None)
    count = sum(waves)
    reached = milestones(count - 1)
    assert pages == (count >= 3)
    assert all(one <= len(reached) for one in notes.values()), "once for each milestone at most"
    assert notes.total() <= 2.5 * sum(reached), "all together a few for each case"
    least = max(reached, default=0)
    assert len(known) == count and all(one >= least for one in known.values()), "nobody is left out"
    assert max(known.values()) == count - 1
