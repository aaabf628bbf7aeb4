"""Okta as an identity provider, over its management API.

Scopes: ``okta.users.read``, ``okta.users.manage``, ``okta.roles.read``, ``okta.logs.read``.
https://developer.okta.com/docs/api/openapi/okta-management/management/
"""

from shared.providers.okta.directory import Okta

__all__ = ["Okta"]
