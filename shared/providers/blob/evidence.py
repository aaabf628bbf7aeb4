"""Evidence as blobs ``<case_id>/<name>``, written once.

Every blob carries the SHA-256 of its bytes, computed here before anything is sent, as metadata,
and their MD5 as a property that storage tools check. Bytes are reproducible: the same rows give
the same file. In the cloud the container has a time-based retention policy (infra).
"""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from pydantic_core import to_json

from shared.errors import Conflict, PermanentError
from shared.models.base import Json, format_utc, parse_utc
from shared.models.message import EvidenceItem
from shared.providers.blob.container import (
    BLOCKS_AT_ONCE,
    VENDOR,
    BlobContainer,
    check_case_id,
)
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
ROWS_CONTENT_TYPE = "application/gzip"
"""Not ``Content-Encoding: gzip``: with it clients unpack on the way and the hash does not fit."""


class BlobEvidenceStore:
    """An ``EvidenceStore`` in one container."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.evidence_container)

    async def put(
        self, case_id: str, name: str, content: bytes, *, content_type: str, source: str
    ) -> EvidenceItem:
        """Store an item once; the same content again gives the same item.

        Other content under the same name is stored beside it: the item's ``name`` then has a part
        of the hash before its extension.

        Raises:
            PermanentError: the case id or name cannot be part of a blob's name.
            TourniquetError: see ``shared.errors``.
        """
        return await self._put(case_id, name, content, content_type, {"source": source})

    async def put_rows(
        self,
        case_id: str,
        name: str,
        rows: Sequence[Json],
        *,
        source: str,
        query: str,
        start: datetime,
        end: datetime,
    ) -> EvidenceItem:
        """Store rows as gzip-compressed JSON Lines, one row a line, in order.

        Raises:
            PermanentError: the case id or name cannot be part of a blob's name.
            TourniquetError: see ``shared.errors``.
        """
        content = await asyncio.to_thread(pack_rows, rows)
        facts = {
            "source": source,
            "rows": str(len(rows)),
            "start": format_utc(start),
            "end": format_utc(end),
            "query_sha256": hashlib.sha256(query.encode()).hexdigest(),
        }
        item = await self._put(case_id, name, content, ROWS_CONTENT_TYPE, facts)
        more = {"rows": len(rows), "query": query, "time_range": (start, end)}
        return item.model_copy(update=more)

    async def get(self, case_id: str, name: str) -> bytes:
        """Return an item's bytes as stored.

        Raises:
            NotFound: there is no such item.
            TourniquetError: see ``shared.errors``.
        """
        full_name = f"{check_case_id(case_id)}/{_check_name(name)}"

        async def download(client: "ContainerClient") -> bytes:
            stream = await client.download_blob(full_name)
            return await stream.readall()

        return await self._container.read("evidence.get", download)

    async def _put(
        self,
        case_id: str,
        name: str,
        content: bytes,
        content_type: str,
        facts: Mapping[str, str],
    ) -> EvidenceItem:
        check_case_id(case_id)
        digest = hashlib.sha256(content).hexdigest()
        collected_at = datetime.now(UTC)
        metadata = {
            **{key: quote(value, safe=":+ ") for key, value in facts.items()},
            "sha256": digest,
            "collected_at": format_utc(collected_at),
        }
        for candidate in (_check_name(name), with_suffix(name, digest[:16])):
            found = await self._create(f"{case_id}/{candidate}", content, content_type, metadata)
            if found.get("sha256") == digest:
                return EvidenceItem(
                    name=candidate,
                    url=self._container.blob(f"{case_id}/{candidate}").url,
                    sha256=digest,
                    size=len(content),
                    source=unquote(found.get("source", metadata["source"])),
                    collected_at=parse_utc(found.get("collected_at", collected_at)),
                )
        raise Conflict("other evidence has this name already", vendor=VENDOR)

    async def _create(
        self, full_name: str, content: bytes, content_type: str, metadata: dict[str, str]
    ) -> dict[str, str]:
        """Create the blob, or leave the one that is there; return the metadata it now has."""
        from azure.storage.blob import ContentSettings

        md5 = bytearray(hashlib.md5(content, usedforsecurity=False).digest())
        settings = ContentSettings(content_type=content_type, content_md5=md5)

        async def upload(client: "ContainerClient") -> None:
            await client.upload_blob(
                full_name,
                content,
                overwrite=False,
                metadata=metadata,
                content_settings=settings,
                max_concurrency=BLOCKS_AT_ONCE,
            )

        async def look(client: "ContainerClient") -> dict[str, str]:
            properties = await client.get_blob_client(full_name).get_blob_properties()
            return dict(properties.metadata)

        try:
            await self._container.write("evidence.put", upload, size=len(content))
        except Conflict:
            return await self._container.read("evidence.properties", look)
        return metadata


def pack_rows(rows: Sequence[Json]) -> bytes:
    """Return the rows as gzip-compressed JSON Lines; the same rows always give the same bytes."""
    lines = b"".join(to_json(row, inf_nan_mode="strings") + b"\n" for row in rows)
    return gzip.compress(lines, compresslevel=6, mtime=0)


def with_suffix(name: str, suffix: str) -> str:
    """Return ``signins-<suffix>.jsonl.gz`` for ``signins.jsonl.gz``, whatever the folder."""
    folder, slash, file = name.rpartition("/")
    stem, dot, extension = file.partition(".")
    return f"{folder}{slash}{stem}-{suffix}{dot}{extension}"


def _check_name(name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > 200:
        raise PermanentError("not a name for evidence", vendor=VENDOR)
    return name
