import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import NotConfigured, NotFound, RetryableError
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.providers.azure_firewall import AzureFirewall
from shared.providers.azure_firewall.ip_group import PLACEHOLDER
from shared.settings import Settings
from tests.contract.processes import IP_GROUP_DELAY_SECONDS, Lab, eventually

ADDRESS, OTHER = "203.0.113.7", "198.51.100.9"
UNTIL = datetime.now(UTC) + timedelta(hours=24)


def entries(lab: Lab) -> list[str]:
    found: list[str] = lab.state()["ipGroups"][0]["properties"]["ipAddresses"]
    return found


def puts(lab: Lab) -> list[dict[str, object]]:
    return [line for line in lab.ledger("azure_firewall") if line["operation"] == "ipGroups.put"]


def wanted(*addresses: str) -> list[WantedBlock]:
    return [WantedBlock(address=one, until=UNTIL, cases=["case-1"]) for one in addresses]


async def in_force(firewall: AzureFirewall) -> BlockState:
    return await eventually(lambda: firewall.get_block(ADDRESS), lambda one: one.provisioned)


async def test_a_block_returns_at_once_and_is_in_force_later(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    began = time.monotonic()
    answers = await firewall.change(wanted(ADDRESS), [])
    assert answers == {ADDRESS: BlockAnswer(rule_id=settings.firewall_ip_group_id or "")}
    at_once = await firewall.get_block(ADDRESS)
    assert not at_once.provisioned or time.monotonic() - began > IP_GROUP_DELAY_SECONDS
    state = await in_force(firewall)
    assert (state.present, state.provisioned) == (True, True)
    assert entries(lab) == [PLACEHOLDER, ADDRESS]
    (put,) = puts(lab)
    assert put["status"] == 200
    assert "violation" not in put


async def test_many_addresses_come_and_go_in_one_write(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.change(wanted(ADDRESS), [])
    await in_force(firewall)
    many = [f"198.51.100.{number}" for number in range(1, 101)]
    answers = await firewall.change(wanted(*many), [ADDRESS])
    assert {answer.refused for answer in answers.values()} == {None}
    assert entries(lab) == [PLACEHOLDER, *many]
    assert len(puts(lab)) == 2


async def test_blocking_again_changes_nothing(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    for _ in range(2):
        assert (await firewall.change(wanted(ADDRESS), []))[ADDRESS].refused is None
    assert len(puts(lab)) == 1


async def test_an_answer_that_was_lost_does_no_harm(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    firewall = AzureFirewall(make_settings(call_attempts=1))
    lab.fault("azure_firewall", "reset", operation="ipGroups.put", when="after", times=1)
    with pytest.raises(RetryableError):
        await firewall.change(wanted(ADDRESS), [])
    await firewall.change(wanted(ADDRESS), [])
    assert entries(lab) == [PLACEHOLDER, ADDRESS]
    assert len([put for put in puts(lab) if put["effect"]]) == 1


async def test_another_change_in_progress_is_for_later(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.change(wanted(ADDRESS), [])
    with pytest.raises(RetryableError, match="AnotherOperationInProgress") as raised:
        await firewall.change(wanted(OTHER), [])
    assert raised.value.status == 409
    await in_force(firewall)
    await firewall.change(wanted(OTHER), [])
    assert entries(lab) == [PLACEHOLDER, ADDRESS, OTHER]


async def test_of_two_who_read_the_same_group_one_must_come_again(
    lab: Lab, settings: Settings
) -> None:
    first, second = AzureFirewall(settings), AzureFirewall(settings)
    done = await asyncio.gather(
        first.change(wanted(ADDRESS), []),
        second.change(wanted(OTHER), []),
        return_exceptions=True,
    )
    assert sum(isinstance(result, RetryableError) for result in done) == 1
    assert len(entries(lab)) == 2


async def test_lifting_leaves_the_placeholder(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.change(wanted(ADDRESS), [])
    await in_force(firewall)
    await firewall.change([], [ADDRESS])
    assert not (await in_force(firewall)).present
    assert entries(lab) == [PLACEHOLDER]
    await firewall.change([], [ADDRESS])
    assert len(puts(lab)) == 2


@pytest.mark.parametrize("address", ["2001:db8::7", "10.1.2.3", "127.0.0.1"])
async def test_one_address_that_cannot_be_blocked_does_not_stop_the_others(
    lab: Lab, settings: Settings, address: str
) -> None:
    firewall = AzureFirewall(settings)
    assert firewall.why_not(address)
    answers = await firewall.change(wanted(address, ADDRESS), [])
    assert answers[address].refused == firewall.why_not(address)
    assert answers[ADDRESS].refused is None
    assert entries(lab) == [PLACEHOLDER, ADDRESS]


async def test_an_unknown_group_is_not_found(make_settings: Callable[..., Settings]) -> None:
    usual = make_settings().firewall_ip_group_id or ""
    firewall = AzureFirewall(make_settings(firewall_ip_group_id=f"{usual}-other"))
    with pytest.raises(NotFound, match="was not found"):
        await firewall.change(wanted(ADDRESS), [])


async def test_something_else_than_a_group_id_is_refused(
    make_settings: Callable[..., Settings],
) -> None:
    with pytest.raises(NotConfigured, match="not the resource id"):
        await AzureFirewall(make_settings(firewall_ip_group_id="ipg")).get_block(ADDRESS)
