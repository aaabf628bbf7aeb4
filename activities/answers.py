"""Keeping what the vendors answered, beside what was made of it."""

import asyncio
import functools
import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from durabletask import task
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from activities.record import note_in_record
from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import TourniquetError
from shared.models.base import Json, format_utc
from shared.playbook.acting.sealing import not_kept
from shared.providers.heard import Heard, hearing
from shared.providers.response import VendorResponse

type Activity = Callable[[task.ActivityContext, dict[str, Any]], Coroutine[Any, Any, Json]]

FOLDER = "answers"
SOURCE = "vendors"
_log = logging.getLogger("tourniquet.activities")
_keeping: set[asyncio.Task[None]] = set()
"""What is being kept now: a task that nobody holds may be collected before it is done."""


def keeps_answers(activity: Activity) -> Activity:
    """Keep what the vendors answered to an activity, as evidence, after it has returned.

    The activity's result does not wait for it: deciding and containing come first. So a worker
    that dies within the moments after an activity takes the vendors' own words with it; what was
    made of them is in the activity's result, and with that in ``facts.json``. What the store
    refuses is noted in the record, and missing in the manifest.
    """

    @functools.wraps(activity)
    async def run(context: task.ActivityContext, payload: dict[str, Any]) -> Json:
        with hearing() as heard:
            try:
                return await activity(context, payload)
            finally:
                # What one vendor answered is kept although another, who failed, ends the activity.
                if heard:
                    keeping = asyncio.create_task(_keep(activity.__name__, payload, heard))
                    _keeping.add(keeping)
                    keeping.add_done_callback(_keeping.discard)

    return run


async def settle_answers() -> None:
    """Wait until everything that is being kept is kept."""
    await asyncio.gather(*_keeping)


async def _keep(name: str, payload: Json, heard: list[Heard]) -> None:
    store = get_providers().evidence
    if store is None:
        return
    case_id = payload.get("case_id") or payload["case"]["case_id"]
    try:
        content = await asyncio.to_thread(_pack, heard)
        await store.put(
            str(case_id),
            f"{FOLDER}/{name}-{_key(payload)}.jsonl.gz",
            content,
            content_type="application/gzip",
            source=SOURCE,
        )
    except (TourniquetError, PydanticSerializationError, ValueError) as error:
        why = explain(error)
        _log.warning("answers to %s were not kept: %s", name, why)
        at = format_utc(datetime.now(UTC))
        event = not_kept(f"{FOLDER}/{name}", why)
        await note_in_record(str(case_id), {"timeline": [{"at": at, "event": event}]})


def _key(payload: Json) -> str:
    """Return what tells this call from others of the same activity for the same case."""
    asked = json.dumps(payload, sort_keys=True, default=str)
    return hashlib.sha256(asked.encode()).hexdigest()[:8]


def _pack(heard: list[Heard]) -> bytes:
    lines = b"".join(to_json(_line(one), inf_nan_mode="strings") + b"\n" for one in heard)
    return gzip.compress(lines, compresslevel=6, mtime=0)


def _line(one: Heard) -> Json:
    answer = one.answer
    if isinstance(answer, VendorResponse):
        # Headers say nothing about the case, and may hold a session of ours.
        answer = {"status": answer.status, "body": answer.body}
    return {
        "vendor": one.vendor,
        "operation": one.operation,
        "at": format_utc(one.at),
        "answer": to_jsonable_python(answer, inf_nan_mode="strings", fallback=str),
    }
