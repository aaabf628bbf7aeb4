"""One blob container: the SDK's client behind our deadlines, retries and errors."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.errors import NotConfigured, NotFound, PermanentError, RetryableError
from shared.providers.azure import SDK_OPTIONS, error_from_azure, transport
from shared.providers.credentials import get_credential
from shared.providers.loops import PerLoop
from shared.providers.retry import CallPolicy, call_with_retries
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.storage.blob.aio import BlobClient, ContainerClient

VENDOR = "blob"
BYTES_PER_SECOND = 2 * 1024 * 1024
"""Slowest pace at which a large blob is still given time to travel."""
BLOCK_BYTES = 1024 * 1024
"""Larger blobs travel in blocks of this size, so that no write holds up the event loop (aiohttp
writes one body in one go, and warns above 1 MiB)."""
BLOCKS_AT_ONCE = 4
CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class ContainerMissingError(NotFound):
    """The container itself does not exist."""


class BlobContainer:
    """A container; it is made when something is to be written and it is not there.

    In the cloud the deployment makes it, so that no call is spent on asking.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self.name = name
        self._settings = settings
        self._policy = CallPolicy.from_settings(settings)
        self._client = PerLoop(self._build)

    def _build(self) -> "ContainerClient":
        from azure.storage.blob.aio import ContainerClient

        url = self._settings.blob_url
        if not url:
            raise NotConfigured("TOURNIQUET_BLOB_URL is not set", vendor=VENDOR)
        if not url.startswith("https://"):
            raise NotConfigured("TOURNIQUET_BLOB_URL must start with https://", vendor=VENDOR)
        return ContainerClient(
            url,
            self.name,
            credential=get_credential(),
            transport=transport(VENDOR),
            max_single_put_size=BLOCK_BYTES,
            max_block_size=BLOCK_BYTES,
            **SDK_OPTIONS,
        )

    def blob(self, name: str) -> "BlobClient":
        """Return the SDK's client of one blob; no I/O."""
        return self._client.get().get_blob_client(name)

    async def read[T](self, operation: str, work: "Callable[[ContainerClient], Awaitable[T]]") -> T:
        """Run ``work`` with retries.

        Raises:
            NotConfigured: no storage account is configured.
            NotFound: there is no such blob (or container).
            Conflict: a condition (ETag) did not hold.
            TourniquetError: see ``shared.errors``.
        """
        return await self._run(operation, work, self._policy)

    async def write[T](
        self, operation: str, work: "Callable[[ContainerClient], Awaitable[T]]", *, size: int
    ) -> T:
        """Like :meth:`read`, with time for ``size`` bytes, and a new container if need be."""
        extra = size / BYTES_PER_SECOND
        policy = replace(
            self._policy,
            attempt_timeout=self._policy.attempt_timeout + extra,
            budget=self._policy.budget + extra,
        )
        try:
            return await self._run(operation, work, policy)
        except ContainerMissingError:
            await self._run("container.create", _create, self._policy)
            return await self._run(operation, work, policy)

    async def _run[T](
        self,
        operation: str,
        work: "Callable[[ContainerClient], Awaitable[T]]",
        policy: CallPolicy,
    ) -> T:
        from azure.core.exceptions import AzureError

        client = self._client.get()

        async def once() -> T:
            try:
                return await work(client)
            except AzureError as error:
                raise _to_error(error, operation) from error

        return await call_with_retries(once, policy, vendor=VENDOR, operation=operation)


def check_case_id(case_id: str) -> str:
    """Return the case id if it can be a folder's name.

    Raises:
        PermanentError: it cannot.
    """
    if not CASE_ID.fullmatch(case_id) or ".." in case_id:
        raise PermanentError("not a case id", vendor=VENDOR)
    return case_id


async def _create(client: "ContainerClient") -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        await client.create_container()
    except ResourceExistsError as error:
        if getattr(error, "error_code", "") != "ContainerAlreadyExists":
            raise


def _to_error(error: "AzureError", operation: str) -> Exception:
    code = getattr(error, "error_code", None)
    if code == "ContainerNotFound":
        return ContainerMissingError(
            "the container does not exist", vendor=VENDOR, operation=operation, status=404
        )
    if code == "ContainerBeingDeleted":
        return RetryableError(
            "the container is being deleted", vendor=VENDOR, operation=operation, status=409
        )
    return error_from_azure(error, vendor=VENDOR, operation=operation)
