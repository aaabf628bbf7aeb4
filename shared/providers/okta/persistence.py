"""The ``AuthenticationMethods`` and ``ConsentGrants`` ports on Okta."""

from shared.errors import NotSupported
from shared.models.persistence import AuthenticationMethod, ConsentGrant
from shared.providers.http import path
from shared.providers.okta.client import MANAGE_USERS, OktaApi
from shared.providers.okta.models import Factor, Grant
from shared.providers.okta.tokens import VENDOR

PAGE_SIZE = 200
"""Okta's largest page of grants."""
_WORDS = {
    "call": "phone call",
    "email": "e-mail address",
    "push": "Okta Verify push",
    "question": "security question",
    "signed_nonce": "Okta FastPass",
    "sms": "text message",
    "token": "token",
    "token:hardware": "hardware token",
    "token:hotp": "token",
    "token:software:totp": "authenticator app with codes",
    "u2f": "security key",
    "web": "web factor",
    "webauthn": "passkey",
}


class OktaMethods:
    """Lists and removes the factors of one Okta org's accounts."""

    def __init__(self, api: OktaApi) -> None:
        self._api = api

    async def list_methods(self, object_id: str) -> list[AuthenticationMethod]:
        """Return every enrolled factor; Okta does not count the password among them."""
        target = path("/api/v1/users/{id}/factors", id=object_id)
        factors = await self._api.read_all("users.factors.list", target, Factor)
        return [_method(factor) for factor in factors]

    async def remove_method(self, object_id: str, method: AuthenticationMethod) -> None:
        """Remove one factor.

        Okta removes its own app's other factors along with a push or FastPass factor, and the
        phone number as a way to recover the account along with a phone factor.

        Raises:
            NotFound: it is gone.
        """
        target = path("/api/v1/users/{id}/factors/{factor}", id=object_id, factor=method.id)
        await self._api.call(
            "users.factors.delete",
            "DELETE",
            target,
            scope=MANAGE_USERS,
            params={"removeRecoveryEnrollment": "true"},
        )


class OktaGrants:
    """Lists and revokes what accounts of one Okta org let applications do."""

    def __init__(self, api: OktaApi) -> None:
        self._api = api

    async def list_grants(self, object_id: str) -> list[ConsentGrant]:
        """Return the account's consents that are in force: one for each application and scope."""
        target = path("/api/v1/users/{id}/grants", id=object_id)
        found = await self._api.read_all(
            "users.grants.list", target, Grant, params={"limit": PAGE_SIZE}
        )
        return [_grant(item, object_id) for item in found if item.status == "ACTIVE"]

    async def revoke_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Take a consent away.

        Raises:
            NotFound: it is gone.
        """
        target = path("/api/v1/users/{id}/grants/{grant}", id=object_id, grant=grant.id)
        await self._api.call("users.grants.delete", "DELETE", target, scope=MANAGE_USERS)

    async def restore_grant(self, object_id: str, grant: ConsentGrant) -> None:
        """Raise ``NotSupported``: in Okta only the user can consent, at the next use."""
        raise NotSupported(
            "Okta lets nobody consent for a user; the application asks the user at its next use",
            vendor=VENDOR,
            operation="users.grants.restore",
        )


def _method(factor: Factor) -> AuthenticationMethod:
    word = _WORDS.get(factor.factor_type, factor.factor_type)
    number = factor.profile.phone_number
    label = f"{word} ending {number.strip()[-2:]}" if number else word
    if factor.provider not in ("", "OKTA", "FIDO"):
        label = f"{label} ({factor.provider})"
    return AuthenticationMethod(
        id=factor.id, kind=factor.factor_type, label=label, created_at=factor.created
    )


def _grant(item: Grant, object_id: str) -> ConsentGrant:
    return ConsentGrant(
        id=item.id,
        client_id=item.client_id,
        resource_id=item.issuer,
        principal_id=object_id,
        scope=item.scope_id,
        created_at=item.created,
    )
