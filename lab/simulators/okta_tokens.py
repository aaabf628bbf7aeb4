"""Okta's org authorization server: client credentials by private_key_jwt, with or without DPoP.

As Okta documents it: a scope that is not granted refuses the whole request; an app that demands
DPoP refuses a request without a proof, then one without the number it hands out, and binds the
token to the proof's key. https://developer.okta.com/docs/guides/dpop/oktaresourceserver/main/
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import jwt

from lab.simulators.config import SimulatorSettings
from lab.simulators.exchange import Answer, Call
from lab.simulators.okta_key import public_key
from lab.simulators.okta_org import Org

LIFETIME_SECONDS = 3600
_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


class ProofError(Exception):
    """A DPoP proof is missing or wrong; the message says how."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: what it may do, until when, and the key it is bound to."""

    scopes: frozenset[str]
    expires: float
    thumbprint: str | None


class OktaTokenEndpoint:
    """Issues and checks tokens of the app that the settings name."""

    def __init__(self, settings: SimulatorSettings, org: Org) -> None:
        self._client_id = settings.tourniquet_okta_client_id
        self._key = public_key(settings.tourniquet_okta_private_key)
        self._org = org
        self._tokens: dict[str, Token] = {}
        self._proofs: set[str] = set()
        self._nonce = secrets.token_urlsafe(16)

    def revoke_all(self) -> None:
        """Take every token back before it expires."""
        self._tokens.clear()

    def find(self, value: str) -> Token | None:
        """Return a token that is still good."""
        token = self._tokens.get(value)
        return token if token and token.expires > time.time() else None

    async def issue(self, call: Call) -> Answer:
        """Answer a request for a token."""
        call.target = call.body["scope"]
        url = f"{call.base_url}{call.path}"
        try:
            claims = jwt.decode(
                call.body["client_assertion"], self._key.key, algorithms=_ALGORITHMS,
                audience=url, options={"require": ["exp", "iss", "sub", "aud"]},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            return _refusal(401, "invalid_client", f"The client_assertion is invalid: {error}")
        if claims["iss"] != self._client_id or claims["sub"] != self._client_id:
            return _refusal(401, "invalid_client", "The client_id is unknown.")
        if claims["exp"] - time.time() > 3600:
            return _refusal(401, "invalid_client", "The client_assertion lives too long.")
        wanted = frozenset(call.body["scope"].split())
        missing = sorted(wanted - self._org.scopes)
        if missing:
            text = "One or more scopes are not configured for the authorization server resource."
            return _refusal(400, "invalid_scope", f"{text} ({missing[0]})")
        thumbprint = None
        if self._org.demands_proof:
            try:
                thumbprint = self._check_proof(call, nonce=self._nonce)
            except ProofError as error:
                if "nonce" not in str(error):
                    return _refusal(400, "invalid_dpop_proof", str(error))
                answer = _refusal(400, "use_dpop_nonce", str(error))
                answer.headers["DPoP-Nonce"] = self._nonce
                return answer
        value = secrets.token_urlsafe(32)
        self._tokens[value] = Token(wanted, time.time() + LIFETIME_SECONDS, thumbprint)
        body = {
            "token_type": "DPoP" if thumbprint else "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "access_token": value,
            "scope": call.body["scope"],
        }
        return Answer(200, body, {"Cache-Control": "no-store"})

    def check_bound(self, call: Call, value: str, token: Token) -> None:
        """Check the proof that comes with a bound token.

        Raises:
            ProofError: it is missing, not the token's, or not for this request.
        """
        if self._check_proof(call, token=value) != token.thumbprint:
            raise ProofError("The DPoP proof is of another key than the access token.")

    def _check_proof(
        self, call: Call, *, nonce: str | None = None, token: str | None = None
    ) -> str:
        """Return the thumbprint of the key that signed the proof."""
        proof = call.headers.get("DPoP")
        if not proof:
            raise ProofError("The DPoP proof JWT header is missing.")
        try:
            header = jwt.get_unverified_header(proof)
            key = jwt.PyJWK.from_dict(header["jwk"], algorithm=header["alg"])
            claims = jwt.decode(
                proof, key.key, algorithms=_ALGORITHMS, options={"require": ["jti", "iat"]}
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise ProofError(f"The DPoP proof JWT is invalid: {error}") from error
        wanted = {"htm": call.method, "htu": f"{call.base_url}{call.path}"}
        if token is not None:
            digest = hashlib.sha256(token.encode()).digest()
            wanted["ath"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        for name, value in wanted.items():
            if claims.get(name) != value:
                raise ProofError(f"The DPoP proof JWT has a wrong {name}.")
        if header.get("typ") != "dpop+jwt" or "d" in header["jwk"]:
            raise ProofError("The DPoP proof JWT has a wrong header.")
        if claims["jti"] in self._proofs:
            raise ProofError("The DPoP proof JWT has been used before.")
        if nonce is not None and claims.get("nonce") != nonce:
            raise ProofError("Authorization server requires nonce in DPoP proof.")
        self._proofs.add(claims["jti"])
        return _thumbprint(header["jwk"])


def _thumbprint(key: dict[str, Any]) -> str:
    """Return the key's thumbprint (RFC 7638)."""
    members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}[key["kty"]]
    text = json.dumps({name: key[name] for name in members}, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal(status: int, error: str, description: str) -> Answer:
    return Answer(status, {"error": error, "error_description": description})
