"""Microsoft Entra ID through Microsoft Graph v1.0: the ``Directory`` port.

Permissions (application, least privilege; Microsoft's permissions.json): ``User.Read.All``,
``RoleManagement.Read.Directory`` (names of roles), ``AuditLog.Read.All`` (MFA registration),
``IdentityRiskyUser.Read.All`` and ``IdentityRiskyUser.ReadWrite.All``,
``User.RevokeSessions.All``, ``User.EnableDisableAccount.All``,
``User-PasswordProfile.ReadWrite.All`` plus a directory role that may reset the target's password.
"""

from shared.providers.entra.directory import Entra

__all__ = ["Entra"]
