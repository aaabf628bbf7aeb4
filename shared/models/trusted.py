"""Networks that the organisation itself calls trusted, and whether an address lies in one."""

from pydantic import Field

from shared.models.base import Model, UtcDatetime


class TrustedLocation(Model):
    """One trusted location with its networks."""

    name: str
    networks: list[str] = Field(default_factory=list)
    """CIDR, IPv4 and IPv6."""
    changed_at: UtcDatetime | None = None
    """When it was made or last changed; who adds an address of his own is trusted from then on."""


class TrustedLocations(Model):
    """All trusted locations, as they were at a time."""

    locations: list[TrustedLocation] = Field(default_factory=list)
    read_at: UtcDatetime


class TrustedPlace(Model):
    """The trusted location that an address lies in."""

    name: str
    network: str
    changed_at: UtcDatetime | None = None


class TrustCheck(Model):
    """Whether one address lies in a trusted location, and as of when that is known."""

    place: TrustedPlace | None = None
    """``None``: in none of them."""
    read_at: UtcDatetime
