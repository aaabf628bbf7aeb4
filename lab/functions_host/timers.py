"""Timer triggers: each function runs when its schedule says so, never twice at the same time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from lab.functions_host import ncrontab
from lab.functions_host.metadata import TIMER_TRIGGER, Function
from lab.functions_host.pool import WorkerPool
from lab.functions_host.process import Call, WorkerLostError
from lab.functions_host.settings import expand
from lab.functions_host.triggers import Bindings
from lab.functions_host.wire import json_text

_LOG = logging.getLogger(__name__)
_LONGEST_SLEEP = 60.0


class Timers:
    """Runs the app's timer functions."""

    def __init__(self, pool: WorkerPool, bindings: Bindings, env: Mapping[str, str]) -> None:
        self._pool = pool
        self._bindings = bindings
        self._env = env
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to wait for every timer function's next occurrence.

        Raises:
            ValueError: A schedule is not valid.
        """
        for function in self._pool.functions.by_trigger(TIMER_TRIGGER):
            schedule = ncrontab.parse(expand(str(function.trigger.settings["schedule"]), self._env))
            self._tasks.append(asyncio.create_task(self._keep(function, schedule)))

    async def stop(self) -> None:
        """Stop waiting; a run under way ends with its worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def run_now(self, function: Function) -> None:
        """Run a timer function once, outside its schedule."""
        await self._run(function, datetime.now(UTC), None)

    async def _keep(self, function: Function, schedule: ncrontab.Schedule) -> None:
        if function.trigger.settings.get("runOnStartup"):
            await self.run_now(function)
        while (due := schedule.next_after(datetime.now(UTC))) is not None:
            await _sleep_until(due)
            await self._run(function, due, schedule.next_after(due))

    async def _run(self, function: Function, due: datetime, following: datetime | None) -> None:
        status = {
            "Last": due.isoformat(),
            "Next": following.isoformat() if following else None,
            "LastUpdated": due.isoformat(),
        }
        value = json_text(
            json.dumps(
                {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}
            )
        )
        call = Call(function.function_id, function.name, self._bindings.inputs(function, value))
        try:
            reply = await self._pool.invoke(call, redeliver=False)
        except WorkerLostError as error:
            _LOG.warning("%s: %s", function.name, error)
            return
        if not reply["ok"]:
            _LOG.error("%s failed: %s", function.name, reply["message"])


async def _sleep_until(due: datetime) -> None:
    """Sleep in pieces: a laptop that was suspended must not sleep that much longer."""
    wait = (due - datetime.now(UTC)).total_seconds()
    while wait > 0:
        await asyncio.sleep(min(wait, _LONGEST_SLEEP))
        wait = (due - datetime.now(UTC)).total_seconds()
