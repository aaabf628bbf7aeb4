"""What the app calls, what that needs at the least, and what happens without it: one table.

``docs/permissions.md`` is written from it (``tools/write_permissions.py``), ``make doctor``
compares it with what the app really holds, and tests compare it with the providers' calls and with
the vendors' own lists. To add a row, add it to the module of its section here, nowhere else.
"""

from shared.permissions.azure import AZURE_NEEDS
from shared.permissions.defender import DEFENDER_NEEDS
from shared.permissions.deployment import GRANTS, Grant
from shared.permissions.graph import DIRECTORY_ROLES, GRAPH_NEEDS
from shared.permissions.need import DirectoryRole, Need, Section
from shared.permissions.okta import OKTA_NEEDS
from shared.permissions.others import OTHER_NEEDS

NEEDS: tuple[Need, ...] = (
    *GRAPH_NEEDS,
    *DEFENDER_NEEDS,
    *AZURE_NEEDS,
    *OKTA_NEEDS,
    *OTHER_NEEDS,
)


def permissions_for(vendor: str, operation: str) -> list[str]:
    """Return what one operation needs, each with its id where it has one; empty when not listed."""
    found = [need for need in NEEDS if need.vendor == vendor and operation in need.operations]
    named = [
        f"{one.permission} (id {one.role_id})" if one.role_id else one.permission for one in found
    ]
    return list(dict.fromkeys(named))


__all__ = [
    "DIRECTORY_ROLES",
    "GRANTS",
    "NEEDS",
    "DirectoryRole",
    "Grant",
    "Need",
    "Section",
    "permissions_for",
]
