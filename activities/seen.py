"""Writing how vendors answered, beside what an activity does."""

import asyncio
import functools
import logging
from typing import Any

from durabletask import task

from activities.answers import Activity
from shared.bootstrap import get_providers
from shared.dependency_states import memory
from shared.errors import TourniquetError
from shared.models.base import Json

_log = logging.getLogger("tourniquet.activities")
_writing: set[asyncio.Task[None]] = set()
"""What is being written now: a task that nobody holds may be collected before it is done."""


def tells_states(activity: Activity) -> Activity:
    """Write what is new about vendors after an activity has returned, without waiting for it.

    Around one that every case runs again and again: its instance also calls the vendors.
    """

    @functools.wraps(activity)
    async def run(context: task.ActivityContext, payload: dict[str, Any]) -> Json:
        try:
            return await activity(context, payload)
        finally:
            writing = asyncio.create_task(write_states())
            _writing.add(writing)
            writing.add_done_callback(_writing.discard)

    return run


async def write_states() -> None:
    """Write what is due; what storage refuses is logged and written the next time it is due."""
    store = get_providers().dependency_states
    due = memory.take_due() if store is not None else {}
    if store is None or not due:
        return
    try:
        await store.put(due)
    except TourniquetError as error:
        _log.warning("how vendors answered was not written: %s", error.describe())
