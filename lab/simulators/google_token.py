"""Google's token endpoints: a key's assertion, an Azure token in exchange, impersonation.

Operations: ``token`` for each of them. A token of the exchange only serves to impersonate the
service account, as an identity pool that is granted nothing else.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import jwt

from lab.simulators.config import GOOGLE_ACCOUNT, SimulatorSettings
from lab.simulators.exchange import Answer, Call, Operation
from lab.simulators.specification import Specification
from lab.simulators.vendor import Vendor

LIFETIME_SECONDS = 3600
AUDIENCE = (
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/azure/providers/entra"
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: whose, and until when."""

    account: str
    expires: float


class GoogleTokens:
    """Issues and knows tokens; the vendors of Google share it."""

    def __init__(self, settings: SimulatorSettings) -> None:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        private = load_pem_private_key(settings.lab_google_private_key.encode(), password=None)
        self.key: Any = private.public_key()
        self._tokens: dict[str, Token] = {}

    def issue(self, account: str) -> str:
        """Return a new token of an account."""
        value = f"ya29.{secrets.token_urlsafe(32)}"
        self._tokens[value] = Token(account, time.time() + LIFETIME_SECONDS)
        return value

    def owner(self, call: Call) -> str | None:
        """Return whose token a request has; ``None``: none that is good."""
        kind, _, value = call.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(value) if kind == "Bearer" else None
        return token.account if token and token.expires > time.time() else None

    def revoke_all(self) -> None:
        """Take every token back before it expires."""
        self._tokens.clear()


def google_error(status: int, message: str) -> Answer:
    """Return an error as all of Google's APIs write it."""
    names = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        503: "UNAVAILABLE",
    }
    body = {"code": status, "message": message, "status": names.get(status, "INTERNAL")}
    return Answer(status, {"error": body})


class GoogleToken(Vendor):
    """The token endpoints."""

    name: ClassVar[str] = "google_token"

    def __init__(self, tokens: GoogleTokens) -> None:
        self._tokens = tokens
        self.specification = Specification("google-token.json")

    def operations(self) -> dict[str, Operation]:
        """See the module's list."""
        return {
            "oauth2.token": Operation("token", self._by_assertion),
            "sts.token": Operation("token", self._by_exchange),
            "generateAccessToken": Operation("token", self._impersonate, "account"),
        }

    def authenticate(self, call: Call) -> Answer | None:
        """Only impersonation takes a token; the others are how one gets one."""
        if not call.path.endswith(":generateAccessToken") or self._tokens.owner(call):
            return None
        return google_error(401, "Request had invalid authentication credentials.")

    def refuse(self, status: int, message: str) -> Answer:
        """The error of a token endpoint."""
        return Answer(status, {"error": "invalid_request", "error_description": message})

    def fail(self, status: int, message: str) -> Answer:
        """Google's error."""
        return google_error(status, message)

    def reset(self) -> None:
        """Take every token back."""
        self._tokens.revoke_all()

    async def _by_assertion(self, call: Call) -> Answer:
        try:
            claims = jwt.decode(
                call.body["assertion"],
                self._tokens.key,
                algorithms=["RS256"],
                audience=f"{call.base_url}{call.path}",
                options={"require": ["iss", "aud", "exp", "iat"]},
            )
        except jwt.InvalidTokenError as error:
            return _grant_refused(f"Invalid JWT: {error}")
        call.target = claims["iss"]
        if claims["iss"] != GOOGLE_ACCOUNT:
            return _grant_refused("Invalid grant: account not found")
        if claims["exp"] - claims["iat"] > 3600 or claims.get("scope") != _SCOPE:
            return _grant_refused("Invalid JWT: a lifetime over an hour, or a wrong scope")
        return Answer(200, self._token_body(GOOGLE_ACCOUNT), {"Cache-Control": "no-store"})

    async def _by_exchange(self, call: Call) -> Answer:
        call.target = call.body["audience"]
        try:
            jwt.get_unverified_header(call.body["subject_token"])
            readable = True
        except jwt.InvalidTokenError:
            # The lab's Azure tokens are not JWTs; what counts is that there is one.
            readable = bool(call.body["subject_token"])
        if call.body["audience"] != AUDIENCE or not readable:
            return _grant_refused("The audience is not one of an identity pool.")
        issued = "urn:ietf:params:oauth:token-type:access_token"
        return Answer(200, self._token_body("federated") | {"issued_token_type": issued})

    async def _impersonate(self, call: Call) -> Answer:
        if self._tokens.owner(call) != "federated" or call.params["account"] != GOOGLE_ACCOUNT:
            return google_error(403, "Permission 'iam.serviceAccounts.getAccessToken' denied.")
        expires = datetime.now(UTC) + timedelta(seconds=LIFETIME_SECONDS)
        token = self._tokens.issue(GOOGLE_ACCOUNT)
        until = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        return Answer(200, {"accessToken": token, "expireTime": until})

    def _token_body(self, account: str) -> dict[str, Any]:
        return {
            "access_token": self._tokens.issue(account),
            "expires_in": LIFETIME_SECONDS,
            "token_type": "Bearer",
        }


def _grant_refused(description: str) -> Answer:
    return Answer(400, {"error": "invalid_grant", "error_description": description})
