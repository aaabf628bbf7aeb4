"""Basic authentication (RFC 7617) with a user and a secret from the settings."""

import base64
from collections.abc import Mapping

from pydantic import SecretStr

from shared.errors import NotConfigured
from shared.providers.http import VendorClient
from shared.settings import Settings


def basic_client(
    vendor: str,
    settings: Settings,
    *,
    url: str | None,
    user: str | None,
    secret: SecretStr | None,
    named: str,
) -> VendorClient:
    """Return a client that proves itself by user and secret.

    Args:
        vendor: name in errors and logs.
        settings: deadlines of calls.
        url: https address of the vendor.
        user: name of the user.
        secret: password or token of the user.
        named: how the three settings are called, for whoever has to set them.

    Raises:
        NotConfigured: one of the three is missing, or the address is not https.
    """
    if not url or not user or secret is None:
        raise NotConfigured(f"{named} is not set", vendor=vendor)
    pair = f"{user}:{secret.get_secret_value()}"
    proof = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    async def authorize() -> Mapping[str, str]:
        return proof

    return VendorClient(vendor, url, settings=settings, authorize=authorize)
