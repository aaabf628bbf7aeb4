"""The first import of the Graph SDK: once, in one thread at a time.

The SDK's packages import one another in circles (``msgraph`` imports ``msgraph.generated``, which
is in ``msgraph``). Two threads that begin at different ends wait for one another; Python sees that
and fails one of them (``_DeadlockError``,
https://github.com/python/cpython/blob/3.13/Lib/importlib/_bootstrap.py).
"""

import asyncio
import threading
from importlib import import_module

SDK_PARTS = (
    "azure.identity.aio",
    "httpx_aiohttp",
    "kiota_authentication_azure.azure_identity_authentication_provider",
    "kiota_http.httpx_request_adapter",
    "msgraph.generated.base_graph_service_client",
    "msgraph.generated.identity_protection.risky_users.item.risky_user_item_request_builder",
    "msgraph.generated.reports.authentication_methods.authentication_methods_request_builder",
    "msgraph.generated.role_management.directory.role_eligibility_schedules"
    ".role_eligibility_schedules_request_builder",
    "msgraph.generated.users.item.transitive_member_of.graph_group.graph_group_request_builder",
    "msgraph.generated.users.item.transitive_member_of.transitive_member_of_request_builder",
    "msgraph.generated.users.item.user_item_request_builder",
    "stamina",
)
"""What the first call would otherwise import on the critical path."""

_importing = threading.Lock()
_imported = threading.Event()


def import_sdk() -> None:
    """Import ``SDK_PARTS``; whoever comes meanwhile waits until they are there.

    Raises:
        ImportError: a part is missing or broken.
    """
    with _importing:
        for name in SDK_PARTS:
            import_module(name)
    _imported.set()


async def sdk_is_imported() -> None:
    """Wait until the SDK is imported, without holding up the event loop.

    Raises:
        ImportError: a part is missing or broken.
    """
    if not _imported.is_set():
        await asyncio.to_thread(import_sdk)
