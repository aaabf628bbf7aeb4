"""Which cases an address hit, as small blobs in folders of seven days.

``campaigns/<period>/hits/<key>/<case id>.json`` is one case, described by the blob's metadata, so
that one listing brings all of them; ``campaigns/<period>/claims/<key>/<name>.json`` says who was
first. ``period`` counts seven days, so that the last seven days are in two folders, and older
folders, which a listing brings first, are thrown away by whoever comes by.
"""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.base import Json
from shared.providers.blob.container import VENDOR, BlobContainer, check_case_id
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import ContainerClient

FOLDER = "campaigns"
PERIOD = timedelta(days=7)
MOST_LISTED = 1_000
"""Cases of one address and period that are looked at."""
MOST_SWEPT = 50
"""Old blobs that one sweep throws away: more than one case leaves behind, so they never pile up."""
LONGEST_VALUE = 140
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"[0-9a-f]{16}")


class BlobCampaigns:
    """A ``Campaigns`` in the container of the case records."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.case_container)

    async def put_hit(self, key: str, hit: Json, *, at: datetime) -> None:
        """Register a case under its address; the same case again changes nothing.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        name = f"{_folder(at, 'hits', key)}{check_case_id(hit['case_id'])}.json"
        values = {field: quote(str(value)[:LONGEST_VALUE], safe="") for field, value in hit.items()}
        await self._create(name, b"{}", values)

    async def list_hits(self, key: str, *, at: datetime) -> list[Json]:
        """Return the hits of this and the last period, at most ``MOST_LISTED`` of each.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        pages = await asyncio.gather(self._list(key, at), self._list(key, at - PERIOD))
        found = [
            {field: unquote(value) for field, value in (blob.metadata or {}).items()}
            for page in pages
            for blob in page
        ]
        return list({one["case_id"]: one for one in found if "case_id" in one}.values())

    async def claim(self, key: str, name: str, case_id: str, *, at: datetime) -> str:
        """Return the case that was the first to claim ``name`` in this and the last period.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        before = await self._claimant(
            f"{_folder(at - PERIOD, 'claims', key)}{check_case_id(name)}.json"
        )
        if before is not None:
            return before
        full_name = f"{_folder(at, 'claims', key)}{check_case_id(name)}.json"
        await self._create(full_name, json.dumps({"case_id": case_id}).encode(), {})
        return await self._claimant(full_name) or case_id

    async def sweep(self, *, at: datetime) -> int:
        """Throw away up to ``MOST_SWEPT`` blobs of periods that count no longer.

        Raises:
            TourniquetError: see ``shared.errors``.
        """

        async def oldest(client: "ContainerClient") -> list[str]:
            names = client.list_blob_names(
                name_starts_with=f"{FOLDER}/", results_per_page=MOST_SWEPT
            )
            page = await anext(names.by_page(), None)
            return [] if page is None else [name async for name in page]

        try:
            names = await self._container.read("campaign.list", oldest)
        except NotFound:
            return 0
        old = [name for name in names if name < f"{FOLDER}/{_period(at - PERIOD)}/"]
        await asyncio.gather(*(self._delete(name) for name in old))
        return len(old)

    async def _list(self, key: str, at: datetime) -> "list[BlobProperties]":
        prefix = _folder(at, "hits", key)

        async def fetch(client: "ContainerClient") -> "list[BlobProperties]":
            listing = client.list_blobs(prefix, include=["metadata"], results_per_page=MOST_LISTED)
            page = await anext(listing.by_page(), None)
            return [] if page is None else [blob async for blob in page]

        try:
            return await self._container.read("campaign.list", fetch)
        except NotFound:
            return []

    async def _create(self, name: str, content: bytes, metadata: dict[str, str]) -> None:
        """Create a blob, or leave the one that is there."""
        from azure.storage.blob import ContentSettings

        async def upload(client: "ContainerClient") -> None:
            await client.get_blob_client(name).upload_blob(
                content,
                overwrite=False,
                metadata=metadata,
                content_settings=ContentSettings(content_type="application/json"),
            )

        try:
            await self._container.write("campaign.put", upload, size=len(content))
        except Conflict:
            return

    async def _claimant(self, name: str) -> str | None:
        async def download(client: "ContainerClient") -> bytes:
            return await (await client.download_blob(name)).readall()

        try:
            content = await self._container.read("campaign.get", download)
        except NotFound:
            return None
        try:
            claim: Any = json.loads(content)
            return str(claim["case_id"])
        except (ValueError, RecursionError, KeyError, TypeError):
            raise PermanentError("a claim is damaged", vendor=VENDOR) from None

    async def _delete(self, name: str) -> None:
        async def delete(client: "ContainerClient") -> None:
            await client.get_blob_client(name).delete_blob()

        try:
            await self._container.write("campaign.delete", delete, size=0)
        except NotFound:
            return


def _period(at: datetime) -> str:
    return f"{(at - _EPOCH) // PERIOD:06d}"


def _folder(at: datetime, kind: str, key: str) -> str:
    if not _KEY.fullmatch(key):
        raise PermanentError("not the key of an address", vendor=VENDOR)
    return f"{FOLDER}/{_period(at)}/{kind}/{key}/"
