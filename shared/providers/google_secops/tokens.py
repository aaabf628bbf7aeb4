"""Google's access tokens: asked for once, kept until shortly before they expire.

OAuth 2.0 with a signed assertion (RFC 7523) for a key; token exchange (RFC 8693) and, if it is
configured, impersonation of a service account for workload identity federation.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field

from shared.errors import NotConfigured, PermissionDenied
from shared.models.base import Json, VendorModel
from shared.providers.credentials import token_for
from shared.providers.google_secops.identity import (
    VENDOR,
    ExternalAccount,
    Identity,
    ServiceAccountKey,
    read_identity,
)
from shared.providers.http import VendorClient
from shared.providers.loops import PerLoop
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The scope that every method of the Chronicle API takes."""
ASSERTION_SECONDS = 300
"""Google takes at most an hour; a short life makes a stolen assertion worthless."""
RENEW_BEFORE_SECONDS = 60
_BY_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_BY_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a kind of token


class _Token(VendorModel):
    """Answer of a token endpoint."""

    access_token: str = Field(min_length=1)
    expires_in: float = 3600


class _Impersonated(VendorModel):
    """Answer of the IAM Credentials API."""

    access_token: str = Field(min_length=1, alias="accessToken")
    expire_time: AwareDatetime = Field(alias="expireTime")


class _Refusal(VendorModel):
    """Error body of a token endpoint."""

    error: str = ""
    error_description: str = ""


@dataclass(frozen=True)
class _Issued:
    """A token and until when (monotonic clock) it is used."""

    value: str
    until: float


@dataclass
class _Cache:
    """What belongs to one event loop."""

    token: _Issued | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class GoogleTokens:
    """Makes the header that proves who we are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = PerLoop(_Cache)

    async def headers(self) -> Mapping[str, str]:
        """Return the header.

        Raises:
            NotConfigured: there are no credentials, or they are unusable.
            PermissionDenied: Google or Azure does not know us.
            TourniquetError: see ``shared.errors``.
        """
        cache = self._cache.get()
        async with cache.lock:
            if cache.token is None or cache.token.until <= time.monotonic():
                cache.token = await self._issue(self._identity)
        return {"Authorization": f"Bearer {cache.token.value}"}

    def forget(self) -> bool:
        """Ask for a new token at the next request; false if there was none."""
        cache = self._cache.get()
        known, cache.token = cache.token is not None, None
        return known

    @cached_property
    def _identity(self) -> Identity:
        return read_identity(self._settings)

    async def _issue(self, identity: Identity) -> _Issued:
        match identity:
            case ServiceAccountKey():
                form = {"grant_type": _BY_ASSERTION, "assertion": sign_assertion(identity)}
                token = await self._ask(identity.token_uri, form)
            case ExternalAccount():
                token = await self._exchange(identity)
                if identity.service_account_impersonation_url:
                    return await self._impersonate(identity, token.access_token)
        return _issued(token.access_token, token.expires_in)

    async def _exchange(self, identity: ExternalAccount) -> _Token:
        form = {
            "grant_type": _BY_EXCHANGE,
            "audience": identity.audience,
            "scope": SCOPE,
            "requested_token_type": _ACCESS_TOKEN,
            "subject_token_type": identity.subject_token_type,
            "subject_token": await token_for(identity.azure_scope),
        }
        return await self._ask(identity.token_url, form)

    async def _impersonate(self, identity: ExternalAccount, token: str) -> _Issued:
        client, path = self._client(identity.service_account_impersonation_url or "")
        body: Json = {"scope": [SCOPE], "lifetime": "3600s"}
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.request(
            "token", "POST", path, json=body, headers=headers, retry=Retry.ALWAYS
        )
        made = client.parse(_Impersonated, answer.body, operation="token")
        return _issued(made.access_token, (made.expire_time - datetime.now(UTC)).total_seconds())

    async def _ask(self, url: str, form: Mapping[str, str]) -> _Token:
        client, path = self._client(url)
        answer = await client.request(
            "token", "POST", path, data=form, ok=(200, 400), retry=Retry.ALWAYS
        )
        if answer.status != 200:
            raise _refused(answer)
        return client.parse(_Token, answer.body, operation="token")

    def _client(self, url: str) -> tuple[VendorClient, str]:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return VendorClient(VENDOR, origin, settings=self._settings), parts.path


def sign_assertion(key: ServiceAccountKey) -> str:
    """Return the signed claim to be this service account, good for five minutes.

    Raises:
        NotConfigured: the key is no private RSA key.
    """
    import jwt

    now = int(time.time())
    claims = {
        "iss": key.client_email,
        "scope": SCOPE,
        "aud": key.token_uri,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    headers = {"kid": key.private_key_id} if key.private_key_id else None
    # An app setting has no line breaks: they are often written as \n once more.
    pem = key.private_key.get_secret_value().replace("\\n", "\n")
    try:
        return jwt.encode(claims, pem, algorithm="RS256", headers=headers)
    except (ValueError, TypeError, jwt.PyJWTError):
        why = "the private_key of TOURNIQUET_GOOGLE_CREDENTIALS is not a private RSA key"
        raise NotConfigured(why, vendor=VENDOR) from None


def _issued(value: str, lifetime: float) -> _Issued:
    return _Issued(value, time.monotonic() + max(0.0, lifetime - RENEW_BEFORE_SECONDS))


def _refused(answer: VendorResponse) -> PermissionDenied:
    body = answer.body if isinstance(answer.body, dict) else {}
    refusal = _Refusal.model_validate(body)
    why = f"{refusal.error}: {refusal.error_description}"[:300]
    return PermissionDenied(why, vendor=VENDOR, operation="token", status=answer.status)
