"""Proving to Okta who we are: OAuth 2.0 client credentials by a signed assertion, or an API token.

Each scope has a token of its own: Okta refuses a request for several scopes altogether when one of
them is not granted, and a missing scope must only cost what needs it. An app that demands proof of
possession (DPoP, RFC 9449) gets it: Okta says so by refusing the first request for a token.

https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
https://developer.okta.com/docs/guides/dpop/oktaresourceserver/main/
"""

import asyncio
import base64
import hashlib
import json
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from shared.errors import NotConfigured, PermissionDenied
from shared.models.base import VendorModel
from shared.providers.http import VendorClient
from shared.providers.loops import PerLoop
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings

if TYPE_CHECKING:
    from jwt import PyJWK

VENDOR = "okta"
TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - an address
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300
"""Okta takes at most an hour; a short life makes a stolen assertion worthless."""
RENEW_BEFORE_SECONDS = 60
_ASKS_FOR_PROOF = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})


class _Token(VendorModel):
    """Answer of the token endpoint."""

    access_token: str = Field(min_length=1)
    token_type: str = "Bearer"  # noqa: S105 - a word of OAuth
    expires_in: float = 3600


class _Refusal(VendorModel):
    """Its error body."""

    error: str = ""
    error_description: str = ""


@dataclass(frozen=True)
class _Issued:
    """A token and until when (monotonic clock) it is used."""

    value: str
    bound: bool
    until: float


@dataclass
class _Cache:
    """What belongs to one event loop."""

    tokens: dict[str, _Issued] = field(default_factory=dict)
    proves: bool = False
    """Okta has demanded proof of possession before, and will again."""
    nonce: str | None = None
    """The number that it wants in the proof for a token."""
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


class OktaTokens:
    """Makes the headers that prove who we are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = PerLoop(_Cache)

    async def headers(self, scope: str, method: str, url: str) -> Mapping[str, str]:
        """Return the headers for one request.

        Args:
            scope: the OAuth scope that the request needs.
            method: HTTP method.
            url: address with its query.

        Raises:
            NotConfigured: neither an API token nor a client with its key is set.
            PermissionDenied: Okta knows the client, its key or the scope not.
        """
        if self._settings.okta_api_token is not None:
            return {"Authorization": f"SSWS {self._settings.okta_api_token.get_secret_value()}"}
        cache = self._cache.get()
        async with cache.locks[scope]:
            token = cache.tokens.get(scope)
            if token is None or token.until <= time.monotonic():
                token = cache.tokens[scope] = await self._ask(scope)
        if not token.bound:
            return {"Authorization": f"Bearer {token.value}"}
        proof = self._proof(method, url, token=token.value)
        return {"Authorization": f"DPoP {token.value}", "DPoP": proof}

    @cached_property
    def _client(self) -> VendorClient:
        return VendorClient(VENDOR, self._settings.okta_url or "", settings=self._settings)

    def forget(self, scope: str) -> bool:
        """Ask anew for the scope's token at the next request; false if there was none."""
        return self._cache.get().tokens.pop(scope, None) is not None

    async def _ask(self, scope: str) -> _Issued:
        cache = self._cache.get()
        answer = await self._request(scope, cache)
        # Once for the proof, once more for the number that Okta wants in it.
        for _ in range(2):
            if answer.status == 200 or _refusal(answer).error not in _ASKS_FOR_PROOF:
                break
            cache.proves, cache.nonce = True, answer.headers.get("DPoP-Nonce", cache.nonce)
            answer = await self._request(scope, cache)
        if answer.status != 200:
            refusal = _refusal(answer)
            raise PermissionDenied(
                f"{refusal.error}: {refusal.error_description} (scope {scope})",
                vendor=VENDOR,
                operation="token",
                status=answer.status,
            )
        token = self._client.parse(_Token, answer.body, operation="token")
        lifetime = max(0.0, token.expires_in - RENEW_BEFORE_SECONDS)
        bound = token.token_type.lower() == "dpop"
        return _Issued(token.access_token, bound, time.monotonic() + lifetime)

    async def _request(self, scope: str, cache: _Cache) -> VendorResponse:
        url = f"{self._client.base_url}{TOKEN_PATH}"
        proof = {"DPoP": self._proof("POST", url, nonce=cache.nonce)} if cache.proves else {}
        return await self._client.request(
            "token",
            "POST",
            TOKEN_PATH,
            data={
                "grant_type": "client_credentials",
                "scope": scope,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._assertion(),
            },
            headers=proof,
            ok=(200, 400),
            # Without "jti" the assertion may be used again; a proof may not.
            retry=Retry.IF_NOT_PROCESSED if cache.proves else Retry.ALWAYS,
        )

    def _assertion(self) -> str:
        import jwt

        client = self._settings.okta_client_id
        now = int(time.time())
        claims = {
            "iss": client,
            "sub": client,
            "aud": f"{self._client.base_url}{TOKEN_PATH}",
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        key = self._key
        headers = {"kid": key.key_id} if key.key_id else None
        return jwt.encode(claims, key.key, algorithm=key.algorithm_name, headers=headers)

    @cached_property
    def _key(self) -> "PyJWK":
        secret = self._settings.okta_private_key
        if not self._settings.okta_client_id or secret is None:
            raise NotConfigured(
                "neither TOURNIQUET_OKTA_API_TOKEN nor TOURNIQUET_OKTA_CLIENT_ID and "
                "TOURNIQUET_OKTA_PRIVATE_KEY are set",
                vendor=VENDOR,
            )
        return read_private_key(secret.get_secret_value())

    @cached_property
    def _proof_key(self) -> "tuple[Any, dict[str, Any]]":
        """A key pair of this process only; Okta binds the tokens to it."""
        import jwt
        from cryptography.hazmat.primitives.asymmetric import ec

        private = ec.generate_private_key(ec.SECP256R1())
        public = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return private, public

    def _proof(
        self, method: str, url: str, *, token: str | None = None, nonce: str | None = None
    ) -> str:
        import jwt

        private, public = self._proof_key
        claims: dict[str, Any] = {
            "jti": str(uuid.uuid4()),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
        }
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if nonce:
            claims["nonce"] = nonce
        headers = {"typ": "dpop+jwt", "jwk": public}
        return jwt.encode(claims, private, algorithm="ES256", headers=headers)


def _refusal(answer: VendorResponse) -> _Refusal:
    return _Refusal.model_validate(answer.body if isinstance(answer.body, dict) else {})


def read_private_key(text: str) -> "PyJWK":
    """Return a private key given as JWK (as Okta's console shows it) or as PEM.

    Raises:
        NotConfigured: it is neither, or not a private RSA or EC key.
    """
    import jwt

    try:
        if text.lstrip().startswith("{"):
            return jwt.PyJWK.from_dict(_private(json.loads(text)))
        return jwt.PyJWK.from_dict(_from_pem(text))
    except (ValueError, RecursionError, TypeError, jwt.PyJWTError) as error:
        raise NotConfigured(
            "TOURNIQUET_OKTA_PRIVATE_KEY is neither a private JWK nor PEM", vendor=VENDOR
        ) from error


def _private(key: Any) -> dict[str, Any]:
    if not isinstance(key, dict) or "d" not in key:
        raise ValueError("not a private key")
    return key


def _from_pem(text: str) -> dict[str, Any]:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    # An app setting has no line breaks: they are often written as \n.
    key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    if isinstance(key, RSAPrivateKey):
        return jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    if isinstance(key, EllipticCurvePrivateKey):
        return jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
    raise ValueError("neither RSA nor EC")
