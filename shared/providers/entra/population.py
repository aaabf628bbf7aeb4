"""How many enabled users the tenant has."""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from pydantic import RootModel

from shared.errors import TourniquetError
from shared.providers.entra.graph import Graph
from shared.providers.loops import PerLoop

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_log = logging.getLogger("tourniquet.providers")
KEPT_SECONDS = 6 * 3600.0
"""The number of users moves slowly; a share of it needs no fresh one."""
FAILURE_KEPT_SECONDS = 60.0
"""In a storm not every case asks again what could not be told a moment ago."""


class Count(RootModel[int]):
    """Graph's answer to ``$count``: a bare number."""


class KeptNumber(ABC):
    """A number of one Entra tenant, asked once for hours and remembered in this process."""

    what: str

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._one_at_a_time = PerLoop(asyncio.Lock)
        self._known: int | None = None
        self._good_until = 0.0

    async def count(self) -> int | None:
        """Return the number; ``None`` when Graph cannot tell now."""
        async with self._one_at_a_time.get():
            if time.monotonic() >= self._good_until:
                await self._keep()
            return self._known

    async def _keep(self) -> None:
        kept = KEPT_SECONDS
        try:
            self._known = await self._ask()
        except TourniquetError as error:
            _log.warning("number of %s: %s", self.what, error)
            # An old number is near the truth; none leaves the share unguarded.
            kept = FAILURE_KEPT_SECONDS
        self._good_until = time.monotonic() + kept

    @abstractmethod
    async def _ask(self) -> int:
        """Ask Graph for the number now."""


class Population(KeptNumber):
    """How many users may sign in."""

    what = "users"

    async def _ask(self) -> int:
        def build() -> "RequestInformation":
            from kiota_abstractions.base_request_configuration import RequestConfiguration
            from msgraph.generated.users.count.count_request_builder import CountRequestBuilder

            query = CountRequestBuilder.CountRequestBuilderGetQueryParameters(
                filter="accountEnabled eq true"
            )
            request = self._graph.client.users.count.to_get_request_information(
                RequestConfiguration(query_parameters=query)
            )
            # Counting is served by the index of the directory, which lags a little.
            request.headers.add("ConsistencyLevel", "eventual")
            return request

        return (await self._graph.send("users.count", build, Count)).root
