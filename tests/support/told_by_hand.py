"""Parts of an orchestrator driven without an engine, their activities run for real.

What a part schedules is run as soon as the part waits for something, all of it at once; timers pass
at once, and an activity that fails is not tried again: whoever is in need of the engine's own
behaviour uses ``durable_backend``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from durabletask import task

from shared.models.base import Json

type Activity = Callable[[Any, Json], Awaitable[Any]]


class ByHand:
    """Stands for the orchestration's context."""

    def __init__(self, case_id: str, activities: dict[str, Activity]) -> None:
        self.instance_id = case_id
        self.current_utc_datetime = datetime.now(UTC)
        self._activities = activities
        self._scheduled: list[tuple[task.CompletableTask[Any], str, Json]] = []

    def call_activity(
        self, name: str, *, input: Json, retry_policy: object = None
    ) -> task.Task[Any]:
        """Schedule an activity."""
        scheduled: task.CompletableTask[Any] = task.CompletableTask()
        self._scheduled.append((scheduled, name, json.loads(json.dumps(input))))
        return scheduled

    def create_timer(self, delay: timedelta) -> task.Task[Any]:
        """Let the time pass."""
        self.current_utc_datetime += delay
        timer: task.CompletableTask[Any] = task.CompletableTask()
        timer.complete(None)
        return timer

    async def drive(self, part: Any) -> Any:
        """Run a part to its end and return what it returns."""
        result: Any = None
        error: BaseException | None = None
        while True:
            try:
                waits = part.throw(error) if error is not None else part.send(result)
            except StopIteration as end:
                return end.value
            await self._run()
            error = waits.get_exception() if waits.is_failed else None
            result = None if waits.is_failed else waits.get_result()

    async def _run(self) -> None:
        while self._scheduled:
            batch, self._scheduled = self._scheduled, []
            await asyncio.gather(*(self._one(*one) for one in batch))

    async def _one(self, scheduled: task.CompletableTask[Any], name: str, payload: Json) -> None:
        try:
            answer = await self._activities[name](None, payload)
        except Exception as error:
            scheduled.fail(str(error), error)
        else:
            scheduled.complete(json.loads(json.dumps(answer)))
