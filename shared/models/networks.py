"""Addresses and networks as people write them in a file."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"neither an address nor a network (CIDR): {error}") from error
    return text


type NetworkText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_network)
]
"""``192.0.2.7``, ``192.0.2.0/24``, ``2001:db8::/32``; a network with host bits set is refused."""
