import asyncio
from collections.abc import Callable

import pytest

from shared.errors import NotConfigured, NotFound, NotSupported, RetryableError
from shared.models.message import BlockState
from shared.providers.azure_firewall import AzureFirewall
from shared.providers.azure_firewall.ip_group import PLACEHOLDER
from shared.settings import Settings
from tests.contract.processes import Lab

ADDRESS = "203.0.113.7"


def entries(lab: Lab) -> list[str]:
    found: list[str] = lab.state()["ipGroups"][0]["properties"]["ipAddresses"]
    return found


def puts(lab: Lab) -> list[dict[str, object]]:
    return [line for line in lab.ledger("azure_firewall") if line["operation"] == "ipGroups.put"]


async def in_force(firewall: AzureFirewall) -> BlockState:
    for _ in range(100):
        state = await firewall.get_block(ADDRESS)
        if state.provisioned:
            return state
        await asyncio.sleep(0.05)
    raise AssertionError("never in force")


async def test_block_returns_at_once_and_is_in_force_later(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    asked = await firewall.block(ADDRESS)
    assert (asked.present, asked.provisioned, asked.already_there) == (True, False, False)
    assert asked.rule_id == settings.firewall_ip_group_id
    assert not (await firewall.get_block(ADDRESS)).provisioned
    state = await in_force(firewall)
    assert (state.present, state.provisioned) == (True, True)
    assert entries(lab) == [PLACEHOLDER, ADDRESS]
    (put,) = puts(lab)
    assert put["status"] == 200
    assert "violation" not in put


async def test_blocking_again_changes_nothing(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.block(ADDRESS)
    again = await firewall.block(ADDRESS)
    assert (again.present, again.already_there, again.provisioned) == (True, True, False)
    assert len(puts(lab)) == 1


async def test_an_answer_that_was_lost_does_no_harm(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    firewall = AzureFirewall(make_settings(call_attempts=1))
    lab.fault("azure_firewall", "reset", operation="ipGroups.put", when="after", times=1)
    with pytest.raises(RetryableError):
        await firewall.block(ADDRESS)
    assert (await firewall.block(ADDRESS)).already_there
    assert entries(lab) == [PLACEHOLDER, ADDRESS]


async def test_another_change_in_progress_is_for_later(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.block(ADDRESS)
    with pytest.raises(RetryableError, match="AnotherOperationInProgress") as raised:
        await firewall.block("198.51.100.9")
    assert raised.value.status == 409
    await in_force(firewall)
    assert (await firewall.block("198.51.100.9")).present


async def test_of_two_who_read_the_same_group_one_must_come_again(
    lab: Lab, settings: Settings
) -> None:
    first, second = AzureFirewall(settings), AzureFirewall(settings)
    done = await asyncio.gather(
        first.block(ADDRESS), second.block("198.51.100.9"), return_exceptions=True
    )
    assert sum(isinstance(result, RetryableError) for result in done) == 1
    assert len(entries(lab)) == 2


async def test_unblock_leaves_the_placeholder(lab: Lab, settings: Settings) -> None:
    firewall = AzureFirewall(settings)
    await firewall.block(ADDRESS)
    await in_force(firewall)
    lifted = await firewall.unblock(ADDRESS)
    assert (lifted.present, lifted.provisioned) == (False, False)
    assert not (await in_force(firewall)).present
    assert entries(lab) == [PLACEHOLDER]
    assert not (await firewall.unblock(ADDRESS)).present
    assert len(puts(lab)) == 2


@pytest.mark.parametrize("address", ["2001:db8::7", "10.1.2.3", "127.0.0.1"])
async def test_what_cannot_be_blocked_is_not_asked_for(
    lab: Lab, settings: Settings, address: str
) -> None:
    with pytest.raises(NotSupported):
        await AzureFirewall(settings).block(address)
    assert lab.ledger("azure_firewall") == []


async def test_the_placeholder_stays(settings: Settings) -> None:
    with pytest.raises(NotSupported):
        await AzureFirewall(settings).unblock(PLACEHOLDER)


async def test_an_unknown_group_is_not_found(make_settings: Callable[..., Settings]) -> None:
    usual = make_settings().firewall_ip_group_id or ""
    with pytest.raises(NotFound, match="was not found"):
        await AzureFirewall(make_settings(firewall_ip_group_id=f"{usual}-other")).block(ADDRESS)


async def test_something_else_than_a_group_id_is_refused(
    make_settings: Callable[..., Settings],
) -> None:
    with pytest.raises(NotConfigured, match="not the resource id"):
        await AzureFirewall(make_settings(firewall_ip_group_id="ipg-blocked")).block(ADDRESS)
