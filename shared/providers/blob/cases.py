"""Case records as blobs ``<case_id>/record.json``; the blob's ETag guards against lost updates.

A summary of the case is kept as the blob's metadata, so that a list of cases is one call and no
download. Metadata travels as HTTP headers, so values are percent-encoded.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.base import Json, format_utc
from shared.models.query import CasePage
from shared.providers.blob.container import (
    VENDOR,
    BlobContainer,
    ContainerMissingError,
    check_case_id,
)
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import ContainerClient

FILE = "record.json"
CLAIMS = "effects"
"""Folder of the claims, apart from the cases, so that the list of cases is not thinned out."""
CASE_PREFIX = "case-"
SUMMARY = ("case_id", "status", "confidence", "account", "title", "updated_at")
LONGEST_VALUE = 140
"""Characters of a summary value: at twelve bytes each when encoded, the four free texts stay below
the 8 KB that all metadata of a blob may have."""
LARGEST_PAGE = 500


class BlobCaseStore:
    """A ``CaseStore`` in one container."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.case_container)

    async def load(self, case_id: str) -> tuple[Json, str] | None:
        """Return the record and its ETag, or ``None`` when there is none.

        Raises:
            PermanentError: the blob is not a record.
            TourniquetError: see ``shared.errors``.
        """
        full_name = _name(case_id)

        async def download(client: "ContainerClient") -> tuple[bytes, str]:
            stream = await client.download_blob(full_name)
            return await stream.readall(), str(stream.properties.etag)

        try:
            content, etag = await self._container.read("record.get", download)
        except NotFound:
            return None
        return _parse(content), etag

    async def save(self, case_id: str, record: Json, *, etag: str | None) -> str:
        """Write the record and return its new ETag.

        A write whose answer was lost and that is then refused, because it has happened, is
        recognised by the hash of the record and succeeds.

        Raises:
            Conflict: the record changed since ``etag``, or exists although ``etag`` is ``None``.
            TourniquetError: see ``shared.errors``.
        """
        full_name = _name(case_id)
        content = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        metadata = {**to_metadata(case_id, record), "sha256": digest}
        try:
            return await self._upload(full_name, content, metadata, etag)
        except Conflict:
            try:
                found, current = await self._properties(full_name)
            except NotFound:
                found, current = {}, ""
            if found.get("sha256") == digest:
                return current
            raise

    async def claim(self, case_id: str, name: str, facts: Json) -> Json | None:
        """Record that ``name`` is about to be done; ``None`` for the first to do so.

        Raises:
            PermanentError: the claim that is there is damaged.
            TourniquetError: see ``shared.errors``.
        """
        content = json.dumps(facts, separators=(",", ":")).encode()
        try:
            await self._upload(_claim_name(case_id, name), content, {}, None)
        except Conflict:
            return await self._read_claim(case_id, name)
        return None

    async def get_claim(self, case_id: str, name: str) -> Json | None:
        """Return the facts of a claim, or ``None`` when nobody has claimed it.

        Raises:
            PermanentError: the claim that is there is damaged.
            TourniquetError: see ``shared.errors``.
        """
        try:
            return await self._read_claim(case_id, name)
        except NotFound:
            return None

    async def _read_claim(self, case_id: str, name: str) -> Json:
        full_name = _claim_name(case_id, name)

        async def download(client: "ContainerClient") -> bytes:
            return await (await client.download_blob(full_name)).readall()

        return _parse(await self._container.read("claim.get", download))

    async def list_cases(self, *, page_size: int, token: str | None) -> CasePage:
        """Return one page of summaries, newest first within the page.

        Raises:
            PermanentError: ``token`` is not one of ours.
            TourniquetError: see ``shared.errors``.
        """
        size = min(max(page_size, 1), LARGEST_PAGE)
        marker = _decode_token(token) if token else None

        async def fetch(client: "ContainerClient") -> "tuple[list[BlobProperties], str | None]":
            listing = client.list_blobs(CASE_PREFIX, include=["metadata"], results_per_page=size)
            pages: Any = listing.by_page(marker)  # typed without its continuation_token
            page = await anext(pages, None)
            blobs = [] if page is None else [blob async for blob in page]
            return blobs, pages.continuation_token or None

        try:
            blobs, following = await self._container.read("record.list", fetch)
        except ContainerMissingError:
            return CasePage()
        cases = [from_metadata(b.metadata or {}) for b in blobs if b.name.endswith(f"/{FILE}")]
        cases.sort(key=lambda case: case["updated_at"] or "", reverse=True)
        return CasePage(cases=cases, next_token=_encode_token(following) if following else None)

    async def _upload(
        self, full_name: str, content: bytes, metadata: dict[str, str], etag: str | None
    ) -> str:
        from azure.core import MatchConditions
        from azure.storage.blob import ContentSettings

        condition: dict[str, Any] = {"overwrite": False}
        if etag is not None:
            condition = {
                "overwrite": True,
                "etag": etag,
                "match_condition": MatchConditions.IfNotModified,
            }

        async def upload(client: "ContainerClient") -> str:
            answer = await client.get_blob_client(full_name).upload_blob(
                content,
                metadata=metadata,
                content_settings=ContentSettings(content_type="application/json"),
                **condition,
            )
            return str(answer["etag"])

        return await self._container.write("record.put", upload, size=len(content))

    async def _properties(self, full_name: str) -> tuple[dict[str, str], str]:
        async def look(client: "ContainerClient") -> tuple[dict[str, str], str]:
            properties = await client.get_blob_client(full_name).get_blob_properties()
            return dict(properties.metadata), str(properties.etag)

        return await self._container.read("record.properties", look)


def to_metadata(case_id: str, record: Json) -> dict[str, str]:
    """Return the summary of a record as blob metadata; what is not known is left out."""
    account = record.get("account") or {}
    incident = record.get("incident") or {}
    verdict = record.get("verdict") or {}
    summary = {
        "case_id": case_id,
        "status": record.get("status"),
        "confidence": verdict.get("compromise_confidence_score"),
        "account": account.get("user_principal_name") or account.get("user_id"),
        "title": incident.get("title"),
        "updated_at": format_utc(datetime.now(UTC)),
    }
    return {
        key: quote(str(value)[:LONGEST_VALUE], safe="")
        for key, value in summary.items()
        if value not in (None, "")
    }


def from_metadata(metadata: Mapping[str, str]) -> Json:
    """Return the summary that blob metadata holds, ``None`` for what it does not."""
    return {key: unquote(metadata[key]) if key in metadata else None for key in SUMMARY}


def _claim_name(case_id: str, name: str) -> str:
    return f"{CLAIMS}/{check_case_id(case_id)}/{name}.json"


def _name(case_id: str) -> str:
    return f"{check_case_id(case_id)}/{FILE}"


def _parse(content: bytes) -> Json:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise PermanentError("the case record is damaged", vendor=VENDOR, operation="record.get")
    return record


def _encode_token(marker: str) -> str:
    return base64.urlsafe_b64encode(marker.encode()).decode().rstrip("=")


def _decode_token(token: str) -> str:
    try:
        padded = token + "=" * (-len(token) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise PermanentError("not a page token", vendor=VENDOR, operation="record.list") from error
