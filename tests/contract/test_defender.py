import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import NotFound, PermissionDenied, RetryableError, Throttled
from shared.models.device import Device, DeviceAction, DeviceActionState
from shared.providers.defender import Defender
from shared.settings import Settings
from tests.contract.processes import Lab, eventually

LAPTOP = "8f2c6b1d4e7a90c35d18f6b2a4e9c7d01b3f5a68"
MAC = "1111111111111111111111111111111111111111"
COMMENT = "Tourniquet case-0123456789abcdef01234567 contain-1"


def machine(machine_id: str = LAPTOP, **changes: Any) -> dict[str, Any]:
    user = {
        "id": "contoso\\dana.rivers",
        "accountName": "dana.rivers",
        "accountDomain": "contoso",
        "lastSeen": "2026-11-20T11:59:00Z",
        "logonTypes": "Interactive, Network",
        "isOnlyNetworkUser": False,
    }
    return {
        "id": machine_id,
        "computerDnsName": "lt-drivers.contoso.example",
        "osPlatform": "Windows11",
        "healthStatus": "Active",
        "deviceValue": "Normal",
        "logonUsers": [user],
    } | changes


@pytest.fixture
def defender(lab: Lab, settings: Settings) -> Defender:
    lab.tenant(devices=[machine(), machine(MAC, osPlatform="macOS", computerDnsName="mac-1")])
    return Defender(settings)


async def device_of(defender: Defender, device_id: str = LAPTOP) -> Device:
    return next(one for one in await defender.list_devices("dana.rivers") if one.id == device_id)


async def finished(defender: Defender, action: DeviceAction) -> DeviceAction:
    return await eventually(
        lambda: defender.get_action(action.id), lambda one: not one.state.under_way
    )


async def test_an_accounts_devices_come_with_who_was_on_them(lab: Lab, defender: Defender) -> None:
    found = await defender.list_devices("dana.rivers@contoso.example")
    assert [one.name for one in found] == ["lt-drivers.contoso.example", "mac-1"]
    [logon] = found[0].logons or []
    assert (logon.account, logon.kinds) == ("dana.rivers", ["Interactive", "Network"])
    assert logon.domain == "contoso"
    assert (found[0].platform, found[0].health, found[0].value) == ("Windows11", "Active", "Normal")
    assert not [line for line in lab.ledger("defender") if "violation" in line]


async def test_an_unknown_account_has_no_devices(defender: Defender) -> None:
    assert await defender.list_devices("nobody@contoso.example") == []


async def test_a_scan_is_quick_and_ends(lab: Lab, defender: Defender) -> None:
    action = await defender.scan(await device_of(defender), comment=COMMENT)
    assert action.state is DeviceActionState.PENDING
    assert (await finished(defender, action)).state is DeviceActionState.SUCCEEDED
    [order] = [line for line in lab.ledger("defender") if line["effect"]]
    assert order["body"] == {"Comment": COMMENT, "ScanType": "Quick"}
    assert "violation" not in order


async def test_a_second_order_is_the_one_that_is_under_way(lab: Lab, defender: Defender) -> None:
    device = await device_of(defender)
    first = await defender.isolate(device, comment=COMMENT)
    assert (await defender.isolate(device, comment="another case")).id == first.id
    assert len([line for line in lab.ledger("defender") if line["effect"]]) == 1


async def test_isolation_is_released_again(defender: Defender) -> None:
    device = await device_of(defender)
    await finished(defender, await defender.isolate(device, comment=COMMENT))
    released = await finished(defender, await defender.release(device.id, comment=COMMENT))
    assert released.state is DeviceActionState.SUCCEEDED
    orders = await defender.list_actions(device.id)
    assert [one.kind for one in orders] == ["Unisolate", "Isolate"]
    assert {one.comment for one in orders} == {COMMENT}


async def test_a_release_during_isolation_is_for_later(lab: Lab, defender: Defender) -> None:
    # One that is off hears of nothing: its isolation stays under way, however slow the test.
    lab.tenant(devices=[machine(healthStatus="Inactive")])
    device = await device_of(defender)
    await defender.isolate(device, comment=COMMENT)
    with pytest.raises(RetryableError, match="in progress"):
        await defender.release(device.id, comment=COMMENT)


@pytest.mark.parametrize(
    ("device_id", "asked", "sent"),
    [(LAPTOP, "Full", "Full"), (LAPTOP, "Selective", "Selective"), (MAC, "Selective", "Full")],
)
async def test_isolation_is_as_selective_as_asked_and_possible(
    lab: Lab, make_settings: Callable[..., Settings], device_id: str, asked: str, sent: str
) -> None:
    lab.tenant(devices=[machine(), machine(MAC, osPlatform="macOS")])
    defender = Defender(make_settings(defender_isolation=asked))
    await defender.isolate(await device_of(defender, device_id), comment=COMMENT)
    [order] = [line for line in lab.ledger("defender") if line["effect"]]
    assert order["body"]["IsolationType"] == sent


async def test_an_order_whose_answer_was_lost_is_found_by_its_comment(
    lab: Lab, make_settings: Callable[..., Settings]
) -> None:
    lab.tenant(devices=[machine()])
    defender = Defender(make_settings(call_attempts=3))
    lab.fault("defender", "reset", operation="machines.isolate", when="after", times=1)
    with pytest.raises(RetryableError):
        await defender.isolate(await device_of(defender), comment=COMMENT)
    [order] = await defender.list_actions(LAPTOP)
    assert order.comment == COMMENT
    assert len([line for line in lab.ledger("defender") if line["effect"]]) == 1


async def test_a_device_that_does_not_report_keeps_its_order_pending(
    lab: Lab, settings: Settings
) -> None:
    lab.tenant(devices=[machine(healthStatus="ImpairedCommunication")])
    defender = Defender(settings)
    action = await defender.scan(await device_of(defender), comment=COMMENT)
    await asyncio.sleep(0.5)
    assert (await defender.get_action(action.id)).state is DeviceActionState.PENDING


async def test_an_order_can_fail_on_the_device(lab: Lab, settings: Settings) -> None:
    lab.tenant(devices=[machine(actionsEnd="TimeOut")])
    defender = Defender(settings)
    action = await defender.scan(await device_of(defender), comment=COMMENT)
    assert (await finished(defender, action)).state.lost


async def test_a_missing_permission_is_named(lab: Lab, settings: Settings) -> None:
    lab.tenant(
        devices=[machine()],
        directory={"appPermissionsWithheld": ["Machine.Isolate", "User.Read.All"]},
    )
    defender = Defender(settings)
    device = await device_of(defender)
    assert device.logons is None, "who was on it is unknown, the device is known all the same"
    with pytest.raises(PermissionDenied, match=r"required roles: Machine\.Isolate"):
        await defender.isolate(device, comment=COMMENT)


async def test_throttling_and_an_unknown_order(lab: Lab, defender: Defender) -> None:
    with pytest.raises(NotFound, match="ResourceNotFound"):
        await defender.get_action("5382f7ea-7557-4ab7-9782-d50480024a4e")
    lab.fault("defender", "status", value=429, retry_after=600)
    with pytest.raises(Throttled):
        await defender.list_devices("dana.rivers")
