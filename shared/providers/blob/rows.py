"""Rows as gzip-compressed JSON Lines, sent block by block, so that memory stays flat.

Rows are compressed as they come; every full block is staged at once and its bytes forgotten.
Nothing is visible before the commit, which creates the blob or finds that somebody else has. What
fits into one block is one upload. Staged blocks of a writer that died are dropped by the service
after a week; block ids carry a number drawn by the writer, so that two writers never mix theirs.
"""

import asyncio
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from pydantic_core import to_json

from shared.errors import NotFound
from shared.models.base import Json, to_utc
from shared.models.message import EvidenceItem
from shared.providers.blob.container import BLOCK_BYTES, BlobContainer

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

ROWS_CONTENT_TYPE = "application/gzip"
"""Not ``Content-Encoding: gzip``: with it clients unpack on the way and the hash does not fit."""
_GZIP = 16 + zlib.MAX_WBITS
"""zlib writes the header of a gzip file, with no time in it: the same rows give the same bytes."""
_COMMIT_SIZE = 64 * 1024
"""Bytes that a commit's list of blocks takes at most for a gigabyte of evidence."""
_LONGEST_REASON = 200


class Finish(Protocol):
    """How a blob becomes an item: the store's part of a commit."""

    async def small(self, name: str, content: bytes, facts: dict[str, str]) -> EvidenceItem:
        """Create the item of bytes that were not staged, or return the one that is there."""
        ...

    async def staged(self, name: str, staged: "Staged", facts: dict[str, str]) -> EvidenceItem:
        """Create the item of staged blocks, or return the one that is there."""
        ...


@dataclass(frozen=True)
class Staged:
    """Blocks that wait to become a blob."""

    block_ids: list[str]
    sha256: str
    size: int


class BlobRowsWriter:
    """A ``RowsWriter`` of one blob."""

    def __init__(
        self,
        container: BlobContainer,
        finish: Finish,
        full_name: str,
        *,
        source: str,
        query: str,
        start: datetime,
    ) -> None:
        self.rows = 0
        self._container, self._finish, self._name = container, finish, full_name
        self._facts = {
            "source": source,
            "start": _exactly(start),
            "query_sha256": hashlib.sha256(query.encode()).hexdigest(),
        }
        self._query = query
        self._pack = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0
        self._writer = uuid4().hex[:16]
        self._blocks: list[str] = []

    async def write(self, rows: Sequence[Json]) -> None:
        """Add rows; full blocks are sent before this returns.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        self._waiting += await asyncio.to_thread(self._compress, rows)
        self.rows += len(rows)
        while len(self._waiting) >= BLOCK_BYTES:
            block = bytes(self._waiting[:BLOCK_BYTES])
            del self._waiting[:BLOCK_BYTES]
            await self._stage(block)

    async def commit(self, *, end: datetime, partial: str = "") -> EvidenceItem:
        """Make the item of everything written; the item that is there already wins.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        self._waiting += self._pack.flush()
        facts = self._facts | {"rows": str(self.rows), "end": _exactly(end)}
        if partial:
            facts["partial"] = partial[:_LONGEST_REASON]
        rest = bytes(self._waiting)
        item = None if self._blocks else await self._make_at_once(rest, facts)
        if item is None:
            await self._stage(rest)
            staged = Staged(self._blocks, self._digest.hexdigest(), self._size)
            item = await self._finish.staged(self._name, staged, facts)
        return item.model_copy(update={"query": self._query})

    async def _make_at_once(self, content: bytes, facts: dict[str, str]) -> EvidenceItem | None:
        """Upload what fits into one block; ``None`` when a dead writer's blocks are in the way.

        A blob that has nothing but uncommitted blocks is there for a condition, and is not there
        for a reader. A list of blocks can be committed to it.
        """
        try:
            return await self._finish.small(self._name, content, facts)
        except NotFound:
            return None

    def _compress(self, rows: Sequence[Json]) -> bytes:
        return b"".join(self._pack.compress(to_line(row)) for row in rows)

    async def _stage(self, block: bytes) -> None:
        block_id = f"{self._writer}-{len(self._blocks):06d}"

        async def stage(client: "ContainerClient") -> None:
            blob = client.get_blob_client(self._name)
            await blob.stage_block(block_id, block, length=len(block), validate_content=True)

        await self._container.write("evidence.put", stage, size=len(block))
        self._blocks.append(block_id)
        self._digest.update(block)
        self._size += len(block)


def _exactly(moment: datetime) -> str:
    """Return a time to the microsecond: the next part begins where this one ended."""
    return to_utc(moment).isoformat(timespec="microseconds")


def to_line(row: Json) -> bytes:
    """Return a row as one line of JSON; the same row gives the same bytes."""
    return to_json(row, inf_nan_mode="strings") + b"\n"


async def commit_blocks(
    container: BlobContainer, full_name: str, staged: Staged, metadata: dict[str, str]
) -> None:
    """Create a blob of staged blocks.

    Raises:
        Conflict: there is a blob of this name already.
        TourniquetError: see ``shared.errors``.
    """
    from azure.core import MatchConditions
    from azure.storage.blob import BlobBlock, ContentSettings

    async def commit(client: "ContainerClient") -> None:
        await client.get_blob_client(full_name).commit_block_list(
            [BlobBlock(block_id) for block_id in staged.block_ids],
            content_settings=ContentSettings(content_type=ROWS_CONTENT_TYPE),
            metadata=metadata,
            match_condition=MatchConditions.IfMissing,
        )

    await container.write("evidence.put", commit, size=_COMMIT_SIZE)
