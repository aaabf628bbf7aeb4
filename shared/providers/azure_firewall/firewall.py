"""Azure Firewall: a deny rule points to an IP group, and this adapter changes the group.

The rule and the group are made at deployment; at run time only ``properties.ipAddresses`` moves.
A change reaches the firewalls after minutes, so nothing here waits: the orchestration asks again
with :meth:`AzureFirewall.get_block` on a durable timer. ARM allows one change at a time, and two
readers of the same ETag cannot both write; whoever is late gets a retryable error.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from http import HTTPStatus
from ipaddress import IPv4Address

from shared.errors import Conflict, NotConfigured, NotSupported, PermanentError, RetryableError
from shared.models.base import Json
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.providers.addresses import public_address
from shared.providers.azure_firewall.ip_group import (
    VENDOR,
    IpGroup,
    body_with,
    changed,
)
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient, path
from shared.settings import Settings

API_VERSION = "2026-03-01"
GROUP_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/(?P<group>[\w.()-]{1,90})"
    r"/providers/Microsoft\.Network/ipGroups/(?P<name>[\w.-]{1,80})",
    re.IGNORECASE,
)
GROUP_PATH = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.Network/ipGroups/{name}"
)


class AzureFirewall:
    """A ``Firewall``: blocks addresses by an IP group that a deny rule uses.

    ``rule_id`` of every answer is the group's resource id.
    """

    name = VENDOR

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> VendorClient:
        arm = self._settings.arm_url
        authorize = bearer(scope(RESOURCE_MANAGER, arm))
        return VendorClient(VENDOR, arm, settings=self._settings, authorize=authorize)

    @cached_property
    def _group_path(self) -> str:
        text = self._settings.firewall_ip_group_id
        if text is None:
            raise NotConfigured("TOURNIQUET_FIREWALL_IP_GROUP_ID is not set", vendor=VENDOR)
        found = GROUP_ID.fullmatch(text.rstrip("/"))
        if found is None:
            raise NotConfigured(
                "TOURNIQUET_FIREWALL_IP_GROUP_ID is not the resource id of an IP group",
                vendor=VENDOR,
            )
        return path(GROUP_PATH, **found.groupdict())

    def why_not(self, address: str) -> str | None:
        """Return why the group can never take the address, or ``None``."""
        try:
            _ipv4(address)
        except PermanentError as error:
            return str(error.args[0])
        return None

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is in the group and the group's change is in force.

        Raises:
            NotConfigured: no group is configured.
            NotSupported: an IPv6 address, or not a public one.
            TourniquetError: see ``shared.errors``.
        """
        target = _ipv4(address)
        group, _ = await self._read()
        return self._state(group, present=bool(group.covering(target)))

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        """Add and take out addresses by one PUT, unless the group has it so already.

        Raises:
            NotConfigured: no group is configured.
            RetryableError: another change is in progress or was faster; try again later.
        """
        group, document = await self._read()
        entries, answers = changed(
            group,
            add={one.address: self.why_not(one.address) for one in block},
            remove=[address for address in lift if self.why_not(address) is None],
            rule_id=self._settings.firewall_ip_group_id or "",
        )
        if entries != group.properties.ip_addresses or group.broken:
            await self._write(group, document, entries)
        return answers

    async def _read(self) -> tuple[IpGroup, Json]:
        operation = "ipGroups.get"
        params = {"api-version": API_VERSION}
        answer = await self._client.request(operation, "GET", self._group_path, params=params)
        return self._client.parse(IpGroup, answer.body, operation=operation), answer.body

    async def _write(self, group: IpGroup, document: Json, entries: list[str]) -> None:
        try:
            await self._client.request(
                "ipGroups.put",
                "PUT",
                self._group_path,
                params={"api-version": API_VERSION},
                json=body_with(document, entries),
                headers={"If-Match": group.etag} if group.etag else {},
                ok=(HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED),
            )
        except Conflict as error:
            raise RetryableError(
                f"another change of the IP group is in progress or was faster: {error}",
                vendor=VENDOR,
                operation="ipGroups.put",
                status=error.status,
            ) from error

    def _state(self, group: IpGroup, *, present: bool) -> BlockState:
        return BlockState(
            rule_id=self._settings.firewall_ip_group_id or "",
            present=present,
            provisioned=group.in_force,
            broken=group.broken,
            detail=f"IP group: {group.properties.provisioning_state or 'state unknown'}",
        )


def _ipv4(address: str) -> IPv4Address:
    parsed = public_address(address, vendor=VENDOR)
    if isinstance(parsed, IPv4Address):
        return parsed
    raise NotSupported("Azure Firewall's IP groups take IPv4 addresses only", vendor=VENDOR)
