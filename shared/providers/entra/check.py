"""Which directory roles the app's own service principal holds."""

from shared.models.base import VendorModel
from shared.odata import odata_literal
from shared.providers.clouds import GRAPH, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient
from shared.settings import Settings

VENDOR = "entra"


class Assignment(VendorModel):
    """One role assignment; for a built-in role the definition's id is the template's id."""

    roleDefinitionId: str  # noqa: N815 - Graph's spelling
    directoryScopeId: str = "/"  # noqa: N815


class Assignments(VendorModel):
    """A list of role assignments."""

    value: list[Assignment]


async def directory_roles(settings: Settings, principal_id: str) -> set[str]:
    """Return the ids of the roles that a principal holds for the whole directory.

    Permission: RoleManagement.Read.Directory.
    """
    client = VendorClient(
        VENDOR,
        settings.graph_url,
        settings=settings,
        authorize=bearer(scope(GRAPH, settings.graph_url)),
    )
    operation = "roleAssignments.list"
    answer = await client.request(
        operation,
        "GET",
        "/roleManagement/directory/roleAssignments",
        params={"$filter": f"principalId eq {odata_literal(principal_id)}"},
    )
    found = client.parse(Assignments, answer.body, operation=operation).value
    return {one.roleDefinitionId for one in found if one.directoryScopeId == "/"}
