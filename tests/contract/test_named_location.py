import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import NotConfigured, NotFound, NotSupported, RetryableError
from shared.models.firewall import WantedBlock
from shared.providers.conditional_access import NamedLocation
from shared.providers.conditional_access.location import MOST_RANGES, PLACEHOLDER
from shared.settings import Settings
from tests.contract.processes import Lab

LOCATION = "2b6c8a14-5f0e-4a41-9a52-8d8f3a1c9b77"
IPV4, IPV6 = "203.0.113.7", "2001:db8::7"
UNTIL = datetime.now(UTC) + timedelta(hours=24)


def wanted(*addresses: str) -> list[WantedBlock]:
    return [WantedBlock(address=one, until=UNTIL) for one in addresses]


def cidr(text: str) -> dict[str, str]:
    version = "6" if ":" in text else "4"
    return {"@odata.type": f"#microsoft.graph.iPv{version}CidrRange", "cidrAddress": text}


@pytest.fixture
def location(lab: Lab) -> Callable[..., None]:
    """Make the named location: ``location("192.0.2.1/32", isTrusted=True)``."""

    def make(*ranges: str, **more: Any) -> None:
        item = {"id": LOCATION, "displayName": "blocked", "ipRanges": [cidr(r) for r in ranges]}
        lab.tenant(directory={"users": [], "namedLocations": [item | more]})

    make(PLACEHOLDER["cidrAddress"])
    return make


@pytest.fixture
def named(make_settings: Callable[..., Settings]) -> NamedLocation:
    return NamedLocation(make_settings(named_location_id=LOCATION, call_attempts=1))


def ranges(lab: Lab) -> list[str]:
    [found] = lab.state()["directory"]["namedLocations"]
    return [item["cidrAddress"] for item in found["ipRanges"]]


def patches(lab: Lab) -> list[dict[str, Any]]:
    return [line for line in lab.ledger("entra") if line["operation"] == "namedLocations.patch"]


async def test_addresses_of_both_kinds_come_and_go_in_one_write(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    await named.change(wanted("198.51.100.9"), [])
    answers = await named.change(wanted(IPV4, IPV6), ["198.51.100.9"])
    assert {answer.refused for answer in answers.values()} == {None}
    assert answers[IPV4].rule_id == f"namedLocations/{LOCATION}"
    assert ranges(lab) == ["192.0.2.1/32", f"{IPV4}/32", f"{IPV6}/128"]
    assert [line["status"] for line in patches(lab)] == [204, 204]
    assert not any("violation" in line for line in lab.ledger("entra"))
    for address in (IPV4, IPV6):
        state = await named.get_block(address)
        assert (state.present, state.provisioned) == (True, True)
    assert not (await named.get_block("198.51.100.9")).present


async def test_what_is_there_is_not_written_again(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    for _ in range(2):
        await named.change(wanted(IPV4), ["198.51.100.9"])
    assert len(patches(lab)) == 1


async def test_an_answer_that_was_lost_does_no_harm(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    lab.fault("entra", "reset", operation="namedLocations.patch", when="after", times=1)
    with pytest.raises(RetryableError):
        await named.change(wanted(IPV4), [])
    await named.change(wanted(IPV4), [])
    assert len([line for line in patches(lab) if line["effect"]]) == 1


async def test_a_location_is_never_left_empty(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    location(f"{IPV4}/32")
    await named.change([], [IPV4])
    assert ranges(lab) == [PLACEHOLDER["cidrAddress"]]


async def test_a_network_of_somebody_else_stays(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    location("203.0.113.0/24")
    answers = await named.change(wanted("203.0.113.8"), [IPV4])
    assert "203.0.113.0/24" in str(answers[IPV4].refused)
    assert answers["203.0.113.8"].refused is None, "the network covers it"
    assert ranges(lab) == ["203.0.113.0/24"]


async def test_a_full_location_says_so(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    location(*(f"198.18.{n // 256}.{n % 256}/32" for n in range(MOST_RANGES - 1)))
    answers = await named.change(wanted(IPV4, IPV6), [])
    assert answers[IPV4].refused is None
    assert "full" in str(answers[IPV6].refused)
    assert len(ranges(lab)) == MOST_RANGES


async def test_an_attackers_address_is_never_put_among_trusted_ones(
    lab: Lab, location: Callable[..., None], named: NamedLocation
) -> None:
    location("192.0.2.1/32", isTrusted=True)
    with pytest.raises(NotSupported, match="trusted"):
        await named.change(wanted(IPV4), [])
    assert patches(lab) == []


async def test_a_location_that_is_not_there(lab: Lab, named: NamedLocation) -> None:
    with pytest.raises(NotFound):
        await named.get_block(IPV4)


async def test_something_else_than_an_id_is_refused(
    make_settings: Callable[..., Settings],
) -> None:
    with pytest.raises(NotConfigured):
        await NamedLocation(make_settings(named_location_id="blocked")).get_block(IPV4)


async def test_two_writers_would_lose_one_change(
    lab: Lab, location: Callable[..., None], make_settings: Callable[..., Settings]
) -> None:
    """Graph has no ETag here: this is why the app never writes a location twice at once."""
    lab.fault("entra", "latency", value=0.5, operation="namedLocations.patch", times=2)
    settings = make_settings(named_location_id=LOCATION)
    first, second = NamedLocation(settings), NamedLocation(settings)
    await asyncio.gather(first.change(wanted(IPV4), []), second.change(wanted(IPV6), []))
    assert len(ranges(lab)) == 2
