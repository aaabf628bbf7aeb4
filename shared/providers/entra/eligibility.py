"""Directory roles that an account does not hold but may activate (Privileged Identity Management).

A schedule names its principal: the account, or a group that roles may be given to. Schedules of
the account's groups are asked for group by group, because a filter takes one principal. Membership
of such a group for which the account is only eligible itself takes another permission and is not
looked at.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from pydantic import Field

from shared.errors import PermanentError, PermissionDenied
from shared.models.base import VendorModel
from shared.odata import odata_literal
from shared.providers.entra.graph import VENDOR, Graph

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

MOST_GROUPS = 10
"""Groups of one account that are asked about; a tenant has few that roles may be given to."""
PAGE_SIZE = 999
GROUPS = "transitiveMemberOf.group"
NO_LICENCE = "AadPremiumLicenseRequired"
"""Graph's error code, with status 400, in a tenant without Entra ID P2 or Governance."""


class RoleDefinition(VendorModel):
    """``microsoft.graph.unifiedRoleDefinition``."""

    display_name: str | None = Field(None, alias="displayName")


class Schedule(VendorModel):
    """``microsoft.graph.unifiedRoleEligibilitySchedule``."""

    role_definition_id: str | None = Field(None, alias="roleDefinitionId")
    role_definition: RoleDefinition | None = Field(None, alias="roleDefinition")

    @property
    def role(self) -> str:
        """The role's name, or its id when we may not read the name."""
        named = self.role_definition.display_name if self.role_definition else None
        return named or self.role_definition_id or "unnamed role"


class Group(VendorModel):
    """``microsoft.graph.group``, as far as it matters for roles."""

    id: str
    display_name: str | None = Field(None, alias="displayName")
    takes_roles: bool | None = Field(None, alias="isAssignableToRole")


class Eligibility:
    """Reads what roles accounts of one Entra tenant may activate."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def roles_of(self, object_id: str) -> list[str]:
        """Return the names of the roles, sorted; none in a tenant without a licence for them.

        Raises:
            PermissionDenied: schedules or groups cannot be read, so whether there are any is not
                known.
            PermanentError: more groups than are asked about.
        """
        own, groups = await asyncio.gather(self._own(object_id), self._groups_or_why(object_id))
        if own is None:
            return []
        if isinstance(groups, PermanentError):
            raise groups
        through = await asyncio.gather(*(self._schedules(one) for one in groups))
        return sorted({one.role for schedules in (own, *through) for one in schedules})

    async def _own(self, object_id: str) -> list[Schedule] | None:
        """Return the account's own schedules; ``None`` when the tenant has no licence."""
        try:
            return await self._schedules(object_id)
        except PermanentError as error:
            if NO_LICENCE in str(error):
                return None
            raise

    async def _groups_or_why(self, object_id: str) -> list[str] | PermanentError:
        """Return the groups, or why they are not known: without a licence that does not matter."""
        try:
            return await self._groups(object_id)
        except PermanentError as error:
            return error

    async def _schedules(self, principal_id: str) -> list[Schedule]:
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
                filter=f"principalId eq {odata_literal(principal_id)}", expand=["roleDefinition"]
            )
            return builder.to_get_request_information(RequestConfiguration(query_parameters=query))

        return await self._graph.collect("roleEligibilitySchedules.list", build, Schedule)

    async def _groups(self, object_id: str) -> list[str]:
        """Return the ids of the account's groups that roles may be given to."""
        build = partial(self._build_groups, object_id)
        found = await self._graph.collect("transitiveMemberOf.group", build, Group)
        if any(one.display_name is None for one in found):
            # Graph lists what we may not read with its id and nothing else.
            raise PermissionDenied(
                "groups of the account cannot be read",
                vendor=VENDOR,
                operation=GROUPS,
                status=HTTPStatus.FORBIDDEN,
            )
        groups = [one.id for one in found if one.takes_roles]
        if len(groups) > MOST_GROUPS:
            message = f"{len(groups)} of the account's groups take roles"
            raise PermanentError(message, vendor=VENDOR, operation=GROUPS)
        return groups

    def _build_groups(self, object_id: str, link: str | None) -> "RequestInformation":
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.users.item.transitive_member_of.graph_group import (
            graph_group_request_builder as module,
        )

        builder = self._graph.client.users.by_user_id(object_id).transitive_member_of.graph_group
        if link:
            return builder.with_url(link).to_get_request_information()
        query = module.GraphGroupRequestBuilder.GraphGroupRequestBuilderGetQueryParameters(
            select=["id", "displayName", "isAssignableToRole"], top=PAGE_SIZE
        )
        return builder.to_get_request_information(RequestConfiguration(query_parameters=query))
