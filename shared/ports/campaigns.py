"""Port of what is known about addresses that attack: which cases each of them hit lately."""

from datetime import datetime
from typing import Protocol

from shared.models.base import Json


class Campaigns(Protocol):
    """Which cases an address hit. Keys are ``campaign_key``'s; ``at`` is the caller's clock.

    What is kept is bounded: it is thrown away some time after it counts no longer.
    """

    async def put_hit(self, key: str, hit: Json, *, at: datetime) -> None:
        """Register a case (``Hit``) under its address; the same case again changes nothing."""
        ...

    async def list_hits(self, key: str, *, at: datetime) -> list[Json]:
        """Return the hits of at least the last 7 days, a bounded number of them."""
        ...

    async def claim(self, key: str, name: str, case_id: str, *, at: datetime) -> str:
        """Return the case that was the first to claim ``name``, for 7 to 14 days."""
        ...

    async def sweep(self, *, at: datetime) -> int:
        """Throw away some of what counts no longer, of any address; return how much."""
        ...
