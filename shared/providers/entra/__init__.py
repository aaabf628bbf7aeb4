"""Microsoft Entra ID and Exchange Online through Microsoft Graph v1.0.

Permissions (application, least privilege; Microsoft's permissions.json): ``User.Read.All``,
``RoleManagement.Read.Directory`` (names of roles), ``AuditLog.Read.All`` (MFA registration),
``IdentityRiskyUser.Read.All`` and ``IdentityRiskyUser.ReadWrite.All``,
``User.RevokeSessions.All``, ``User.EnableDisableAccount.All``,
``User-PasswordProfile.ReadWrite.All`` plus a directory role that may reset the target's password,
``UserAuthenticationMethod.ReadWrite.All`` (methods, Temporary Access Passes; for administrators a
directory role too),
``DelegatedPermissionGrant.ReadWrite.All`` (consents), ``Domain.Read.All`` (federated domains),
``MailboxSettings.ReadWrite`` (inbox rules), ``Mail.ReadBasic.All`` (names of the folders that
rules move mail to) and ``Policy.Read.All`` (trusted named locations).
"""

from shared.providers.entra.access_passes import EntraAccessPasses
from shared.providers.entra.directory import Entra
from shared.providers.entra.grants import EntraGrants
from shared.providers.entra.graph import Graph
from shared.providers.entra.locations import EntraLocations
from shared.providers.entra.mailbox import ExchangeMailbox
from shared.providers.entra.methods import EntraMethods

__all__ = [
    "Entra",
    "EntraAccessPasses",
    "EntraGrants",
    "EntraLocations",
    "EntraMethods",
    "ExchangeMailbox",
    "Graph",
]
