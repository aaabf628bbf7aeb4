"""When the instances of this app last asked what a vendor limits, one empty blob for each limit.

``turns/<lane>`` in the case container; its metadata has the times. Only one of two instances that
read the same can write: the other one's condition (ETag) does not hold.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from shared.errors import Conflict, NotFound
from shared.providers.blob.container import BlobContainer
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

FOLDER = "turns/"
ANSWER_SECONDS = 1.0
"""Who waits for a turn does not wait longer for storage: without it each instance goes alone."""
_TIMES = "times"


class BlobTurns:
    """A ``SharedTurns`` in the container of the case records."""

    def __init__(self, settings: Settings) -> None:
        once = {
            "call_timeout_seconds": ANSWER_SECONDS,
            "call_budget_seconds": ANSWER_SECONDS,
            "call_attempts": 1,
        }
        self._container = BlobContainer(settings.model_copy(update=once), settings.case_container)

    async def read(self, lane: str) -> tuple[list[float], str | None]:
        """Return the newest turns, oldest first, in seconds of Unix time, and their version.

        A blob that is damaged counts as one without turns, and is written anew.

        Raises:
            TourniquetError: see ``shared.errors``.
        """

        async def look(client: "ContainerClient") -> tuple[str, str]:
            properties = await client.get_blob_client(FOLDER + lane).get_blob_properties()
            return (properties.metadata or {}).get(_TIMES, ""), str(properties.etag)

        try:
            text, version = await self._container.read("turns.get", look)
        except NotFound:
            return [], None
        return _parse(text), version

    async def write(self, lane: str, turns: Sequence[float], version: str | None) -> bool:
        """Write turns over those of ``version`` (``None``: there were none).

        Returns:
            Whether nobody else has written since.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        from azure.core import MatchConditions

        condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
        if version is not None:
            condition = {"etag": version, "match_condition": MatchConditions.IfNotModified}
        metadata = {_TIMES: ",".join(map(repr, turns))}

        async def upload(client: "ContainerClient") -> None:
            blob = client.get_blob_client(FOLDER + lane)
            await blob.upload_blob(b"", overwrite=True, metadata=metadata, **condition)

        try:
            await self._container.write("turns.put", upload, size=0)
        except Conflict:
            return False
        return True


def _parse(text: str) -> list[float]:
    try:
        found = [float(turn) for turn in text.split(",")]
    except ValueError:
        return []
    return sorted(turn for turn in found if math.isfinite(turn))
