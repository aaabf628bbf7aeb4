"""A named location that a Conditional Access policy blocks, and the addresses in it.

A network firewall keeps an address away from our network; Entra ID is not behind it. A sign-in is
refused from these addresses because a policy blocks the location: location and policy are made at
deployment, at run time only ``ipRanges`` moves. A PATCH replaces ``ipRanges`` as a whole and Graph
has no ETag for it, so nobody else may edit this location, and this app never writes it twice at
the same time. Source: learn.microsoft.com/graph/api/ipnamedlocation-update.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import Field

from shared.errors import NotConfigured, NotSupported, PermanentError
from shared.models.base import Json, VendorModel
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.providers.addresses import Address, parse_address, public_address
from shared.providers.entra.graph import Graph
from shared.providers.entra.models import Nothing
from shared.settings import Settings

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.identity.conditional_access.named_locations.item import (
        named_location_item_request_builder as builders,
    )

NAME = "conditional_access"
KIND = "#microsoft.graph.ipNamedLocation"
MOST_RANGES = 2000
"""Entra's limit of a named location (learn.microsoft.com/entra/identity/conditional-access/
concept-assignment-network)."""
PLACEHOLDER = {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.1/32"}
"""Kept in a location that would otherwise be empty: ``ipRanges`` is required. The address is in
TEST-NET-1 (RFC 5737) and is nobody's."""


class _Location(VendorModel):
    """The part of a named location that is used."""

    kind: str = Field(default="", alias="@odata.type")
    is_trusted: bool | None = Field(default=None, alias="isTrusted")
    ranges: list[Json] = Field(default_factory=list, alias="ipRanges")

    def covering(self, address: Address) -> list[Json]:
        """Return the ranges that contain the address."""
        return [item for item in self.ranges if _contains(item, address)]


class NamedLocation:
    """A ``Firewall``: the addresses of one named location, IPv4 and IPv6."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._graph = Graph(settings)
        self._id = settings.named_location_id

    @cached_property
    def _location_id(self) -> str:
        try:
            return str(UUID(self._id or ""))
        except ValueError as error:
            message = "TOURNIQUET_NAMED_LOCATION_ID is not the id of a named location"
            raise NotConfigured(message, vendor=NAME) from error

    def why_not(self, address: str) -> str | None:
        """Return why the address can never be in it (not a public one), or ``None``."""
        try:
            public_address(address, vendor=NAME)
        except PermanentError as error:
            return str(error.args[0])
        return None

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is in the location.

        ``provisioned`` is what Graph can say: the location has it. Sign-ins are refused at once,
        sessions that a resource keeps may live on for longer, so revoke them.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        location = await self._read()
        present = bool(location.covering(public_address(address, vendor=NAME)))
        return BlockState(
            rule_id=f"namedLocations/{self._location_id}", present=present, provisioned=True
        )

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        """Add and take out addresses by one PATCH, unless the location has it so already.

        Raises:
            NotConfigured: no location is configured.
            NotSupported: the location is trusted, or not made of addresses.
            RetryableError: see ``shared.errors``.
        """
        location = await self._read()
        if location.kind != KIND:
            raise NotSupported("the named location is not one of addresses", vendor=NAME)
        if location.is_trusted:
            message = "the named location is marked as trusted: an attacker's address in it is safe"
            raise NotSupported(message, vendor=NAME)
        ranges, answers = self._changed(location, block, lift)
        if ranges != location.ranges:
            await self._write(ranges)
        return answers

    def _changed(
        self, location: _Location, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> tuple[list[Json], dict[str, BlockAnswer]]:
        answers: dict[str, BlockAnswer] = {}
        ranges = list(location.ranges)
        rule_id = f"namedLocations/{self._location_id}"
        for text in lift:
            address = parse_address(text, vendor=NAME)
            covering = [item for item in ranges if _contains(item, address)]
            wider = [item for item in covering if not _is_single(item)]
            if str(address) != str(ip_network(PLACEHOLDER["cidrAddress"]).network_address):
                ranges = [item for item in ranges if item not in covering or item in wider]
            why = f"also blocked by {wider[0]['cidrAddress']}, not by this app" if wider else None
            answers[text] = BlockAnswer(rule_id=rule_id, refused=why)
        for one in block:
            why = self.why_not(one.address)
            if why is None and not _is_covered(ranges, one.address):
                why = _full(ranges)
            if why is None and not _is_covered(ranges, one.address):
                ranges.append(_range_of(parse_address(one.address, vendor=NAME)))
            answers[one.address] = BlockAnswer(rule_id="" if why else rule_id, refused=why)
        return ranges or [PLACEHOLDER], answers

    def _item(self) -> "builders.NamedLocationItemRequestBuilder":
        locations = self._graph.client.identity.conditional_access.named_locations
        return locations.by_named_location_id(self._location_id)

    async def _read(self) -> _Location:
        return await self._graph.send(
            "namedLocations.get", lambda: self._item().to_get_request_information(), _Location
        )

    async def _write(self, ranges: list[Json]) -> None:
        # Ranges of other kinds go back as they came, so the body is not built from SDK models.
        body = json.dumps({"@odata.type": KIND, "ipRanges": ranges}).encode()

        def build() -> "RequestInformation":
            from kiota_abstractions.method import Method

            request = self._item().to_get_request_information()
            request.http_method = Method.PATCH
            request.set_stream_content(body, "application/json")
            return request

        await self._graph.send("namedLocations.patch", build, Nothing, ok=(200, 204))


def _range_of(address: Address) -> Json:
    if isinstance(address, IPv4Address):
        kind, size = "#microsoft.graph.iPv4CidrRange", 32
    else:
        kind, size = "#microsoft.graph.iPv6CidrRange", 128
    return {"@odata.type": kind, "cidrAddress": f"{address}/{size}"}


def _full(ranges: Sequence[Json]) -> str | None:
    if len(ranges) < MOST_RANGES:
        return None
    return f"the named location is full ({MOST_RANGES} ranges is Entra's limit)"


def _is_covered(ranges: Sequence[Json], address: str) -> bool:
    return any(_contains(item, parse_address(address, vendor=NAME)) for item in ranges)


def _contains(item: Json, address: Address) -> bool:
    try:
        return address in ip_network(str(item.get("cidrAddress", "")), strict=False)
    except ValueError:
        return False


def _is_single(item: Json) -> bool:
    return ip_network(str(item["cidrAddress"]), strict=False).num_addresses == 1
