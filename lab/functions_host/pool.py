"""The worker pool: spreads calls, delivers again what a lost worker held, replaces the lost."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Any

from lab.functions_host.metadata import FunctionTable
from lab.functions_host.process import (
    AppLoadError,
    Call,
    CallTimeoutError,
    WorkerLostError,
    WorkerProcess,
    WorkerSpec,
)
from lab.functions_host.wire import Frame

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE = 5.0


class WorkerPool:
    """A fixed number of worker processes, each of which runs many calls at once."""

    def __init__(self, spec: WorkerSpec, size: int) -> None:
        if size < 1:
            raise ValueError("at least one worker is needed")
        self._spec = spec
        self._size = size
        self._workers: dict[int, WorkerProcess] = {}
        self._changed = asyncio.Condition()
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self.restarts = 0
        self.functions = FunctionTable([])

    async def start(self) -> None:
        """Start every worker and wait until each is ready.

        Raises:
            AppLoadError: The app could not be indexed.
        """
        workers = [WorkerProcess(number, self._spec) for number in range(self._size)]
        for worker in workers:
            worker.log_path.unlink(missing_ok=True)
        # Known from the first moment, so that a cancelled start leaves none behind.
        self._workers = {worker.number: worker for worker in workers}
        found = await asyncio.gather(*(w.start() for w in workers), return_exceptions=True)
        for outcome in found:
            if isinstance(outcome, BaseException):
                await asyncio.gather(*(worker.stop() for worker in workers))
                raise outcome
            self.functions = FunctionTable(outcome)
        self._keepers = [asyncio.create_task(self._keep(number)) for number in self._workers]

    async def stop(self) -> None:
        """Stop every worker; calls under way fail with `WorkerLostError`."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        try:
            await asyncio.gather(*self._keepers, return_exceptions=True)
            await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
        finally:
            # Whoever is impatient and cancels this must not leave processes behind.
            for worker in self._workers.values():
                worker.kill("the host was stopped in a hurry")
        async with self._changed:
            self._changed.notify_all()

    async def invoke(self, call: Call, *, redeliver: bool) -> Frame:
        """Run a call on the least busy worker.

        Args:
            call: What to run.
            redeliver: Whether a lost worker's call is run again elsewhere (at-least-once).

        Raises:
            CallTimeoutError: The call ran past `functionTimeout`; it is not delivered again.
            WorkerLostError: The worker was lost and `redeliver` is off, or the pool stops.
        """
        while True:
            worker = await self._least_busy()
            try:
                return await worker.invoke(call)
            except CallTimeoutError:
                raise
            except WorkerLostError:
                if not redeliver or self._stopping:
                    raise
            _LOG.warning("Delivering %s again (%s)", call.function, call.subject)
            # A new id: an answer of the lost delivery can never be taken for this one's.
            call = replace(call, id=f"{call.id}.{call.delivery}", delivery=call.delivery + 1)

    def pids(self) -> list[int]:
        """Process ids of the workers that can take calls."""
        return [worker.pid for worker in self._workers.values() if worker.alive]

    def kill(self, pid: int) -> None:
        """Kill one worker as a crash would.

        Raises:
            LookupError: No worker has this process id.
        """
        for worker in self._workers.values():
            if worker.pid == pid and worker.alive:
                worker.kill("asked to")
                return
        raise LookupError(f"no worker has process id {pid}")

    def describe(self) -> list[dict[str, Any]]:
        """What each worker is doing now, for the admin API."""
        now = time.monotonic()
        return [
            {
                "number": worker.number,
                "pid": worker.pid,
                "state": "running" if worker.alive else "starting",
                "uptime_s": round(now - worker.started, 3),
                "served": worker.served,
                "calls": [
                    {
                        "function": call.function,
                        "invocation_id": call.id,
                        "subject": call.subject,
                        "delivery": call.delivery,
                        "age_s": round(now - call.started, 3),
                    }
                    for call in worker.calls.values()
                ],
            }
            for worker in self._workers.values()
        ]

    async def _least_busy(self) -> WorkerProcess:
        async with self._changed:
            while not self._stopping:
                alive = [worker for worker in self._workers.values() if worker.alive]
                if alive:
                    return min(alive, key=lambda worker: (len(worker.calls), worker.served))
                await self._changed.wait()
        raise WorkerLostError("the host is stopping")

    async def _keep(self, number: int) -> None:
        """Replace the worker of this number whenever it is lost."""
        pause = 0.0
        while not self._stopping:
            worker = self._workers[number]
            await worker.gone()
            self.restarts += 1
            # A worker that keeps dying young is started more and more slowly.
            young = time.monotonic() - worker.started < _LONGEST_PAUSE
            pause = min(max(0.1, pause * 2), _LONGEST_PAUSE) if young else 0.0
            await asyncio.sleep(pause)
            self._workers[number] = fresh = WorkerProcess(number, self._spec)
            try:
                await fresh.start()
            except AppLoadError as error:
                _LOG.error("Worker %s could not load the app: %s", number, error)
                continue
            async with self._changed:
                self._changed.notify_all()
