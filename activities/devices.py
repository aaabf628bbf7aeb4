"""The account's devices: scan, isolate, release, and how far the orders are.

A claim in the case store comes before each effect: one for the set of devices that an action
takes, which a redelivered activity then takes again, and one for each device. Every order carries
a comment that names case and attempt, so that a redelivered activity finds what the first try
ordered and orders it no second time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from durabletask import task

from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, PermanentError, RetryableError, TourniquetError
from shared.models.base import Json, parse_utc
from shared.models.device import (
    Device,
    DeviceAction,
    DeviceActionKind,
    DeviceActionState,
)
from shared.models.outcome import ActionOutcome, ActionStatus
from shared.models.plan import ActionName
from shared.playbook.acting.devices import (
    DeviceChoice,
    DeviceResult,
    choose_devices,
    describe,
    is_isolated,
)
from shared.ports import Endpoint
from shared.settings import get_settings

_log = logging.getLogger("tourniquet.activities")

type Order = Callable[[Endpoint, Device, str], Awaitable[DeviceAction]]


async def scan_devices(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Order a quick antivirus scan of the devices that the account used lately.

    Input: ``{"case_id", "account", "object_id", "directory", "attempt", "now", "last"}``; output:
    ``{"outcome": ActionOutcome, "results": [DeviceResult], "left_out": {device: why}}``. With
    ``last`` there is no further try: a device that may work later is ``failed`` among the others'
    results. As the app runs it, a break-glass account's devices are refused (``break_glass``).

    Effect: each device scans itself as soon as it hears of it.
    Idempotency: claimed for each device; an order of this attempt, or one under way, counts.
    Permission: Machine.Scan, Machine.ReadWrite.All and User.Read.All of WindowsDefenderATP.
    """

    async def order(endpoint: Endpoint, device: Device, comment: str) -> DeviceAction:
        return await endpoint.scan(device, comment=comment)

    return await _act(ActionName.SCAN_DEVICE, DeviceActionKind.SCAN, payload, order)


async def isolate_devices(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Order that the devices the account used lately talk to nobody but Defender.

    Input and output as ``scan_devices``; ``undo`` names the devices that were not isolated before.

    Effect: each device is cut off the network as soon as it hears of it. Undo: release.
    Idempotency: claimed for each device; not done when the device is isolated already.
    Permission: Machine.Isolate, Machine.ReadWrite.All and User.Read.All of WindowsDefenderATP.
    """

    async def order(endpoint: Endpoint, device: Device, comment: str) -> DeviceAction:
        return await endpoint.isolate(device, comment=comment)

    return await _act(ActionName.ISOLATE_DEVICE, DeviceActionKind.ISOLATE, payload, order)


async def verify_devices(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask how far the orders are.

    Input: ``{"case_id", "outcome", "results", "left_out"}`` as ``scan_devices`` gave it; output:
    ``{"outcome", "results"}`` brought up to date.

    Effect: none, reads only.
    Idempotency: a read.
    Permission: Machine.ReadWrite.All of WindowsDefenderATP.
    """
    endpoint = get_providers().require("endpoint")
    outcome = ActionOutcome.model_validate(payload["outcome"])
    earlier = [DeviceResult.model_validate(item) for item in payload["results"]]
    results = list(await asyncio.gather(*(_seen(endpoint, one) for one in earlier)))
    found = describe(outcome.action, outcome.target, results, payload["left_out"], at=outcome.at)
    return {"outcome": found.to_json(), "results": [one.to_json() for one in results]}


async def release_devices(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """End the isolation of devices: the undo of ``isolate_devices``.

    Input: ``{"case_id", "attempt", "outcome": ActionOutcome, "read_back"}``; with ``read_back`` it
    only looks. Output: ``{"status": "succeeded"|"failed", "verified", "detail"}``.

    Effect: each device talks to the network again as soon as it hears of it.
    Idempotency: not done for a device that is not isolated, or is being released.
    Permission: Machine.Isolate and Machine.ReadWrite.All of WindowsDefenderATP.
    """
    endpoint = get_providers().require("endpoint")
    devices = list((payload["outcome"].get("undo") or {}).get("devices") or [])
    comment = _comment(payload)
    look_only = bool(payload.get("read_back"))

    async def release(device_id: str) -> tuple[bool, str, str]:
        try:
            actions = await endpoint.list_actions(device_id)
            if is_isolated(actions) and not look_only:
                await endpoint.release(device_id, comment=comment)
                actions = await endpoint.list_actions(device_id)
        except PermanentError as error:
            return False, device_id, explain(error)
        name = next((one.device_name for one in actions if one.device_name), device_id)
        return True, name, _release_word(actions)

    done = await asyncio.gather(*map(release, devices))
    return {
        "status": "succeeded" if all(ok for ok, _name, _text in done) else "failed",
        "verified": _all_released([text for ok, _name, text in done if ok], len(done)),
        "detail": "; ".join(f"{name}: {text}" for _ok, name, text in done) or "no device",
    }


_RELEASED = "released"
_STILL_ISOLATED = "still isolated"


def _all_released(texts: list[str], devices: int) -> bool | None:
    if _STILL_ISOLATED in texts:
        return False
    return True if texts == [_RELEASED] * devices else None


def _release_word(actions: list[DeviceAction]) -> str:
    if is_isolated(actions):
        return _STILL_ISOLATED
    latest = next((one for one in actions if one.kind == DeviceActionKind.RELEASE), None)
    if latest is not None and latest.state.under_way:
        return "release ordered, the device has not done it yet"
    return _RELEASED


async def _act(
    action: ActionName, kind: DeviceActionKind, payload: Json, order: Order
) -> dict[str, Any]:
    """Choose and claim the devices, then order for each; a permanent refusal is an outcome."""
    target = payload["account"]
    try:
        endpoint = get_providers().require("endpoint")
        choice = await _choose(endpoint, action, payload)
    except NotConfigured as error:
        detail = f"not automated: do this by hand ({explain(error)})"
        return _nothing(action, target, ActionStatus.SKIPPED, detail)
    except PermanentError as error:
        return _nothing(action, target, ActionStatus.FAILED, explain(error))
    results = await asyncio.gather(
        *(_one(endpoint, action, kind, device, payload, order) for device in choice.chosen),
        return_exceptions=True,
    )
    last = bool(payload.get("last"))
    done = [
        _settled(device, one, last=last) for device, one in zip(choice.chosen, results, strict=True)
    ]
    outcome = describe(action, target, done, choice.left_out, at=utc_now())
    return {
        "outcome": outcome.to_json(),
        "results": [one.to_json() for one in done],
        "left_out": choice.left_out,
    }


def _settled(device: Device, result: DeviceResult | BaseException, *, last: bool) -> DeviceResult:
    """Raise only after every device had its turn: the next delivery finds what was ordered.

    In the last there is none: what became of the others must not be lost with this one.
    """
    if isinstance(result, DeviceResult):
        return result
    if not last or not isinstance(result, TourniquetError):
        raise result
    return DeviceResult(
        device_id=device.id,
        name=device.name,
        state=DeviceActionState.FAILED,
        error=f"{explain(result)}; look whether it was done",
        unsure=True,
    )


async def _choose(endpoint: Endpoint, action: ActionName, payload: Json) -> DeviceChoice:
    """Return the devices to take: those of the first delivery, whatever happened since."""
    try:
        devices = await endpoint.list_devices(payload["account"])
    except RetryableError:
        earlier = await _claimed(payload, str(action)) if payload.get("last") else None
        if earlier is None:
            raise
        return DeviceChoice.model_validate(earlier)
    choice = choose_devices(
        action,
        payload["account"],
        devices,
        now=parse_utc(payload["now"]),
        domains=get_settings().defender_domains,
    )
    earlier = await _claim(payload, str(action), choice.to_json())
    return DeviceChoice.model_validate(earlier) if earlier else choice


async def _one(
    endpoint: Endpoint,
    action: ActionName,
    kind: DeviceActionKind,
    device: Device,
    payload: Json,
    order: Order,
) -> DeviceResult:
    comment = _comment(payload)
    try:
        orders = await endpoint.list_actions(device.id)
        mine = next((one for one in orders if one.kind == kind and one.comment == comment), None)
        isolated = kind is DeviceActionKind.ISOLATE and is_isolated(orders)
        if mine is None and isolated:
            return DeviceResult(
                device_id=device.id,
                name=device.name,
                state=DeviceActionState.SUCCEEDED,
                was_before=True,
            )
        if mine is None:
            await _claim(payload, f"{action}-{device.id}", {"device": device.name})
            mine = await order(endpoint, device, comment)
    except PermanentError as error:
        return DeviceResult(
            device_id=device.id,
            name=device.name,
            state=DeviceActionState.FAILED,
            error=explain(error),
        )
    return DeviceResult(device_id=device.id, name=device.name, action_id=mine.id, state=mine.state)


async def _seen(endpoint: Endpoint, result: DeviceResult) -> DeviceResult:
    if result.action_id is None or not result.state.under_way:
        return result
    action = await endpoint.get_action(result.action_id)
    return result.model_copy(update={"state": action.state})


async def _claim(payload: Json, name: str, facts: Json) -> Json | None:
    """Claim an effect; return the first try's facts, or ``None`` for the first, or unclaimed."""
    try:
        store = get_providers().require("cases")
        return await store.claim(payload["case_id"], f"{payload['attempt']}-{name}", facts)
    except TourniquetError as error:
        _log.warning("%s of %s is not claimed: %s", name, payload["case_id"], explain(error))
        return None


async def _claimed(payload: Json, name: str) -> Json | None:
    try:
        store = get_providers().require("cases")
        return await store.get_claim(payload["case_id"], f"{payload['attempt']}-{name}")
    except TourniquetError as error:
        _log.warning("claim %s of %s is not read: %s", name, payload["case_id"], explain(error))
        return None


def _comment(payload: Json) -> str:
    """Return what every order carries; people see it in Defender's action centre."""
    return f"Tourniquet {payload['case_id']} ({payload['attempt']})"


def _nothing(action: ActionName, target: str, status: ActionStatus, detail: str) -> dict[str, Any]:
    outcome = ActionOutcome(
        action=action, target=target, status=status, detail=detail, at=utc_now()
    )
    return {"outcome": outcome.to_json(), "results": [], "left_out": {}}
