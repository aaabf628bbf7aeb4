"""Microsoft Defender for Endpoint: an account's devices, scans, isolation and its end.

A machine action is an order: Defender takes it at once and the device carries it out within
minutes, or when it is next online. Every order carries a comment that names the case, by which an
order whose answer was lost is found again.

Permissions (application, of WindowsDefenderATP): Machine.ReadWrite.All for an account's machines
and the orders, User.Read.All for who was on them, Machine.Scan, Machine.Isolate.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from shared.errors import PermanentError, RetryableError
from shared.models.device import Device, DeviceAction, DeviceActionKind, Logon
from shared.odata import odata_literal
from shared.providers.clouds import DEFENDER, scope
from shared.providers.credentials import bearer
from shared.providers.defender.models import (
    LogonUsers,
    MachineActionAnswer,
    MachineActions,
    MachineAnswer,
    Machines,
)
from shared.providers.http import VendorClient, path
from shared.settings import Settings

VENDOR = "defender"
MOST_MACHINES = 20
"""Machines whose logons are asked for; an account with more is a service, not a person at desks."""
MOST_ACTIONS = 50
"""Latest orders of a machine that are looked at."""
IN_PROGRESS = ("activerequestalreadyexists", "already in progress")
"""Defender's code and words, with HTTP 400, for a second order of a kind that is under way."""
SELECTIVE_PLATFORMS = ("Windows10", "Windows11")
"""Selective isolation needs Windows 10 version 1709 or later (Microsoft Learn, isolate machine)."""


class Defender:
    """The tenant's Defender for Endpoint."""

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _api(self) -> VendorClient:
        url = self._settings.defender_url
        authorize = bearer(scope(DEFENDER, url))
        return VendorClient(VENDOR, url, settings=self._settings, authorize=authorize)

    async def list_devices(self, account: str) -> list[Device]:
        """Return the devices that an account is known on, each with who was on it.

        ``account`` is a principal name or a bare name: Defender asks for the bare name, so devices
        of a namesake of another domain are among them; the logons tell.
        """
        operation = "users.machines.list"
        user = account.partition("@")[0]
        answer = await self._api.request(
            operation, "GET", path("/api/users/{user}/machines", user=user)
        )
        machines = self._api.parse(Machines, answer.body, operation=operation).value
        return list(await asyncio.gather(*map(self._with_logons, machines[:MOST_MACHINES])))

    async def _with_logons(self, machine: MachineAnswer) -> Device:
        try:
            return machine.to_device(await self._logons(machine.id))
        except PermanentError:
            # Who was on it is then unknown, and the device is left to people.
            return machine.to_device(None)

    async def _logons(self, device_id: str) -> list[Logon]:
        operation = "machines.logonusers.list"
        answer = await self._api.request(
            operation, "GET", path("/api/machines/{id}/logonusers", id=device_id)
        )
        users = self._api.parse(LogonUsers, answer.body, operation=operation).value
        return [user.to_logon() for user in users]

    async def scan(self, device: Device, *, comment: str) -> DeviceAction:
        """Order a quick antivirus scan; nobody at the device is disturbed."""
        body = {"Comment": comment, "ScanType": "Quick"}
        return await self._order(
            "machines.runAntiVirusScan", device.id, "runAntiVirusScan", body, DeviceActionKind.SCAN
        )

    async def isolate(self, device: Device, *, comment: str) -> DeviceAction:
        """Order that the device talks to nobody but Defender (and, selectively, Outlook and Teams).

        The setting asks for selective isolation; where the platform has none it is full.
        """
        selective = (
            self._settings.defender_isolation == "Selective"
            and device.platform in SELECTIVE_PLATFORMS
        )
        body = {"Comment": comment, "IsolationType": "Selective" if selective else "Full"}
        return await self._order(
            "machines.isolate", device.id, "isolate", body, DeviceActionKind.ISOLATE
        )

    async def release(self, device_id: str, *, comment: str) -> DeviceAction:
        """Order the end of the isolation."""
        body = {"Comment": comment}
        return await self._order(
            "machines.unisolate", device_id, "unisolate", body, DeviceActionKind.RELEASE
        )

    async def _order(
        self,
        operation: str,
        device_id: str,
        verb: str,
        body: dict[str, Any],
        kind: DeviceActionKind,
    ) -> DeviceAction:
        """Send an order; one that is under way already counts as this one."""
        try:
            answer = await self._api.request(
                operation,
                "POST",
                path("/api/machines/{id}/", id=device_id) + verb,
                json=body,
                ok=(HTTPStatus.OK, HTTPStatus.CREATED),
            )
        except PermanentError as error:
            said = str(error).lower()
            if error.status != HTTPStatus.BAD_REQUEST or not any(w in said for w in IN_PROGRESS):
                raise
            return await self._under_way(device_id, kind, operation)
        return self._api.parse(MachineActionAnswer, answer.body, operation=operation).to_action()

    async def _under_way(
        self, device_id: str, kind: DeviceActionKind, operation: str
    ) -> DeviceAction:
        for action in await self.list_actions(device_id):
            if action.kind == kind and action.state.under_way:
                return action
        raise RetryableError(
            "another order of this kind was in progress and is not listed any more",
            vendor=VENDOR,
            operation=operation,
        )

    async def list_actions(self, device_id: str) -> list[DeviceAction]:
        """Return a device's latest orders, newest first; whoever gave them."""
        operation = "machineactions.list"
        answer = await self._api.request(
            operation,
            "GET",
            "/api/machineactions",
            params={"$filter": f"machineId eq {odata_literal(device_id)}", "$top": MOST_ACTIONS},
        )
        found = self._api.parse(MachineActions, answer.body, operation=operation).value
        return _newest_first([one.to_action() for one in found])

    async def get_action(self, action_id: str) -> DeviceAction:
        """Return how far an order is."""
        operation = "machineactions.get"
        answer = await self._api.request(
            operation, "GET", path("/api/machineactions/{id}", id=action_id)
        )
        return self._api.parse(MachineActionAnswer, answer.body, operation=operation).to_action()


def _newest_first(actions: Sequence[DeviceAction]) -> list[DeviceAction]:
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(actions, key=lambda one: one.created_at or oldest, reverse=True)
