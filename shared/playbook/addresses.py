"""Addresses: one spelling for each, and which of them must never be blocked."""

import ipaddress
from collections.abc import Iterable

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CARRIER_NAT = ipaddress.ip_network("100.64.0.0/10")
"""RFC 6598: shared by the customers of a carrier, or a cloud's own inner network."""
_DOCUMENTATION: tuple[Network, ...] = (
    ipaddress.ip_network("192.0.2.0/24"),
    ipaddress.ip_network("198.51.100.0/24"),
    ipaddress.ip_network("203.0.113.0/24"),
    ipaddress.ip_network("2001:db8::/32"),
)
"""RFC 5737 and 3849: nobody's own, so they play the attacker in exercises; treated as public."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address written inside an IPv6 one."""
_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
"""RFC 4291, 2.5.5.2: likewise."""
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""RFC 4291, 2.4, and IANA: where every address of the IPv6 internet lies."""
_NOBODYS: tuple[tuple[Network, str], ...] = (
    (ipaddress.ip_network("192.88.99.0/24"), "a 6to4 relay's address (RFC 7526)"),
    (ipaddress.ip_network("2002::/16"), "a 6to4 address, of a tunnel that others share"),
    (ipaddress.ip_network("2001::/32"), "a Teredo address, of a tunnel that others share"),
    (ipaddress.ip_network("3fff::/20"), "a documentation address (RFC 9637)"),
    (ipaddress.ip_network("168.63.129.16/32"), "Azure's own: name service and health probes"),
)
"""What Python's tables do not know, or call by another name. The last one: learn.microsoft.com/
azure/virtual-network/what-is-ip-address-168-63-129-16; without it virtual machines fall ill."""
_LONGEST = 100


def normalise_address(text: object) -> str | None:
    """Return the one spelling of an IP address, or ``None`` when the text is not one.

    Accepts what logs write: surrounding white space, ``1.2.3.4:443``, ``[2001:db8::1]:443``, a zone
    (``fe80::1%eth0``), ``::ffff:1.2.3.4`` and NAT64 (both become the IPv4 address).
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    address = _parse(_without_port(text.strip().strip("\"'")))
    return str(address) if address else None


def is_public(address: str) -> bool:
    """Whether a normalised address belongs to the outside world (see ``why_never_block``)."""
    return why_never_block(address, ()) is None


def why_never_block(address: str, networks: Iterable[str]) -> str | None:
    """Return why an address must never be blocked, or ``None`` when it may be.

    ``networks`` are the organisation's own addresses and networks (CIDR) from the policy, in any
    spelling that ``normalise_address`` takes; an entry that is neither is ignored here.
    """
    normal = normalise_address(address)
    parsed = _parse(normal) if normal else None
    if parsed is None:
        return "it is not an IP address"
    for text in networks:
        if contains(text, parsed):
            return f"it is the organisation's own ({text.strip()})"
    if any(parsed.version == net.version and parsed in net for net in _DOCUMENTATION):
        return None
    return _why_not_public(parsed)


def contains(network: str, address: Address | str) -> bool:
    """Return whether an address lies in a network (CIDR, or one address); false if it is none.

    IPv4 written as IPv6 is the same address, in the network too.
    """
    parsed = _parse(normalise_address(address) or "") if isinstance(address, str) else address
    found = _network(network)
    return bool(parsed and found and parsed.version == found.version and parsed in found)


def _why_not_public(address: Address) -> str | None:
    for network, what in _NOBODYS:
        if address.version == network.version and address in network:
            return f"it is {what}"
    if address.is_unspecified:
        return "it is the unspecified address"
    if address.is_loopback:
        return "it is a loopback address"
    if address.is_link_local:
        return "it is a link-local address"
    if address.is_multicast:
        return "it is a multicast address"
    if address.version == 4 and address in _CARRIER_NAT:
        return "it is shared by the customers of a carrier (100.64.0.0/10)"
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return "it is a private address"
    if address.is_private:
        return "it is a private address"
    outside = address.version == 6 and address not in _GLOBAL_UNICAST
    if outside or address.is_reserved or not address.is_global:
        return "it is a reserved address"
    return None


def _without_port(text: str) -> str:
    if text.startswith("["):
        inner, bracket, rest = text[1:].partition("]")
        return inner if bracket and (not rest or _is_port(rest)) else text
    if text.count(":") == 1 and "." in text:
        host, _, port = text.partition(":")
        return host if _is_port(":" + port) else text
    return text


def _is_port(text: str) -> bool:
    digits = text[1:]
    return text[:1] == ":" and digits.isascii() and digits.isdecimal() and len(digits) <= 5


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0].strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _network(text: str) -> Network | None:
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        one = normalise_address(text)
        return ipaddress.ip_network(one) if one else None
    if isinstance(found, ipaddress.IPv6Network):
        for inside in (_MAPPED, _NAT64):
            if isinstance(inside, ipaddress.IPv6Network) and found.subnet_of(inside):
                first = int(found.network_address) & 0xFFFF_FFFF
                return ipaddress.IPv4Network((first, found.prefixlen - 96))
    return found
