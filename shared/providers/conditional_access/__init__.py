"""Entra Conditional Access behind the ``Firewall`` port: the block that stops sign-ins.

Permissions (application): ``Policy.Read.All`` and ``Policy.ReadWrite.ConditionalAccess``.
"""

from shared.providers.conditional_access.location import NamedLocation

__all__ = ["NamedLocation"]
