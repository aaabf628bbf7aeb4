"""What the app's own token says that it may do: read, not verified, as it is our own."""

import base64
import binascii
import json

from shared.errors import RetryableError
from shared.models.base import Json
from shared.providers.credentials import VENDOR, token_for


async def claims_for(scope: str) -> Json:
    """Return the claims of a token for a scope: ``oid``, ``appid``, ``roles`` or ``scp``, ...

    Raises:
        TourniquetError: as ``token_for``.
        RetryableError: the token is not a JWT.
    """
    return read_claims(await token_for(scope))


def read_claims(token: str) -> Json:
    """Return a JWT's claims.

    Raises:
        RetryableError: it is not a JWT.
    """
    parts = token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError, binascii.Error) as error:
        raise RetryableError("the token cannot be read", vendor=VENDOR) from error
    if not isinstance(claims, dict):
        raise RetryableError("the token cannot be read", vendor=VENDOR)
    return claims
