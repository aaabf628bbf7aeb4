"""Who checks the passwords of a domain's users: Entra itself, or the organisation's own service."""

import logging
from typing import TYPE_CHECKING

from shared.errors import PermanentError
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

    async def is_federated(self, name: str) -> bool:
        """Return whether another identity provider checks the passwords of a domain's users.

        Raises:
            PermissionDenied: domains may not be read.
            RetryableError: Graph cannot tell now.
        """
        if name not in self._known:

            def build() -> "RequestInformation":
                return self._graph.client.domains.by_domain_id(name).to_get_request_information()

            domain = await self._graph.send("domains.get", build, Domain)
            self._known[name] = domain.authentication_type == FEDERATED
        return self._known[name]

    async def ask(self, name: str) -> tuple[bool, str | None]:
        """Return the same, and a doubt where it may not be read.

        Raises:
            RetryableError: Graph cannot tell now.
        """
        try:
            return await self.is_federated(name), None
        except PermanentError as error:
            return False, (
                f"not known whether {name} is federated, where a new password in Entra keeps "
                f"nobody out: {error.describe()}"
            )

    async def is_surely_federated(self, name: str) -> bool:
        """Return the same; ``False`` where it may not be read.

        Raises:
            RetryableError: Graph cannot tell now.
        """
        try:
            return await self.is_federated(name)
        except PermanentError as error:
            _log.warning("whether %s is federated: %s", name, error.describe())
            return False
