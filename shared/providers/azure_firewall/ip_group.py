"""The IP group as a value: is an address in it, and what it looks like with or without it.

Entries are single addresses, networks in CIDR notation or ranges ``first-last``, IPv4 only
(https://learn.microsoft.com/azure/firewall/ip-groups).
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from pydantic import Field

from shared.models.base import Json, VendorModel
from shared.models.firewall import BlockAnswer

VENDOR = "azure_firewall"
MOST_ADDRESSES = 5000
"""Azure's limit of an IP group."""
FULL = (
    f"the IP group is full ({MOST_ADDRESSES} addresses is Azure's limit): remove old blocks or use "
    "another group"
)
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
        return _covering(self.properties.ip_addresses, address)


def changed(
    group: IpGroup, *, add: Mapping[str, str | None], remove: Sequence[str], rule_id: str
) -> tuple[list[str], dict[str, BlockAnswer]]:
    """Return the group's entries after a change, and an answer for each address.

    An address that an entry covers already is not added again. The placeholder is never taken
    out, and the list is never empty.

    Args:
        group: as it is.
        add: addresses to add, with why the group can never take them or ``None``.
        remove: addresses to take out.
        rule_id: what the answers name.
    """
    entries = list(group.properties.ip_addresses)
    answers: dict[str, BlockAnswer] = {}
    for address in remove:
        covering = _covering(entries, IPv4Address(address))
        single = [entry for entry in covering if _is_single(entry)]
        wider = [entry for entry in covering if entry not in single]
        if address != PLACEHOLDER:
            entries = [entry for entry in entries if entry not in single]
        why = f"also blocked by {wider[0]}, which this app did not add" if wider else None
        answers[address] = BlockAnswer(rule_id=rule_id, refused=why)
    for address, refused in add.items():
        why = refused
        if why is None and not _covering(entries, IPv4Address(address)):
            if len(entries) >= MOST_ADDRESSES:
                why = FULL
            else:
                entries.append(address)
        answers[address] = BlockAnswer(rule_id="" if why else rule_id, refused=why)
    return entries or [PLACEHOLDER], answers


def body_with(document: Json, entries: list[str]) -> Json:
    """Return the document to PUT: as it was read, without read-only parts, with these entries."""
    body = {key: document[key] for key in WRITABLE if key in document}
    kept = {k: v for k, v in document["properties"].items() if k not in FROZEN_PROPERTIES}
    return {**body, "properties": {**kept, "ipAddresses": entries}}


def _covering(entries: Sequence[str], address: IPv4Address) -> list[str]:
    return [entry for entry in entries if _contains(entry, address)]


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
