"""A list of blocked addresses that firewalls fetch by themselves (``GET /api/block-list``).

It is one blob beside the case records; its ETag guards against lost updates. Every entry has its
expiry and is served no longer than that, even if nobody ever lifts it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field

from shared.errors import Conflict, NotFound, PermanentError, RetryableError
from shared.models.base import Model
from shared.models.firewall import BlockAnswer, WantedBlock
from shared.models.message import BlockState
from shared.providers.addresses import parse_address, public_address
from shared.providers.blob.container import BlobContainer
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

NAME = "block_list"
BLOB = "block-list/list.json"
"""In the container of the cases, apart from them."""
RULE_ID = "block-list"
MOST_ENTRIES = 50_000
"""The smallest Palo Alto firewall takes that many addresses of all its lists together; a
FortiGate takes 131,072 entries of one."""


class _List(Model):
    """The blob's content: entries by address."""

    entries: dict[str, WantedBlock] = Field(default_factory=dict)

    def valid(self, now: datetime) -> dict[str, WantedBlock]:
        """Return the entries whose time is not over."""
        return {key: one for key, one in self.entries.items() if one.until > now}


class HostedBlockList:
    """A ``Firewall`` and a ``BlockList``: what is on the list, and the list itself."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.case_container)

    def why_not(self, address: str) -> str | None:
        """Return why the address can never be on the list (not a public one), or ``None``."""
        try:
            public_address(address, vendor=NAME)
        except PermanentError as error:
            return str(error.args[0])
        return None

    async def list_addresses(self) -> list[str]:
        """Return the addresses that are blocked now, in a stable order.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        found, _etag = await self._read()
        return sorted(found.valid(datetime.now(UTC)), key=_order)

    async def get_block(self, address: str) -> BlockState:
        """Return whether the address is on the list; firewalls see it at their next poll.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        found, _etag = await self._read()
        present = _plain(address) in found.valid(datetime.now(UTC))
        return BlockState(
            rule_id=RULE_ID,
            present=present,
            provisioned=True,
            detail="firewalls follow at their next poll",
        )

    async def change(
        self, block: Sequence[WantedBlock], lift: Sequence[str]
    ) -> dict[str, BlockAnswer]:
        """Write the list anew, unless it is so already; what is over is dropped on the way.

        Raises:
            RetryableError: somebody else wrote it meanwhile; try again.
        """
        found, etag = await self._read()
        entries = found.valid(datetime.now(UTC))
        for address in lift:
            entries.pop(_plain(address), None)
        answers = {address: BlockAnswer(rule_id=RULE_ID) for address in lift}
        for one in block:
            key = _plain(one.address)
            why = self.why_not(one.address)
            if why is None and key not in entries and len(entries) >= MOST_ENTRIES:
                why = f"the list is full ({MOST_ENTRIES} addresses)"
            if why is None:
                entries[key] = one
            answers[one.address] = BlockAnswer(rule_id="" if why else RULE_ID, refused=why)
        if entries != found.entries:
            await self._write(entries, etag)
        return answers

    async def _read(self) -> tuple[_List, str | None]:
        async def download(client: "ContainerClient") -> tuple[bytes, str]:
            stream = await client.download_blob(BLOB)
            return await stream.readall(), str(stream.properties.etag)

        try:
            content, etag = await self._container.read("block-list.get", download)
        except NotFound:
            return _List(), None
        try:
            return _List.model_validate_json(content), etag
        except ValueError as error:
            message = "the block list is damaged"
            raise PermanentError(message, vendor=NAME, operation="block-list.get") from error

    async def _write(self, entries: Mapping[str, WantedBlock], etag: str | None) -> None:
        from azure.core import MatchConditions
        from azure.storage.blob import ContentSettings

        content = json.dumps(_List(entries=dict(entries)).to_json(), sort_keys=True).encode()

        async def upload(client: "ContainerClient") -> None:
            blob = client.get_blob_client(BLOB)
            settings = ContentSettings(content_type="application/json")
            if etag is None:
                await blob.upload_blob(content, overwrite=False, content_settings=settings)
                return
            await blob.upload_blob(
                content,
                overwrite=True,
                etag=etag,
                match_condition=MatchConditions.IfNotModified,
                content_settings=settings,
            )

        try:
            await self._container.write("block-list.put", upload, size=len(content))
        except Conflict as error:
            message = f"the block list was written by somebody else meanwhile: {error}"
            raise RetryableError(message, vendor=NAME, operation="block-list.put") from error


def _plain(address: str) -> str:
    return str(parse_address(address, vendor=NAME))


def _order(address: str) -> tuple[int, int]:
    parsed = parse_address(address, vendor=NAME)
    return parsed.version, int(parsed)
