"""Our identity towards Azure: one azure-identity credential per process.

In the cloud it is the managed identity (``AZURE_CLIENT_ID`` names a user-assigned one), elsewhere
a service principal from the environment, workload identity, or a developer's Azure CLI.
``AZURE_TOKEN_CREDENTIALS`` narrows the choice as usual; ``AZURE_AUTHORITY_HOST`` names the cloud.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from shared.errors import NotConfigured, PermanentError, PermissionDenied, RetryableError
from shared.providers.http import Authorize, open_session

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
    """

    def __init__(self, inner: "AsyncTokenCredential") -> None:
        self._inner = inner
        self._locks: dict[tuple[str, ...], asyncio.Lock] = {}

    async def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Return a token for the scopes, from azure-identity's cache when it has one."""
        async with self._locks.setdefault(scopes, asyncio.Lock()):
            return await self._inner.get_token(*scopes, **options)

    async def close(self) -> None:
        """Close the credential's own connections."""
        await self._inner.close()

    async def __aenter__(self) -> "SharedCredential":
        return self

    async def __aexit__(self, *error: object) -> None:
        """Do nothing: the credential outlives the SDK clients that borrow it."""


_credentials: WeakKeyDictionary[asyncio.AbstractEventLoop, SharedCredential] = WeakKeyDictionary()


def get_credential() -> SharedCredential:
    """Return this process's credential (it is bound to the running event loop)."""
    loop = asyncio.get_running_loop()
    credential = _credentials.get(loop)
    if credential is None:
        credential = _credentials[loop] = SharedCredential(_build())
    return credential


async def close_credential() -> None:
    """Close the running event loop's credential; used at shutdown and by tests."""
    if credential := _credentials.pop(asyncio.get_running_loop(), None):
        await credential.close()


def _build() -> "AsyncTokenCredential":
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.identity.aio import DefaultAzureCredential

    authority = os.environ.get("AZURE_AUTHORITY_HOST", "login.microsoftonline.com")
    host = urlsplit(authority if "//" in authority else f"//{authority}").hostname
    return DefaultAzureCredential(
        disable_instance_discovery=host not in PUBLIC_AUTHORITIES,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_powershell_credential=True,
        exclude_developer_cli_credential=True,
        transport=AioHttpTransport(session=open_session(VENDOR), session_owner=False),
        retry_total=1,
    )


async def token_for(scope: str) -> str:
    """Return a bearer token for a scope such as ``https://graph.microsoft.com/.default``.

    Raises:
        NotConfigured: there is no identity to ask with.
        PermissionDenied: the authority refuses our identity.
        RetryableError: the authority does not answer.
    """
    from azure.core import exceptions as azure
    from azure.identity import CredentialUnavailableError

    try:
        return (await get_credential().get_token(scope)).token
    except CredentialUnavailableError as error:
        raise NotConfigured("no Azure identity in the environment", vendor=VENDOR) from error
    except azure.ClientAuthenticationError as error:
        status = error.status_code
        kind = RetryableError if status and (status == 429 or status >= 500) else PermissionDenied
        raise kind(_first_line(error), vendor=VENDOR, status=status) from error
    except (azure.ServiceRequestError, azure.ServiceResponseError) as error:
        raise RetryableError(_first_line(error), vendor=VENDOR) from error
    except azure.AzureError as error:
        raise PermanentError(_first_line(error), vendor=VENDOR) from error


def bearer(scope: str) -> Authorize:
    """Return what a :class:`VendorClient` needs to authorize with a token for the scope."""

    async def authorize() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {await token_for(scope)}"}

    return authorize


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
