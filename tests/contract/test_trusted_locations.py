"""Trusted named locations: read as Graph pages them, kept for some minutes, old ones stand in."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import PermissionDenied, RetryableError
from shared.providers.entra import EntraLocations, Graph
from shared.providers.entra.locations import FAILED, FRESH, USABLE
from shared.settings import Settings
from tests.contract.processes import Lab

OURS = "2b6c8a14-5f0e-4a41-9a52-8d8f3a1c9b77"
OFFICE = "33c0c0de-0000-4000-8000-000000000001"
CHANGED = "2026-01-05T08:00:00Z"


def cidr(text: str) -> dict[str, str]:
    version = "6" if ":" in text else "4"
    return {"@odata.type": f"#microsoft.graph.iPv{version}CidrRange", "cidrAddress": text}


def location(name: str, *ranges: str, **more: Any) -> dict[str, Any]:
    item = {"displayName": name, "isTrusted": True, "ipRanges": [cidr(one) for one in ranges]}
    return item | more


COUNTRIES = {
    "@odata.type": "#microsoft.graph.countryNamedLocation",
    "displayName": "Home countries",
    "countriesAndRegions": ["DE"],
    "includeUnknownCountriesAndRegions": False,
}


class Clock:
    """The time as the provider sees it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, time: timedelta) -> None:
        self.now += time + timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def locations(make_settings: Callable[..., Settings], clock: Clock) -> EntraLocations:
    settings = make_settings(named_location_id=OURS.upper(), call_attempts=1)
    return EntraLocations(settings, Graph(settings), clock)


def keep(lab: Lab, *items: dict[str, Any]) -> None:
    lab.tenant(directory={"users": [], "namedLocations": list(items)})


def asked(lab: Lab) -> int:
    return sum(line["operation"] == "namedLocations.list" for line in lab.ledger("entra"))


async def names(locations: EntraLocations) -> list[str]:
    return [one.name for one in (await locations.list_trusted()).locations]


async def test_only_what_is_trusted_and_not_the_locations_that_are_ours(
    lab: Lab, locations: EntraLocations
) -> None:
    keep(
        lab,
        location("Office", "198.51.100.0/28", "2001:db8:10::/48", id=OFFICE)
        | {"createdDateTime": "2025-01-01T08:00:00Z", "modifiedDateTime": CHANGED},
        location("Watched", "203.0.113.0/24", isTrusted=False),
        location("Blocked by Tourniquet", "203.0.113.66/32", id=OURS),
        COUNTRIES,
    )
    found = await locations.list_trusted()
    [office] = found.locations
    assert (office.name, office.networks) == ("Office", ["198.51.100.0/28", "2001:db8:10::/48"])
    assert office.changed_at == datetime.fromisoformat(CHANGED)
    assert not any("violation" in line for line in lab.ledger("entra"))


async def test_every_page_is_read(lab: Lab, locations: EntraLocations) -> None:
    keep(lab, *(location(f"Branch {number}", f"198.51.{number}.0/24") for number in range(150)))
    assert len(await names(locations)) == 150
    assert asked(lab) == 2


async def test_many_questions_at_once_are_one(
    lab: Lab, locations: EntraLocations, clock: Clock
) -> None:
    keep(lab, location("Office", "198.51.100.0/28"))
    every = await asyncio.gather(*(names(locations) for _ in range(20)))
    assert every == [["Office"]] * 20
    assert asked(lab) == 1
    keep(lab, location("Moved", "198.51.100.0/28"))
    assert await names(locations) == ["Office"]
    clock.on(FRESH)
    assert await names(locations) == ["Moved"]


async def test_while_graph_is_down_the_last_answer_stands_in_for_an_hour(
    lab: Lab, locations: EntraLocations, clock: Clock
) -> None:
    keep(lab, location("Office", "198.51.100.0/28"))
    read_at = (await locations.list_trusted()).read_at
    lab.fault("entra", "status", value=503)
    clock.on(FRESH)
    assert (await locations.list_trusted()).read_at == read_at
    clock.on(USABLE)
    with pytest.raises(RetryableError):
        await locations.list_trusted()


async def test_a_refusal_is_not_asked_for_again_at_once(
    lab: Lab, locations: EntraLocations, clock: Clock
) -> None:
    keep(lab, location("Office", "198.51.100.0/28"))
    lab.fault("entra", "status", value=403)
    answers = await asyncio.gather(
        *(locations.list_trusted() for _ in range(20)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {PermissionDenied}
    assert asked(lab) == 1
    lab.call("PUT", "faults", [])
    clock.on(FAILED)
    assert await names(locations) == ["Office"]
