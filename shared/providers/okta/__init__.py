"""Okta as an identity provider, over its management API.

Scopes: ``okta.users.read``, ``okta.users.manage``, ``okta.roles.read``, ``okta.logs.read``.
https://developer.okta.com/docs/api/openapi/okta-management/management/
"""

from shared.providers.okta.client import OktaApi
from shared.providers.okta.directory import Okta
from shared.providers.okta.persistence import OktaGrants, OktaMethods

__all__ = ["Okta", "OktaApi", "OktaGrants", "OktaMethods"]
