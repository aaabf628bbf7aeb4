"""An in-memory ``Campaigns``, which can be told to fail."""

import asyncio
from datetime import datetime, timedelta

from shared.models.base import Json
from tests.support.fake_stores import Fake


class FakeCampaigns(Fake):
    """Keeps hits and claims by key, with the time at which they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: dict[str, dict[str, Json]] = {}
        self.claims: dict[tuple[str, str], tuple[str, datetime]] = {}

    async def put_hit(self, key: str, hit: Json, *, at: datetime) -> None:
        self._call("put_hit")
        self.hits.setdefault(key, {}).setdefault(hit["case_id"], hit)
        await asyncio.sleep(0)

    async def list_hits(self, key: str, *, at: datetime) -> list[Json]:
        self._call("list_hits")
        return list(self.hits.get(key, {}).values())

    async def claim(self, key: str, name: str, case_id: str, *, at: datetime) -> str:
        self._call("claim")
        with self.step:
            earlier, when = self.claims.get((key, name), ("", at))
            if not earlier or at - when >= timedelta(days=7):
                self.claims[key, name] = (case_id, at)
            return self.claims[key, name][0]

    async def sweep(self, *, at: datetime) -> int:
        self._call("sweep")
        return 0
