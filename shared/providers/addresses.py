"""Which addresses may be named to the outside world.

An internal address tells a stranger how the network is built and means nothing to them, so it is
never sent to a vendor. Documentation ranges (RFC 5737, RFC 3849) belong to nobody and are let
through: they are what examples, exercises and replays are made of.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from shared.errors import NotSupported, PermanentError

type Address = IPv4Address | IPv6Address

DOCUMENTATION = tuple(
    ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
GLOBAL_UNICAST = ip_network("2000::/3")
"""Where the IPv6 internet lies; Python counts some obsolete forms outside of it as global."""


def parse_address(text: str, *, vendor: str) -> Address:
    """Return the address; an IPv4 address written as IPv6 (``::ffff:1.2.3.4``) is unwrapped.

    Raises:
        PermanentError: the text is not one IP address.
    """
    try:
        address = ip_address(text.strip())
    except ValueError as error:
        raise PermanentError("not an IP address", vendor=vendor) from error
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def public_address(text: str, *, vendor: str) -> Address:
    """Return the address if it may be sent to a vendor or put on a firewall.

    Raises:
        NotSupported: private, shared (RFC 6598), loopback, link-local, multicast or reserved.
        PermanentError: the text is not one IP address.
    """
    address = parse_address(text, vendor=vendor)
    public = address.is_global and not address.is_multicast
    public = public and (address.version == 4 or address in GLOBAL_UNICAST)
    if public or any(address in network for network in DOCUMENTATION):
        return address
    raise NotSupported("the address is not a public one", vendor=vendor)
