"""How many users hold a directory role, or may activate one.

A group that roles are given to counts as one, and whoever is in it is not looked up: that is fewer
than there are, and a share of fewer users lets fewer be contained without a person.
https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
"""

import asyncio
from typing import TYPE_CHECKING

from pydantic import Field

from shared.errors import PermanentError
from shared.models.base import VendorModel
from shared.providers.entra.population import KeptNumber

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_PEOPLE = frozenset({"#microsoft.graph.user", "#microsoft.graph.group"})


class Principal(VendorModel):
    """Who has a role: a user, a group, an application."""

    id: str
    kind: str = Field("", alias="@odata.type")


class Given(VendorModel):
    """A role assignment, or the schedule of one that may be activated."""

    principal: Principal | None = None


class PrivilegedUsers(KeptNumber):
    """How many users of the tenant are privileged, at least."""

    what = "privileged users"

    async def _ask(self) -> int:
        given = await asyncio.gather(self._assigned(), self._eligible())
        principals = [one.principal for some in given for one in some if one.principal]
        return len({one.id for one in principals if one.kind in _PEOPLE})

    async def _assigned(self) -> list[Given]:
        def build(link: str | None) -> "RequestInformation":
            from kiota_abstractions.base_request_configuration import RequestConfiguration
            from msgraph.generated.role_management.directory.role_assignments import (
                role_assignments_request_builder as module,
            )

            builder = self._graph.client.role_management.directory.role_assignments
            if link:
                return builder.with_url(link).to_get_request_information()
            parameters = module.RoleAssignmentsRequestBuilder
            query = parameters.RoleAssignmentsRequestBuilderGetQueryParameters(expand=["principal"])
            return builder.to_get_request_information(RequestConfiguration(query_parameters=query))

        return await self._graph.collect("roleAssignments.list", build, Given)

    async def _eligible(self) -> list[Given]:
        """Return who may activate a role; none where that cannot be read, or has no licence."""

        def build(link: str | None) -> "RequestInformation":
            from kiota_abstractions.base_request_configuration import RequestConfiguration
            from msgraph.generated.role_management.directory.role_eligibility_schedules import (
                role_eligibility_schedules_request_builder as module,
            )

            builder = self._graph.client.role_management.directory.role_eligibility_schedules
            if link:
                return builder.with_url(link).to_get_request_information()
            parameters = module.RoleEligibilitySchedulesRequestBuilder
            query = parameters.RoleEligibilitySchedulesRequestBuilderGetQueryParameters(
                expand=["principal"]
            )
            return builder.to_get_request_information(RequestConfiguration(query_parameters=query))

        try:
            return await self._graph.collect("roleEligibilitySchedules.list", build, Given)
        except PermanentError:
            return []
