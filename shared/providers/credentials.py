"""Our identity towards Azure: one azure-identity credential per process.

The environment decides, as Azure documents it: a service principal (``AZURE_CLIENT_SECRET`` or
certificate), workload identity, the Functions app's managed identity (``AZURE_CLIENT_ID`` names a
user-assigned one), otherwise azure-identity's default chain, which ends with a developer's Azure
CLI. ``AZURE_AUTHORITY_HOST`` names the cloud.
"""

import asyncio
import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from shared.errors import NotConfigured
from shared.providers.azure import SDK_OPTIONS, error_from_azure, transport
from shared.providers.http import Authorize
from shared.providers.loops import PerLoop

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.core.credentials_async import AsyncTokenCredential

VENDOR = "entra_token"
PUBLIC_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)
"""Clouds whose authority Microsoft's instance discovery knows (azure.identity's own list)."""


class SharedCredential:
    """An azure-identity credential that asks for each token once, however many wait for it.

    azure-identity caches tokens but lets concurrent first callers all ask; twenty cases that start
    at once would be twenty token requests.

    Attributes:
        kind: azure-identity's name of it, for example ``ManagedIdentityCredential``.
    """

    def __init__(self, inner: "AsyncTokenCredential") -> None:
        self.kind = type(inner).__name__
        self._inner = inner
        self._locks: dict[tuple[str, ...], asyncio.Lock] = {}

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **options: Any,
    ) -> "AccessToken":
        """Return a token for the scopes, from azure-identity's cache when it has one."""
        async with self._locks.setdefault(scopes, asyncio.Lock()):
            return await self._inner.get_token(
                *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **options
            )

    async def close(self) -> None:
        """Close the credential's own connections."""
        await self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Do nothing: the credential outlives the SDK clients that borrow it."""


def _build() -> SharedCredential:
    from azure.identity import aio as identity

    options: dict[str, Any] = SDK_OPTIONS | {"transport": transport(VENDOR)}
    authority = os.environ.get("AZURE_AUTHORITY_HOST", "login.microsoftonline.com")
    host = urlsplit(authority if "//" in authority else f"//{authority}").hostname
    options["disable_instance_discovery"] = host not in PUBLIC_AUTHORITIES
    # Chosen directly, not by DefaultAzureCredential: its chain turns a timeout or a 429 of the
    # token endpoint into an authentication error, and retries are decided by type.
    if os.environ.get("AZURE_CLIENT_SECRET") or os.environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        return SharedCredential(identity.EnvironmentCredential(**options))
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        return SharedCredential(identity.WorkloadIdentityCredential(**options))
    if os.environ.get("IDENTITY_ENDPOINT"):
        del options["disable_instance_discovery"]
        client_id = os.environ.get("AZURE_CLIENT_ID") or None
        return SharedCredential(identity.ManagedIdentityCredential(client_id=client_id, **options))
    return SharedCredential(
        identity.DefaultAzureCredential(
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_powershell_credential=True,
            exclude_developer_cli_credential=True,
            **options,
        )
    )


_credential = PerLoop(_build)


def get_credential() -> SharedCredential:
    """Return this process's credential (it is bound to the running event loop).

    Raises:
        NotConfigured: the environment names an identity that cannot be one, such as a certificate
            that is not there.
    """
    try:
        return _credential.get()
    except (ValueError, OSError) as error:
        # azure-identity checks what it is given when it is made; its text may quote a path only.
        why = f"the AZURE_... variables name no usable identity: {error}"[:300]
        raise NotConfigured(why, vendor=VENDOR, operation="token") from error


async def close_credential() -> None:
    """Close the running event loop's credential; used at shutdown and by tests."""
    await _credential.close(SharedCredential.close)


async def token_for(scope: str) -> str:
    """Return a bearer token for a scope such as ``https://graph.microsoft.com/.default``.

    Raises:
        NotConfigured: there is no identity to ask with.
        PermissionDenied: the authority refuses our identity.
        RetryableError: the authority does not answer, or asks us to wait.
    """
    from azure.core.exceptions import AzureError

    try:
        return (await get_credential().get_token(scope)).token
    except AzureError as error:
        raise error_from_azure(error, vendor=VENDOR, operation="token") from error


def bearer(scope: str) -> Authorize:
    """Return what a :class:`VendorClient` needs to authorize with a token for the scope."""

    async def authorize() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {await token_for(scope)}"}

    return authorize
