"""Networks of services that very many people share: relays, security gateways, big clouds.

Blocking one of their addresses cuts off strangers, perhaps one's own people, and the attacker is
back with the next address. They are a file with sources and a date, by number of the network.
"""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field

from shared.models.base import Model


class SharedNetwork(Model):
    """One operator's networks."""

    asn: list[Annotated[int, Field(gt=0, lt=2**32)]] = Field(min_length=1)
    """Autonomous system numbers."""
    operator: str = Field(min_length=1)
    what: str = Field(min_length=1)
    """Who comes from there, in words."""
    block: Literal["never", "ask"]
    sources: list[Annotated[str, Field(pattern=r"^https://")]] = Field(min_length=1)


class SharedNetworks(Model):
    """The file."""

    as_of: date
    """When the numbers were last looked at."""
    network: list[SharedNetwork]


@cache
def shared_networks() -> SharedNetworks:
    """Return the file's contents.

    Raises:
        pydantic.ValidationError: the file is wrong.
    """
    text = files("shared.playbook.planning").joinpath("shared_services.toml").read_text("utf-8")
    return SharedNetworks.model_validate(tomllib.loads(text))


def shared_network(asn: int | None) -> SharedNetwork | None:
    """Return whose shared network a number is, or ``None``."""
    return next((one for one in shared_networks().network if asn in one.asn), None)
