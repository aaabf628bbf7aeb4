"""Microsoft Entra token endpoint: client credentials only.

Operations: ``token``, ``openid-configuration``, ``keys``.

Tokens are RS256 JWTs as Entra issues them (``iss`` https://sts.windows.net/<tenant>/, ``aud`` the
scope's resource), so that Azurite's ``--oauth basic`` accepts them too. A resource nobody offers
is refused as Entra does (AADSTS500011).
"""

import functools
import time
import uuid
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor, same
from shared.permissions import NEEDS, Section

LIFETIME_SECONDS = 3599
"""Entra's default life of an app-only access token, just under an hour."""
_KEY_ID = "lab-1"
_RESOURCES = frozenset(
    {
        "https://graph.microsoft.com",
        "https://management.azure.com",
        "https://api.loganalytics.io",
        "https://api.loganalytics.azure.com",
        "https://storage.azure.com",
        "https://api.securitycenter.microsoft.com",
        "https://communication.azure.com",
    }
)
_SECTIONS = {
    "https://graph.microsoft.com": Section.GRAPH,
    "https://api.securitycenter.microsoft.com": Section.DEFENDER,
}


class TokenError(Exception):
    """The bearer token is missing, forged, expired or meant for another service."""


class TokenAuthority:
    """Signs and checks access tokens."""

    def __init__(self, settings: SimulatorSettings, origin: str) -> None:
        self.settings = settings
        self.origin = origin
        self.own_audiences = [origin, origin.replace("localhost", "127.0.0.1")]
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public_key = self._key.public_key()
        self.issuer = f"https://sts.windows.net/{settings.azure_tenant_id}/"
        self.permissions_withheld: set[str] = set()
        """Application permissions that the app lacks; the next token shows it."""
        self._decoded = functools.lru_cache(maxsize=64)(self._decode)
        self._object_id = str(uuid.uuid5(uuid.NAMESPACE_URL, settings.azure_client_id))

    def knows(self, resource: str) -> bool:
        """Whether tokens for ``resource`` are issued; the Monitor SDK asks for its endpoint's."""
        return resource.rstrip("/") in _RESOURCES or resource.startswith(tuple(self.own_audiences))

    def issue(self, resource: str) -> str:
        """Return a signed token whose audience is ``resource``."""
        now = int(time.time())
        claims = {
            "aud": resource,
            "iss": self.issuer,
            "iat": now,
            "nbf": now - 300,
            "exp": now + LIFETIME_SECONDS,
            "appid": self.settings.azure_client_id,
            "appidacr": "1",
            "oid": self._object_id,
            "sub": self._object_id,
            "tid": self.settings.azure_tenant_id,
            "idtyp": "app",
            "roles": self.permissions(resource),
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": _KEY_ID})

    def permissions(self, resource: str) -> list[str]:
        """Return the app's application permissions: what the product's own table asks for.

        Services go by this rather than by a token's ``roles``, so that a token which an app still
        has from an earlier tenant neither allows nor forbids anything in this one.
        """
        granted = [need.permission for need in NEEDS if need.section is _SECTIONS.get(resource)]
        return [role for role in dict.fromkeys(granted) if role not in self.permissions_withheld]

    def check(self, authorization: str | None, audiences: list[str]) -> dict[str, Any]:
        """Return the claims of a ``Bearer`` header meant for one of ``audiences``.

        Raises:
            TokenError: the token is not acceptable; the message says why.
        """
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenError("Access token is empty.")
        try:
            claims = self._decoded(token, tuple(audiences))
            if claims["exp"] <= time.time():
                claims = self._decode(token, tuple(audiences))
        except jwt.InvalidTokenError as error:
            raise TokenError(f"Access token validation failure: {error}") from error
        return dict(claims)

    def _decode(self, token: str, audiences: tuple[str, ...]) -> dict[str, Any]:
        """Check everything about a token; only that it has expired changes later."""
        claims: dict[str, Any] = jwt.decode(
            token, self._public_key, algorithms=["RS256"], audience=audiences,
            issuer=self.issuer, options={"require": ["exp", "nbf", "aud", "iss", "oid"]},
        )  # fmt: skip
        return claims

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON web key set."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._public_key, as_dict=True)
        return {"keys": [{**key, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}


class EntraToken(Vendor):
    """The token endpoint at the root of the authority."""

    name: ClassVar[str] = "entra_token"

    def __init__(self, authority: TokenAuthority) -> None:
        self._authority = authority
        self.specification = Specification("entra-token.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {"token": Operation("token", self._token, "tenant")}

    def unmatched(self, call: Call) -> Operation | None:
        """Serve discovery."""
        if call.method == "GET" and call.path.endswith("/.well-known/openid-configuration"):
            return Operation("openid-configuration", self._configuration)
        if call.method == "GET" and call.path.endswith("/discovery/v2.0/keys"):
            return Operation("keys", self._keys)
        return None

    def authenticate(self, call: Call) -> Answer | None:
        """Nothing here: the credential is in the form, checked by ``token``."""
        return None

    def refuse(self, status: int, message: str) -> Answer:
        """OAuth 2.0 error body."""
        code = "AADSTS900144" if "required" in message else "AADSTS900023"
        return _oauth_error(status, "invalid_request", f"{code}: {message}")

    def fail(self, status: int, message: str) -> Answer:
        """OAuth 2.0 error body."""
        return _oauth_error(status, "temporarily_unavailable", f"AADSTS90033: {message}")

    async def _token(self, call: Call) -> Answer:
        form, settings = call.body, self._authority.settings
        if call.params["tenant"].lower() != settings.azure_tenant_id.lower():
            message = f"AADSTS90002: Tenant '{call.params['tenant']}' not found."
            return _oauth_error(400, "invalid_request", message)
        if form["client_id"].lower() != settings.azure_client_id.lower():
            message = f"AADSTS700016: Application '{form['client_id']}' was not found."
            return _oauth_error(400, "unauthorized_client", message)
        if not same(form.get("client_secret"), settings.azure_client_secret):
            message = "AADSTS7000215: Invalid client secret provided."
            return _oauth_error(401, "invalid_client", message)
        # Some SDKs build the scope from an endpoint that ends in a slash.
        resource = form["scope"].removesuffix("/.default")
        call.target = form["scope"]
        if not self._authority.knows(resource):
            message = f"AADSTS500011: The resource principal named {resource} was not found."
            return _oauth_error(400, "invalid_resource", message)
        body = {
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": self._authority.issue(resource.rstrip("/")),
        }
        return Answer(200, body, {"Cache-Control": "no-store"})

    async def _configuration(self, call: Call) -> Answer:
        tenant = self._authority.settings.azure_tenant_id
        base = f"{self._authority.origin}/{tenant}"
        return Answer(
            200,
            {
                "issuer": self._authority.issuer,
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
        )

    async def _keys(self, call: Call) -> Answer:
        return Answer(200, self._authority.key_set())


def _oauth_error(status: int, error: str, description: str) -> Answer:
    body = {
        "error": error,
        "error_description": description,
        "error_codes": [int("".join(c for c in description.split(":")[0] if c.isdigit()) or 0)],
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
        "trace_id": str(uuid.uuid4()),
        "correlation_id": str(uuid.uuid4()),
    }
    return Answer(status, body)
