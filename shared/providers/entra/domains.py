"""Who checks the passwords of a domain's users: Entra itself, or the organisation's own service."""

import logging
from typing import TYPE_CHECKING

from shared.errors import TourniquetError
from shared.providers.entra.graph import Graph
from shared.providers.entra.models import Domain

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_log = logging.getLogger("tourniquet.providers")
FEDERATED = "Federated"


class Domains:
    """Reads the tenant's domains, each once in this process: they hardly ever change."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, bool] = {}

    async def is_federated(self, name: str) -> bool | None:
        """Return whether another identity provider checks the passwords; ``None``: not readable."""
        if name not in self._known:

            def build() -> "RequestInformation":
                return self._graph.client.domains.by_domain_id(name).to_get_request_information()

            try:
                domain = await self._graph.send("domains.get", build, Domain)
            except TourniquetError as error:
                _log.warning("domain of an account: %s", error)
                return None
            self._known[name] = domain.authentication_type == FEDERATED
        return self._known[name]
