"""Identity Protection: the risk of an account, and what people say about it (Entra ID P2)."""

from typing import TYPE_CHECKING, Any

from shared.errors import NotFound, PermissionDenied
from shared.models.directory import UserRisk
from shared.providers.entra.graph import Graph, with_body
from shared.providers.entra.models import Nothing, RiskyUser

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class IdentityProtection:
    """Reads and sets the risk of one Entra tenant's accounts."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def get(self, object_id: str, *, urgent: bool = False) -> UserRisk | None:
        """Return the risk; ``None`` without an entry or without a P2 licence."""

        def build() -> "RequestInformation":
            return self._users.by_risky_user_id(object_id).to_get_request_information()

        try:
            risk = await self._graph.send("riskyUsers.get", build, RiskyUser, urgent=urgent)
        except NotFound:
            return None
        except PermissionDenied as error:
            if lacks_licence(error):
                return None
            raise
        return UserRisk(
            level=risk.risk_level,
            state=risk.risk_state,
            detail=risk.risk_detail,
            last_updated_at=risk.updated,
        )

    async def confirm(self, object_id: str) -> None:
        """Set the risk to high; Graph does so a little later."""
        await self._graph.send(
            "confirmCompromised",
            lambda: with_body("POST", self._users.confirm_compromised, {"userIds": [object_id]}),
            Nothing,
            ok=(200, 204),
            urgent=True,
        )

    async def dismiss(self, object_id: str) -> None:
        """Set the risk to none; Graph does so a little later."""
        await self._graph.send(
            "riskyUsers.dismiss",
            lambda: with_body("POST", self._users.dismiss, {"userIds": [object_id]}),
            Nothing,
            ok=(200, 204),
            urgent=True,
        )

    @property
    def _users(self) -> Any:
        return self._graph.client.identity_protection.risky_users


def lacks_licence(error: PermissionDenied) -> bool:
    """Whether Graph refused because the tenant has no licence for the feature.

    It says so with the 403 that it also has for a missing permission, and without a code of its
    own, only in words ("Your tenant is not licensed for this feature"). A missing permission must
    not look like an account without risk.
    """
    return "licensed" in str(error).lower()
