"""Evidence as blobs ``<case_id>/<name>``, written once.

Every blob carries the SHA-256 of its bytes, computed here before anything is sent, as metadata,
and their MD5 as a property that storage tools check. Bytes are reproducible: the same rows give
the same file. In the cloud the container has a time-based retention policy (infra).
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.base import format_utc, parse_utc
from shared.models.evidence import COLLECTOR
from shared.models.message import EvidenceItem
from shared.providers.blob.container import (
    BLOCKS_AT_ONCE,
    VENDOR,
    BlobContainer,
    check_case_id,
)
from shared.providers.blob.rows import ROWS_CONTENT_TYPE, BlobRowsWriter, Staged, commit_blocks
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
READ_BYTES = 4 * 1024 * 1024
"""Bytes of an item that are in memory at a time while it is read through."""


class BlobEvidenceStore:
    """An ``EvidenceStore`` in one container."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.evidence_container)

    async def put(
        self,
        case_id: str,
        name: str,
        content: bytes,
        *,
        content_type: str,
        source: str,
        beside: bool = True,
    ) -> EvidenceItem:
        """Store an item once; the same content again gives the same item.

        Other content under the same name is stored beside it: the item's ``name`` then has a part
        of the hash before its extension.

        Raises:
            Conflict: other content has this name, and it was not to be stored beside it.
            PermanentError: the case id or name cannot be part of a blob's name.
            TourniquetError: see ``shared.errors``.
        """
        digest = hashlib.sha256(content).hexdigest()
        names = [name, with_suffix(name, digest[:16])] if beside else [name]
        for candidate in names:
            full_name = _full_name(case_id, candidate)
            item = await self._create(full_name, content, content_type, {"source": source})
            if item.sha256 == digest:
                return item
        raise Conflict("other evidence has this name already", vendor=VENDOR)

    def write_rows(
        self, case_id: str, name: str, *, source: str, query: str, start: datetime
    ) -> BlobRowsWriter:
        """Return a writer of rows as gzip-compressed JSON Lines, one row a line, in order.

        Raises:
            PermanentError: the case id or name cannot be part of a blob's name.
        """
        full_name = _full_name(case_id, name)
        return BlobRowsWriter(
            self._container, self, full_name, source=source, query=query, start=start
        )

    async def get(self, case_id: str, name: str) -> bytes:
        """Return an item's bytes as stored.

        Raises:
            NotFound: there is no such item.
            TourniquetError: see ``shared.errors``.
        """
        full_name = _full_name(case_id, name)

        async def download(client: "ContainerClient") -> bytes:
            stream = await client.download_blob(full_name)
            return await stream.readall()

        return await self._container.read("evidence.get", download)

    async def read(self, case_id: str, name: str) -> AsyncIterator[bytes]:
        """Return an item's bytes in parts of at most 4 MiB.

        Raises:
            NotFound: there is no such item.
            TourniquetError: see ``shared.errors``.
        """
        full_name = _full_name(case_id, name)
        size = (await self._look(full_name)).size
        for offset in range(0, size, READ_BYTES):

            async def part(client: "ContainerClient", offset: int = offset) -> bytes:
                length = min(READ_BYTES, size - offset)
                stream = await client.download_blob(full_name, offset=offset, length=length)
                return await stream.readall()

            yield await self._container.read("evidence.get", part)

    async def list_items(self, case_id: str) -> list[EvidenceItem]:
        """Return what is stored about a case, by name; what others put there has no hash.

        Raises:
            NotFound: nothing was ever stored, not even the container.
            TourniquetError: see ``shared.errors``.
        """
        prefix = f"{check_case_id(case_id)}/"

        async def walk(client: "ContainerClient") -> list[Any]:
            found = client.list_blobs(name_starts_with=prefix, include=["metadata"])
            return [one async for one in found]

        blobs = await self._container.read("evidence.list", walk)
        return [self._item(one.name, one) for one in blobs]

    async def small(self, name: str, content: bytes, facts: dict[str, str]) -> EvidenceItem:
        """Create the item of a few rows, or return the one that is there."""
        return await self._create(name, content, ROWS_CONTENT_TYPE, facts)

    async def staged(self, name: str, staged: Staged, facts: dict[str, str]) -> EvidenceItem:
        """Create the item of staged blocks, or return the one that is there."""
        metadata = _metadata(facts, staged.sha256)
        try:
            await commit_blocks(self._container, name, staged, metadata)
        except (Conflict, PermanentError) as error:
            # The service may miss the blocks before it looks at the condition: whoever was first
            # has made the blob, and with that all other blocks were dropped.
            try:
                return await self._look(name)
            except NotFound:
                raise error from None
        return self._made(name, staged.size, metadata)

    async def _create(
        self, full_name: str, content: bytes, content_type: str, facts: Mapping[str, str]
    ) -> EvidenceItem:
        """Create the blob, or leave the one that is there; return the item that is there now."""
        from azure.storage.blob import ContentSettings

        md5 = bytearray(hashlib.md5(content, usedforsecurity=False).digest())
        settings = ContentSettings(content_type=content_type, content_md5=md5)
        metadata = _metadata(facts, hashlib.sha256(content).hexdigest())

        async def upload(client: "ContainerClient") -> None:
            await client.upload_blob(
                full_name,
                content,
                overwrite=False,
                metadata=metadata,
                content_settings=settings,
                max_concurrency=BLOCKS_AT_ONCE,
            )

        try:
            await self._container.write("evidence.put", upload, size=len(content))
        except Conflict:
            return await self._look(full_name)
        return self._made(full_name, len(content), metadata)

    async def _look(self, full_name: str) -> EvidenceItem:
        async def look(client: "ContainerClient") -> Any:
            return await client.get_blob_client(full_name).get_blob_properties()

        return self._item(full_name, await self._container.read("evidence.properties", look))

    def _item(self, full_name: str, properties: Any) -> EvidenceItem:
        metadata = dict(properties.metadata or {})
        metadata.setdefault("collected_at", format_utc(properties.last_modified))
        return self._made(full_name, int(properties.size), metadata)

    def _made(self, full_name: str, size: int, metadata: Mapping[str, str]) -> EvidenceItem:
        known = {key.lower(): unquote(value) for key, value in metadata.items()}
        times = [known.get("start"), known.get("end")]
        return EvidenceItem(
            name=full_name.partition("/")[2],
            url=self._container.blob(full_name).url,
            sha256=known.get("sha256", ""),
            size=size,
            rows=int(known["rows"]) if known.get("rows", "").isdigit() else None,
            source=known.get("source", "not known"),
            time_range=(parse_utc(times[0]), parse_utc(times[1]))
            if times[0] and times[1]
            else None,
            partial=known.get("partial", ""),
            collector=known.get("collector", ""),
            collected_at=parse_utc(known["collected_at"]),
        )


def _metadata(facts: Mapping[str, str], digest: str) -> dict[str, str]:
    stamps = {
        "sha256": digest,
        "collector": COLLECTOR,
        "collected_at": format_utc(datetime.now(UTC)),
    }
    return {key: quote(value, safe=":+ ") for key, value in {**facts, **stamps}.items()}


def with_suffix(name: str, suffix: str) -> str:
    """Return ``signins-<suffix>.jsonl.gz`` for ``signins.jsonl.gz``, whatever the folder."""
    folder, slash, file = name.rpartition("/")
    stem, dot, extension = file.partition(".")
    return f"{folder}{slash}{stem}-{suffix}{dot}{extension}"


def _full_name(case_id: str, name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > 200:
        raise PermanentError("not a name for evidence", vendor=VENDOR)
    return f"{check_case_id(case_id)}/{name}"
