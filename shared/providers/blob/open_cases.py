"""Which case answers for an account now, as blobs beside the records.

``open/<account key>.json`` names the open case; only one writer can create it. Incidents that join
wait under ``joining/<case id>/``, one blob each, so that a storm of them never contends for one.
"""

import json
import logging
from typing import TYPE_CHECKING, Any

from shared.errors import Conflict, NotFound, PermanentError
from shared.models.base import Json, parse_utc
from shared.providers.blob.container import (
    CASE_ID,
    VENDOR,
    BlobContainer,
    check_case_id,
)
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

_log = logging.getLogger("tourniquet.providers")

OPEN = "open"
JOINING = "joining"
MOST_LISTED = 1_000
"""Waiting incidents that one look takes; the next look takes the others."""


class BlobOpenCases:
    """An ``OpenCases`` in the container of the case records."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.case_container)

    async def claim(self, account_key: str, claim: Json) -> Json | None:
        """Make a case the account's open one; ``None`` when it is, else the claim that is there.

        One that is damaged counts as none: it would keep every later incident from joining.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        name = f"{OPEN}/{check_case_id(account_key)}.json"
        for _attempt in range(3):
            try:
                await self._put(name, claim)
            except Conflict:
                found = await self._get(name)
                if found and _names_a_case(found[0]):
                    return found[0]
                if found:
                    _log.error("the claim on account %s is damaged, made anew", account_key)
                    await self._delete(name, etag=found[1])
                continue
            return None
        raise Conflict("the account's case changes all the time", vendor=VENDOR, operation="claim")

    async def holder(self, account_key: str) -> Json | None:
        """Return the claim of the account's open case, or ``None``.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        found = await self._get(f"{OPEN}/{check_case_id(account_key)}.json")
        return found[0] if found and _names_a_case(found[0]) else None

    async def release(self, account_key: str, case_id: str) -> None:
        """End the claim, if it is still this case's; a later case's claim is left alone.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        name = f"{OPEN}/{check_case_id(account_key)}.json"
        found = await self._get(name)
        if found is None or found[0].get("case_id") != case_id:
            return
        await self._delete(name, etag=found[1])

    async def put_joining(self, case_id: str, name: str, incident: Json) -> None:
        """Let an incident wait for the case; under the same name again it changes nothing.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        try:
            await self._put(_joining(case_id, name), incident)
        except Conflict:
            return

    async def list_joining(self, case_id: str) -> list[str]:
        """Return the names of the waiting incidents in order, at most ``MOST_LISTED``.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        prefix = f"{JOINING}/{check_case_id(case_id)}/"

        async def fetch(client: "ContainerClient") -> list[str]:
            pages = client.list_blob_names(name_starts_with=prefix, results_per_page=MOST_LISTED)
            page = await anext(pages.by_page(), None)
            return [] if page is None else [name async for name in page]

        try:
            names = await self._container.read("joining.list", fetch)
        except NotFound:
            return []
        return [name.removeprefix(prefix).removesuffix(".json") for name in names]

    async def get_joining(self, case_id: str, name: str) -> Json | None:
        """Return one waiting incident, ``None`` when it has been taken away.

        Raises:
            PermanentError: what waits there is damaged.
            TourniquetError: see ``shared.errors``.
        """
        found = await self._get(_joining(case_id, name))
        if found and not found[0]:
            raise PermanentError("it is damaged", vendor=VENDOR, operation="joining.get")
        return found[0] if found else None

    async def drop_joining(self, case_id: str, name: str) -> None:
        """Take a waiting incident away; one that is not there is fine.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        await self._delete(_joining(case_id, name))

    async def _put(self, name: str, content: Json) -> None:
        from azure.storage.blob import ContentSettings

        text = json.dumps(content, separators=(",", ":")).encode()

        async def upload(client: "ContainerClient") -> None:
            await client.get_blob_client(name).upload_blob(
                text,
                overwrite=False,
                content_settings=ContentSettings(content_type="application/json"),
            )

        try:
            await self._container.write("open_case.put", upload, size=len(text))
        except Conflict:
            # A write whose answer was lost is refused when it is tried again: it has happened.
            found = await self._get(name)
            if found is None or found[0] != content:
                raise

    async def _get(self, name: str) -> tuple[Json, str] | None:
        async def download(client: "ContainerClient") -> tuple[bytes, str]:
            stream = await client.download_blob(name)
            return await stream.readall(), str(stream.properties.etag)

        try:
            content, etag = await self._container.read("open_case.get", download)
        except NotFound:
            return None
        return _parse(content), etag

    async def _delete(self, name: str, *, etag: str | None = None) -> None:
        from azure.core import MatchConditions

        condition: dict[str, Any] = {}
        if etag is not None:
            condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}

        async def delete(client: "ContainerClient") -> None:
            await client.get_blob_client(name).delete_blob(**condition)

        try:
            await self._container.write("open_case.delete", delete, size=0)
        except NotFound:
            return
        except Conflict:
            # Somebody else's claim is there by now.
            return


def _joining(case_id: str, name: str) -> str:
    if not CASE_ID.fullmatch(name):
        raise PermanentError("not a name of an incident", vendor=VENDOR, operation="joining")
    return f"{JOINING}/{check_case_id(case_id)}/{name}.json"


def _names_a_case(claim: Json) -> bool:
    try:
        check_case_id(claim["case_id"])
        parse_utc(claim["opened_at"])
    except (KeyError, TypeError, ValueError, PermanentError):
        return False
    return True


def _parse(content: bytes) -> Json:
    """Return the object; an empty one when the content is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
