"""The ``TrustedNetworks`` port: trusted named locations of Entra's Conditional Access.

Everything is read at once and kept for some minutes, because every address of every case asks. The
location that this app fills with attackers' addresses is never one of them, whatever it is marked
as. Countries cannot be trusted. Sources: Graph ``conditionalAccessRoot`` (list namedLocations),
resources ``ipNamedLocation`` and ``namedLocation``; permission ``Policy.Read.All``.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from shared.errors import TourniquetError
from shared.models.base import UtcDatetime, VendorModel
from shared.models.trusted import TrustedLocation, TrustedLocations
from shared.providers.entra.graph import Graph
from shared.providers.loops import PerLoop
from shared.settings import Settings

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

FRESH = timedelta(minutes=5)
"""For so long what was read is not read again."""
USABLE = timedelta(hours=1)
"""For so long it stands in while Graph cannot be read; its age is stated."""
FAILED = timedelta(seconds=30)
"""For so long a failure is not tried again: a case asks for up to twenty addresses at once."""


class _Range(VendorModel):
    """``microsoft.graph.ipRange``: one CIDR, IPv4 or IPv6."""

    cidr: str | None = Field(None, alias="cidrAddress")


class _Location(VendorModel):
    """``microsoft.graph.namedLocation``; countries have neither ranges nor trust."""

    id: str
    name: str | None = Field(None, alias="displayName")
    is_trusted: bool | None = Field(None, alias="isTrusted")
    ranges: list[_Range] = Field(default_factory=list, alias="ipRanges")
    created: UtcDatetime | None = Field(None, alias="createdDateTime")
    modified: UtcDatetime | None = Field(None, alias="modifiedDateTime")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class EntraLocations:
    """Trusted named locations of one tenant."""

    def __init__(
        self, settings: Settings, graph: Graph, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._graph = graph
        self._own = (settings.named_location_id or "").strip().casefold()
        self._now = now
        self._turn = PerLoop(asyncio.Lock)
        self._held: TrustedLocations | None = None
        self._failed: tuple[datetime, TourniquetError] | None = None

    async def list_trusted(self) -> TrustedLocations:
        """Return the trusted locations; ``read_at`` is at most an hour ago.

        Raises:
            TourniquetError: see ``shared.errors``; they cannot be read and were not lately.
        """
        async with self._turn.get():
            if self._held and self._age(self._held.read_at) < FRESH:
                return self._held
            if self._failed and self._age(self._failed[0]) < FAILED:
                return self._held_or(self._failed[1])
            try:
                self._held, self._failed = await self._read(), None
            except TourniquetError as error:
                self._failed = (self._now(), error)
                return self._held_or(error)
            return self._held

    def _held_or(self, error: TourniquetError) -> TrustedLocations:
        if self._held and self._age(self._held.read_at) < USABLE:
            return self._held
        raise error

    def _age(self, at: datetime) -> timedelta:
        return self._now() - at

    async def _read(self) -> TrustedLocations:
        read_at = self._now()

        def build(link: str | None) -> "RequestInformation":
            builder = self._graph.client.identity.conditional_access.named_locations
            return (builder.with_url(link) if link else builder).to_get_request_information()

        found = await self._graph.collect("namedLocations.list", build, _Location)
        return TrustedLocations(
            locations=[
                _trusted(one) for one in found if one.is_trusted and one.id.casefold() != self._own
            ],
            read_at=read_at,
        )


def _trusted(found: _Location) -> TrustedLocation:
    return TrustedLocation(
        name=found.name or found.id,
        networks=[one.cidr for one in found.ranges if one.cidr],
        changed_at=max(filter(None, (found.created, found.modified)), default=None),
    )
