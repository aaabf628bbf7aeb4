import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import RetryableError
from shared.models.firewall import WantedBlock
from shared.providers.block_list import HostedBlockList
from shared.settings import Settings
from tests.contract.processes import eventually

IPV4, IPV6 = "203.0.113.7", "2001:db8::7"


def wanted(address: str, *, seconds: float = 3600) -> WantedBlock:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return WantedBlock(address=address, until=until, cases=["case-1"])


@pytest.fixture
def make_list(
    azurite: str, make_settings: Callable[..., Settings], request: pytest.FixtureRequest
) -> Callable[[], HostedBlockList]:
    """The list in a container of the test's own."""
    name = f"list{abs(hash(request.node.name)) % 10**12}"
    return lambda: HostedBlockList(make_settings(blob_url=azurite, case_container=name))


async def test_a_list_that_was_never_written_is_empty(
    make_list: Callable[[], HostedBlockList],
) -> None:
    assert await make_list().list_addresses() == []


async def test_addresses_come_and_go(make_list: Callable[[], HostedBlockList]) -> None:
    hosted = make_list()
    answers = await hosted.change([wanted(IPV6), wanted(IPV4), wanted("198.51.100.9")], [])
    assert {answer.refused for answer in answers.values()} == {None}
    assert await hosted.list_addresses() == ["198.51.100.9", IPV4, IPV6]
    await hosted.change([], [IPV4])
    assert await make_list().list_addresses() == ["198.51.100.9", IPV6]
    assert not (await hosted.get_block(IPV4)).present
    assert (await hosted.get_block(IPV6)).present


async def test_what_is_over_is_not_served_although_nobody_lifted_it(
    make_list: Callable[[], HostedBlockList],
) -> None:
    hosted, until = make_list(), time.time() + 2
    await hosted.change([wanted(IPV4, seconds=2), wanted(IPV6)], [])
    assert IPV4 in await hosted.list_addresses() or time.time() > until
    await eventually(hosted.list_addresses, lambda served: served == [IPV6])
    assert not (await hosted.get_block(IPV4)).present


async def test_of_two_who_read_the_same_list_one_must_come_again(
    make_list: Callable[[], HostedBlockList],
) -> None:
    await make_list().change([wanted("198.51.100.9")], [])
    first, second = make_list(), make_list()
    done = await asyncio.gather(
        first.change([wanted(IPV4)], []),
        second.change([wanted(IPV6)], []),
        return_exceptions=True,
    )
    late = [result for result in done if isinstance(result, RetryableError)]
    assert len(await first.list_addresses()) == 3 - len(late), "nothing is lost in silence"


async def test_an_internal_address_is_refused(make_list: Callable[[], HostedBlockList]) -> None:
    hosted = make_list()
    answers = await hosted.change([wanted("10.1.2.3"), wanted(IPV4)], [])
    assert answers["10.1.2.3"].refused
    assert await hosted.list_addresses() == [IPV4]
