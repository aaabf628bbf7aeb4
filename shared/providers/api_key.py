"""Clients of vendors that know us by an API key in one header."""

from collections.abc import Mapping

from pydantic import SecretStr

from shared.errors import NotConfigured
from shared.providers.http import VendorClient
from shared.settings import Settings


def client_with_key(
    vendor: str, *, settings: Settings, url: str, key: SecretStr | None, header: str
) -> VendorClient:
    """Return the client of a vendor whose settings are ``<vendor>_url`` and ``<vendor>_api_key``.

    Raises:
        NotConfigured: there is no key.
    """
    if key is None:
        raise NotConfigured(f"TOURNIQUET_{vendor.upper()}_API_KEY is not set", vendor=vendor)

    async def authorize() -> Mapping[str, str]:
        return {header: key.get_secret_value()}

    return VendorClient(vendor, url, settings=settings, authorize=authorize)
