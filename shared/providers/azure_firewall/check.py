"""Whether the app may read and change its IP group, asked of Azure's own authorization."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import Field

from shared.models.base import VendorModel
from shared.providers.azure_firewall.ip_group import VENDOR
from shared.providers.clouds import RESOURCE_MANAGER, scope
from shared.providers.credentials import bearer
from shared.providers.http import VendorClient
from shared.settings import Settings

API_VERSION = "2022-04-01"
"""Of Microsoft.Authorization/permissions (list for a resource)."""
ACTIONS = ("Microsoft.Network/ipGroups/read", "Microsoft.Network/ipGroups/write")


class Permission(VendorModel):
    """What one role assignment allows, with ``*`` for any text."""

    actions: list[str] = Field(default_factory=list)
    notActions: list[str] = Field(default_factory=list)  # noqa: N815 - Azure's spelling


class Permissions(VendorModel):
    """Everything the caller is allowed at a resource."""

    value: list[Permission]


async def lacking(settings: Settings) -> list[str]:
    """Return which of the actions on the IP group the app may not do.

    Permission: none of its own; who may see the resource may ask.
    """
    client = VendorClient(
        VENDOR,
        settings.arm_url,
        settings=settings,
        authorize=bearer(scope(RESOURCE_MANAGER, settings.arm_url)),
    )
    operation = "permissions.list"
    answer = await client.request(
        operation,
        "GET",
        f"{settings.firewall_ip_group_id}/providers/Microsoft.Authorization/permissions",
        params={"api-version": API_VERSION},
    )
    held = client.parse(Permissions, answer.body, operation=operation).value
    return [action for action in ACTIONS if not any(_allows(one, action) for one in held)]


def _allows(permission: Permission, action: str) -> bool:
    return _any(permission.actions, action) and not _any(permission.notActions, action)


def _any(patterns: Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
