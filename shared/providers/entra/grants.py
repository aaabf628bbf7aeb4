"""The ``ConsentGrants`` port on Microsoft Graph v1.0: delegated permissions of applications.

A grant has no time in v1.0 (the beta's ``startTime`` is ignored by Graph itself), so when it was
given is for the audit log to say. Sources: Graph resource ``oAuth2PermissionGrant``.
"""

from typing import TYPE_CHECKING

from shared.models.persistence import ConsentGrant
from shared.providers.entra.graph import Graph, with_body
from shared.providers.entra.models import Grant, Nothing
from shared.providers.retry import Retry

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

FOR_EVERYONE = "AllPrincipals"
FOR_ONE = "Principal"


class EntraGrants:
    """Lists, revokes and restores delegated permission grants of one Entra tenant."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def list_grants(self, object_id: str) -> list[ConsentGrant]:
        """Return what the account consented to."""

        def build(link: str | None) -> "RequestInformation":
            builder = self._graph.client.users.by_user_id(object_id).oauth2_permission_grants
            return (builder.with_url(link) if link else builder).to_get_request_information()

        found = await self._graph.collect("users.oauth2PermissionGrants.list", build, Grant)
        return [_grant(item) for item in found]

    async def revoke_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Take a consent away: the application's tokens for the account stop being renewed."""

        def build() -> "RequestInformation":
            grants = self._graph.client.oauth2_permission_grants
            one = grants.by_o_auth2_permission_grant_id(grant.id)
            return one.to_delete_request_information()

        await self._graph.send("oauth2PermissionGrants.delete", build, Nothing, ok=(200, 204))

    async def restore_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Give the same permissions to the same application again.

        Raises:
            Conflict: the application has a grant for this account and interface.
        """
        body = {
            "clientId": grant.client_id,
            "consentType": FOR_EVERYONE if grant.for_everyone else FOR_ONE,
            "principalId": None if grant.for_everyone else object_id,
            "resourceId": grant.resource_id,
            "scope": grant.scope,
        }

        def build() -> "RequestInformation":
            return with_body("POST", self._graph.client.oauth2_permission_grants, body)

        await self._graph.send(
            "oauth2PermissionGrants.post",
            build,
            Nothing,
            ok=(200, 201),
            retry=Retry.IF_NOT_PROCESSED,
        )


def _grant(item: Grant) -> ConsentGrant:
    return ConsentGrant(
        id=item.id,
        client_id=item.client_id,
        resource_id=item.resource_id,
        principal_id=item.principal_id,
        scope=item.scope or "",
        for_everyone=item.consent_type == FOR_EVERYONE,
    )
