"""Telling people by a case's scripts of the parts, as the activity does it by the vendors."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from activities.telling import Part, tell
from shared.models.base import Json

_PARTS = {"ticket": "open_ticket", "channels": "notify_analysts", "comment": "comment_incident"}


def tell_by_scripts(
    payload: Json, play: Callable[[str, Json], Any], clock: Callable[[], datetime]
) -> Json:
    """Return what ``tell_people`` does; ``play`` answers a call of the activity that it names."""

    def part(name: str) -> Part:
        return lambda message: asyncio.to_thread(play, name, message)

    async def keep(case_id: str, patch: Json) -> bool:
        try:
            answer = await part("save_case")({"case_id": case_id, "patch": patch})
        except Exception:
            return False
        return "error" not in answer

    async def run() -> Json:
        return await tell(payload, {key: part(one) for key, one in _PARTS.items()}, keep, clock)

    return asyncio.run(run())
