"""How the vendors answered last, one empty blob for each: its metadata says it.

``dependencies/<vendor>`` in the case container. One listing brings all of them, and there are never
more than there are vendors. Who writes last wins: it is the last that was seen.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from shared.errors import NotFound
from shared.models.base import format_utc
from shared.models.dependency import Seen, latest
from shared.models.measurement import VENDORS
from shared.providers.blob.container import BlobContainer
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

FOLDER = "dependencies/"


class BlobDependencyStates:
    """A ``DependencyStates`` in the container of the case records."""

    def __init__(self, settings: Settings) -> None:
        self._container = BlobContainer(settings, settings.case_container)

    async def put(self, states: Mapping[str, Seen]) -> None:
        """Write states over older ones, with when each began to be so.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        known = await self.read()
        merged = latest({name: one for name, one in known.items() if name in states}, states)
        await asyncio.gather(*(self._write(name, one) for name, one in merged.items()))

    async def read(self) -> dict[str, Seen]:
        """Return the states of all vendors; what is damaged is left out.

        Raises:
            TourniquetError: see ``shared.errors``.
        """

        async def fetch(client: "ContainerClient") -> dict[str, Mapping[str, str]]:
            listing = client.list_blobs(FOLDER, include=["metadata"], results_per_page=100)
            page = await anext(listing.by_page(), None)
            blobs = [] if page is None else [blob async for blob in page]
            return {blob.name.removeprefix(FOLDER): blob.metadata or {} for blob in blobs}

        try:
            found = await self._container.read("dependency.list", fetch)
        except NotFound:
            return {}
        states = {name: _seen(values) for name, values in found.items() if name in VENDORS}
        return {name: one for name, one in states.items() if one is not None}

    async def _write(self, vendor: str, one: Seen) -> None:
        values = {"state": one.state, "since": format_utc(one.since), "at": format_utc(one.at)}
        values |= {"error": one.error} if one.error else {}

        async def upload(client: "ContainerClient") -> None:
            blob = client.get_blob_client(f"{FOLDER}{vendor}")
            await blob.upload_blob(b"", overwrite=True, metadata=values)

        await self._container.write("dependency.put", upload, size=0)


def _seen(values: Mapping[str, str]) -> Seen | None:
    try:
        since, at = (datetime.fromisoformat(values[name]) for name in ("since", "at"))
        return Seen(values["state"], since, at, values.get("error"))
    except (KeyError, ValueError):
        return None
