"""Orders to devices: once, claimed, found again, and taken back."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.devices import isolate_devices, release_devices, scan_devices, verify_devices
from shared.errors import PermissionDenied, RetryableError
from shared.models.device import DeviceActionKind, DeviceActionState
from tests.support.fake_endpoint import FakeEndpoint, device, logon
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, Activity, call

ASKED = {"account": "ada.lind@contoso.example", "attempt": "devices-1", "now": "2026-11-20T12:00Z"}
ORDERS: list[tuple[Activity, str]] = [(scan_devices, "scan"), (isolate_devices, "isolate")]


@pytest.fixture
def endpoint(house: FakeHouse) -> FakeEndpoint:
    fake = FakeEndpoint()
    house.providers.endpoint = fake
    return fake


@pytest.mark.parametrize(("activity", "verb"), ORDERS)
async def test_each_device_gets_one_order_however_often_it_is_delivered(
    endpoint: FakeEndpoint, activity: Activity, verb: str
) -> None:
    endpoint.devices = [device(1), device(2, logon(hours=3))]
    first = await call(activity, **ASKED)
    endpoint.devices = [device(3)]
    again = await call(activity, **ASKED)
    assert [one for one in endpoint.calls if one.startswith(verb)] == [
        f"{verb} lt-1",
        f"{verb} lt-2",
    ]
    assert [one["name"] for one in again["results"]] == ["lt-1", "lt-2"]
    assert first["outcome"]["status"] == again["outcome"]["status"] == "succeeded"
    assert first["outcome"]["undo"] == again["outcome"]["undo"]


async def test_every_order_and_claim_names_case_and_attempt(
    house: FakeHouse, endpoint: FakeEndpoint
) -> None:
    await call(isolate_devices, **ASKED)
    [order] = endpoint.actions
    assert order.comment == f"Tourniquet {CASE_ID} (devices-1)"
    claims = [name for name in house.cases.claims if "IsolateDevice" in str(name)]
    assert len(claims) == 2, "one for the set of devices, one for the device"


async def test_what_was_isolated_before_is_not_ordered_and_not_undone(
    endpoint: FakeEndpoint,
) -> None:
    endpoint.order(device().id, DeviceActionKind.ISOLATE, "by hand")
    found = await call(isolate_devices, **ASKED)
    assert endpoint.called("isolate lt-1") == 0
    assert found["outcome"]["undo"] is None
    assert "was so before this case" in found["outcome"]["detail"]


async def test_one_device_that_refuses_does_not_stop_the_others(endpoint: FakeEndpoint) -> None:
    endpoint.devices = [device(1), device(2)]
    endpoint.failing["isolate lt-1"] = PermissionDenied("needs Machine.Isolate", vendor="defender")
    found = await call(isolate_devices, **ASKED)
    assert found["outcome"]["status"] == "failed"
    assert "Machine.Isolate" in found["outcome"]["detail"]
    assert found["outcome"]["undo"] == {"devices": [device(2).id]}


async def test_one_device_that_may_work_later_is_tried_again_and_the_others_are_not(
    endpoint: FakeEndpoint,
) -> None:
    endpoint.devices = [device(1), device(2)]
    endpoint.failing["scan lt-1"] = RetryableError("busy", vendor="defender")
    with pytest.raises(RetryableError):
        await call(scan_devices, **ASKED)
    endpoint.failing.clear()
    found = await call(scan_devices, **ASKED)
    assert found["outcome"]["status"] == "succeeded"
    assert (endpoint.called("scan lt-1"), endpoint.called("scan lt-2")) == (2, 1)


async def test_the_last_try_keeps_what_became_of_the_others(endpoint: FakeEndpoint) -> None:
    endpoint.devices = [device(1), device(2)]
    endpoint.failing["isolate lt-1"] = RetryableError("busy", vendor="defender")
    with pytest.raises(RetryableError):
        await call(isolate_devices, **ASKED)
    endpoint.failing["list_devices"] = RetryableError("busy", vendor="defender")
    found = await call(isolate_devices, last=True, **ASKED)
    states = {one["name"]: one["state"] for one in found["results"]}
    assert states == {"lt-1": "Failed", "lt-2": "Succeeded"}
    outcome = found["outcome"]
    assert outcome["status"] == "failed" and "busy" in outcome["detail"]
    assert sorted(outcome["undo"]["devices"]) == [device(1).id, device(2).id], (
        "both may be isolated"
    )


async def test_a_last_try_that_knows_nothing_claims_nothing(endpoint: FakeEndpoint) -> None:
    endpoint.failing["list_devices"] = RetryableError("busy", vendor="defender")
    with pytest.raises(RetryableError):
        await call(scan_devices, last=True, **ASKED)


async def test_a_store_that_is_away_stops_no_order(
    house: FakeHouse, endpoint: FakeEndpoint
) -> None:
    house.cases.failing["claim"] = RetryableError("away", vendor="blob")
    found = await call(scan_devices, **ASKED)
    assert found["outcome"]["status"] == "succeeded"


async def test_the_organisations_own_windows_domains_are_set(
    endpoint: FakeEndpoint, configure: Callable[..., None]
) -> None:
    endpoint.devices = [device(1, logon(domain="CORP"))]
    found = await call(scan_devices, **ASKED)
    assert found["outcome"]["status"] == "skipped"
    assert "CORP\\ada.lind" in found["left_out"]["lt-1"]
    configure(defender_domains="CORP, LAB")
    found = await call(scan_devices, **(ASKED | {"attempt": "devices-2"}))
    assert found["outcome"]["status"] == "succeeded"


async def test_without_an_endpoint_protection_it_is_a_task_for_a_person(house: FakeHouse) -> None:
    found = await call(isolate_devices, **ASKED)
    assert found["outcome"]["status"] == "skipped"
    assert "TOURNIQUET_DEFENDER_ENABLED" in found["outcome"]["detail"]


async def test_a_refusal_to_list_devices_is_a_failed_outcome(endpoint: FakeEndpoint) -> None:
    endpoint.failing["list_devices"] = PermissionDenied("no role", vendor="defender", status=403)
    found = await call(scan_devices, **ASKED)
    assert found["outcome"]["status"] == "failed" and "no role" in found["outcome"]["detail"]


async def test_a_refusal_names_the_permission_and_its_id(endpoint: FakeEndpoint) -> None:
    endpoint.failing["isolate lt-1"] = PermissionDenied(
        "Missing application roles.",
        vendor="defender",
        operation="machines.isolate",
        status=403,
    )
    found = await call(isolate_devices, **ASKED)
    assert found["outcome"]["detail"].endswith(
        "Missing application roles; it needs Machine.Isolate "
        "(id 7e4e1300-e1b9-4102-88ba-f0cb6e6d5974)): lt-1"
    )


@pytest.mark.parametrize(
    ("end", "verified"),
    [
        (DeviceActionState.SUCCEEDED, True),
        (DeviceActionState.IN_PROGRESS, None),
        (DeviceActionState.CANCELLED, False),
    ],
)
async def test_the_devices_say_what_became_of_it(
    endpoint: FakeEndpoint, end: DeviceActionState, verified: bool | None
) -> None:
    found = await call(isolate_devices, **ASKED)
    assert found["outcome"]["verified"] is None
    endpoint.end = end
    seen = await call(verify_devices, **found)
    assert seen["outcome"]["verified"] is verified
    assert seen["outcome"]["at"] == found["outcome"]["at"]


async def released(outcome: Any, **more: Any) -> dict[str, Any]:
    return await call(release_devices, attempt="undo-1", outcome=outcome, **more)


async def test_release_takes_isolation_back_once(endpoint: FakeEndpoint) -> None:
    outcome = (await call(isolate_devices, **ASKED))["outcome"]
    looked = await released(outcome, read_back=True)
    assert (looked["verified"], endpoint.called("release")) == (False, 0)
    assert "still isolated" in looked["detail"]
    first, again = await released(outcome), await released(outcome)
    assert endpoint.called("release") == 1
    assert (first["status"], first["verified"]) == (again["status"], again["verified"])
    assert first["verified"] is True and "released" in first["detail"]


async def test_a_release_that_the_device_has_not_done_is_not_verified(
    endpoint: FakeEndpoint,
) -> None:
    outcome = (await call(isolate_devices, **ASKED))["outcome"]
    await released(outcome)
    endpoint.end = DeviceActionState.PENDING
    assert (await released(outcome))["verified"] is None


async def test_a_refused_release_is_failed(endpoint: FakeEndpoint) -> None:
    outcome = (await call(isolate_devices, **ASKED))["outcome"]
    endpoint.failing["release"] = PermissionDenied("no role", vendor="defender", status=403)
    found = await released(outcome)
    assert found["status"] == "failed" and "no role" in found["detail"]
