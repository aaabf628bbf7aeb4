"""What activities share: the clock, the stored record, and turning failures into sentences."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from shared.bootstrap import get_providers
from shared.case_links import with_signed_links
from shared.errors import PermissionDenied, RetryableError, TourniquetError
from shared.models.base import Json
from shared.permissions import permissions_for
from shared.settings import get_settings

_log = logging.getLogger("tourniquet.activities")


def utc_now() -> datetime:
    """Return the wall clock as aware UTC."""
    return datetime.now(UTC)


async def read_record(payload: Json) -> Json:
    """Return the record that texts for people are made from, with links that open their pages.

    It is the stored one, or the one that came along for the case that storage is away.

    Raises:
        RetryableError: there is none yet.
        TourniquetError: storage is away, and none came along.
    """
    known: Json | None = payload.get("record")
    try:
        found = await get_providers().require("cases").load(payload["case_id"])
    except TourniquetError:
        if known is None:
            raise
        found = None
    record = found[0] if found else known
    if record is None:
        raise RetryableError("the case record is not there yet", operation="load_case")
    return with_signed_links(record, get_settings())


@dataclass
class Parts:
    """Results of several independent reads, and a note for each that failed."""

    results: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.results.get(name)


def explain(error: BaseException) -> str:
    """Return one line about a failure: a provider's own words, or the kind of an unexpected one.

    A refusal (403) also names what the operation needs.

    The text of an unexpected exception stays in the log: it may quote data.
    """
    if isinstance(error, PermissionDenied) and error.status == HTTPStatus.FORBIDDEN:
        needed = permissions_for(error.vendor, error.operation)
        said = error.describe().rstrip(". ")
        return f"{said}; it needs {' or '.join(needed)}" if needed else error.describe()
    if isinstance(error, TourniquetError):
        return error.describe()
    _log.error("unexpected failure", exc_info=error)
    return f"unexpected {type(error).__name__} (see the application log)"


async def gather_parts(calls: dict[str, Awaitable[Any]]) -> Parts:
    """Await independent reads together; a failing one becomes a note and never stops the rest."""
    done: Sequence[Any] = await asyncio.gather(*calls.values(), return_exceptions=True)
    parts = Parts()
    for name, result in zip(calls, done, strict=True):
        if isinstance(result, asyncio.CancelledError):
            raise result
        if isinstance(result, BaseException):
            parts.notes.append(f"{name}: {explain(result)}")
        else:
            parts.results[name] = result
    return parts
