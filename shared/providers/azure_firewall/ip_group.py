"""The IP group as a value: is an address in it, and what it looks like with or without it.

Entries are single addresses, networks in CIDR notation or ranges ``first-last``, IPv4 only
(https://learn.microsoft.com/azure/firewall/ip-groups).
"""

from ipaddress import IPv4Address, IPv4Network

from pydantic import Field

from shared.errors import PermanentError
from shared.models.base import Json, VendorModel

VENDOR = "azure_firewall"
MOST_ADDRESSES = 5000
"""Azure's limit of an IP group."""
PLACEHOLDER = "192.0.2.1"
"""Kept in a group that would otherwise be empty, because Azure skips a rule whose group is empty:
with a deny rule for the group in front of others that is a hole that nobody sees. The address is
in TEST-NET-1 (RFC 5737) and is nobody's."""
WRITABLE = ("id", "location", "tags", "properties")
FROZEN_PROPERTIES = ("provisioningState", "firewalls", "firewallPolicies")


class IpGroupProperties(VendorModel):
    """The part of the properties that is used."""

    provisioning_state: str = Field(default="", alias="provisioningState")
    ip_addresses: list[str] = Field(default_factory=list, alias="ipAddresses")


class IpGroup(VendorModel):
    """An IP group as ARM returns it."""

    id: str = ""
    etag: str | None = None
    properties: IpGroupProperties

    @property
    def in_force(self) -> bool:
        """Whether Azure says that the last change has reached the firewalls."""
        return self.properties.provisioning_state == "Succeeded"

    @property
    def broken(self) -> bool:
        """Whether the last change did not get through and has to be made again."""
        return self.properties.provisioning_state in ("Failed", "Canceled")

    def covering(self, address: IPv4Address) -> list[str]:
        """Return the entries that contain the address; blanks and odd entries contain nothing."""
        return [entry for entry in self.properties.ip_addresses if _contains(entry, address)]


def with_address(group: IpGroup, address: IPv4Address) -> list[str]:
    """Return the group's entries with the address added.

    Raises:
        PermanentError: the group is full.
    """
    entries = group.properties.ip_addresses
    if len(entries) >= MOST_ADDRESSES:
        raise PermanentError(
            f"the IP group is full ({MOST_ADDRESSES} addresses is Azure's limit): "
            "remove old blocks or use another group",
            vendor=VENDOR,
        )
    return [*entries, str(address)]


def without_address(group: IpGroup, address: IPv4Address) -> list[str]:
    """Return the group's entries without the address, never an empty list.

    Raises:
        PermanentError: a wider entry, which somebody else made, blocks the address too.
    """
    single = [entry for entry in group.covering(address) if _is_single(entry)]
    wider = [entry for entry in group.covering(address) if entry not in single]
    if wider:
        raise PermanentError(
            f"the address is also blocked by {wider[0]}, which this app did not add", vendor=VENDOR
        )
    return [e for e in group.properties.ip_addresses if e not in single] or [PLACEHOLDER]


def body_with(document: Json, entries: list[str]) -> Json:
    """Return the document to PUT: as it was read, without read-only parts, with these entries."""
    body = {key: document[key] for key in WRITABLE if key in document}
    kept = {k: v for k, v in document["properties"].items() if k not in FROZEN_PROPERTIES}
    return {**body, "properties": {**kept, "ipAddresses": entries}}


def _is_single(entry: str) -> bool:
    return "-" not in entry and entry.partition("/")[2] in ("", "32")


def _contains(entry: str, address: IPv4Address) -> bool:
    first, dash, last = entry.partition("-")
    try:
        if dash:
            return IPv4Address(first.strip()) <= address <= IPv4Address(last.strip())
        return address in IPv4Network(entry.strip(), strict=False)
    except ValueError:
        return False
