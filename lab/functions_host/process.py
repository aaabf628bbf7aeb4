"""One worker process as the host sees it: start, calls it holds, death."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.functions_host.wire import Frame, WireValue, encode_frame, read_frame

_LOG = logging.getLogger(__name__)
# Seconds from the end of the channel to the end of the process, before it is helped.
_LAST_BREATH = 1.0
_LAB_ROOT = Path(__file__).resolve().parents[2]


class WorkerLostError(Exception):
    """The worker died, or was ended because it hung, before it answered."""


class CallTimeoutError(WorkerLostError):
    """The call ran past host.json's `functionTimeout`, and its worker was ended for it."""


class AppLoadError(Exception):
    """The worker could not index the app; the message is the app's own error."""


@dataclass(frozen=True)
class WorkerSpec:
    """How to start a worker. Times in seconds; `function_timeout` None means no limit."""

    app_dir: Path
    env: Mapping[str, str]
    log_dir: Path
    function_timeout: float | None
    silence_deadline: float
    start_timeout: float


@dataclass
class Call:
    """An invocation that a worker holds. `subject` names the durable instance it works for."""

    function_id: str
    function: str
    inputs: Mapping[str, WireValue]
    metadata: Mapping[str, WireValue] = field(default_factory=dict)
    subject: str = ""
    trace_parent: str = ""
    delivery: int = 1
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)

    def frame(self) -> bytes:
        """The call as it is sent to the worker."""
        return encode_frame(
            {
                "type": "invoke",
                "id": self.id,
                "function_id": self.function_id,
                "function": self.function,
                "inputs": dict(self.inputs),
                "metadata": dict(self.metadata),
                "trace_parent": self.trace_parent,
            }
        )


class WorkerProcess:
    """A child process that runs the app, from its start to its death."""

    def __init__(self, number: int, spec: WorkerSpec) -> None:
        self.number = number
        self.started = time.monotonic()
        self.served = 0
        self.calls: dict[str, Call] = {}
        self._spec = spec
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._last_heard = time.monotonic()
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._ready = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """Process id, 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def log_path(self) -> Path:
        """What the worker writes to its standard output and error."""
        return self._spec.log_dir / f"worker-{self.number}.log"

    @property
    def alive(self) -> bool:
        """Whether it can take calls."""
        return self._ready

    async def start(self) -> list[dict[str, Any]]:
        """Start the process and return the functions it found.

        Raises:
            AppLoadError: The app could not be indexed, or the worker did not get ready in time.
        """
        here, there = socket.socketpair()
        with self.log_path.open("ab") as log, there:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "lab.functions_host.worker",
                "--channel",
                str(there.fileno()),
                "--app-dir",
                str(self._spec.app_dir),
                cwd=self._spec.app_dir,
                env={**self._spec.env, "PYTHONPATH": str(_LAB_ROOT), "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(there.fileno(),),
                # Ctrl-C goes to the host alone, which then ends its workers in good order.
                process_group=0,
            )
        reader, self._writer = await asyncio.open_connection(sock=here)
        try:
            first = await asyncio.wait_for(read_frame(reader), self._spec.start_timeout)
        except TimeoutError:
            first = {"type": "failed", "message": f"not ready in {self._spec.start_timeout:g} s"}
        if first is None or first["type"] != "ready":
            self.kill("could not load the app")
            await self.gone()
            raise AppLoadError(
                first["message"] if first else f"the worker ended; see {self.log_path}"
            )
        self._ready = True
        self._last_heard = time.monotonic()
        self._tasks = [
            asyncio.create_task(self._read(reader)),
            asyncio.create_task(self._watch()),
        ]
        functions: list[dict[str, Any]] = first["functions"]
        return functions

    async def invoke(self, call: Call) -> Frame:
        """Run one call and return the worker's answer.

        Raises:
            WorkerLostError: The worker was lost first; whether the call had an effect is unknown.
        """
        if not self._ready or self._writer is None:
            raise WorkerLostError(f"worker {self.pid} is not running")
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        call.started = time.monotonic()
        self.calls[call.id] = call
        self._answers[call.id] = answer
        try:
            self._writer.write(call.frame())
            await self._writer.drain()
            return await answer
        except OSError as error:
            # Known here before the channel's end is read: it must not be chosen again meanwhile.
            self._ready = False
            raise WorkerLostError(f"worker {self.pid} is gone") from error
        finally:
            self.served += 1
            self.calls.pop(call.id, None)
            self._answers.pop(call.id, None)

    def kill(self, why: str) -> None:
        """End the process at once, as a crash would."""
        if self._process is not None and self._process.returncode is None:
            _LOG.warning("Killing worker %s: %s", self.pid, why)
            # It may have ended without the event loop having heard of it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def stop(self, grace: float = 2.0) -> None:
        """End the process in good order, by force after `grace` seconds."""
        if self._process is None:
            return
        if self._writer is not None and self._ready:
            self._writer.write(encode_frame({"type": "stop"}))
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except TimeoutError:
            self.kill("did not stop")
        await self.gone()

    async def gone(self) -> None:
        """Wait until the process has ended; every call it held has then failed."""
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process is not None:
            await self._process.wait()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        process, writer = self._process, self._writer
        if process is None or writer is None:
            raise RuntimeError("the worker was not started")
        ended = asyncio.create_task(process.wait())
        ended.add_done_callback(lambda _: writer.close())
        while (frame := await read_frame(reader)) is not None:
            self._last_heard = time.monotonic()
            if frame["type"] == "result":
                answer = self._answers.get(frame["id"])
                if answer is not None and not answer.done():
                    answer.set_result(frame)
        self._ready = False
        await asyncio.wait([ended], timeout=_LAST_BREATH)
        self.kill("its channel is closed")
        code = await ended
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerLostError(f"worker {process.pid} ended with {code}"))
        _LOG.info("Worker %s ended with %s", process.pid, code)

    async def _watch(self) -> None:
        """End a worker whose event loop is silent or that holds a call past the timeout."""
        pause = min(1.0, self._spec.silence_deadline / 4)
        while self._ready and self._writer is not None:
            await asyncio.sleep(pause)
            now = time.monotonic()
            limit = self._spec.function_timeout
            overdue = [call for call in self.calls.values() if limit and now - call.started > limit]
            if now - self._last_heard > self._spec.silence_deadline:
                self.kill(f"silent for {self._spec.silence_deadline:g} s")
            elif overdue:
                reason = f"{overdue[0].function} ran past functionTimeout ({limit:g} s)"
                for call in overdue:
                    if not (answer := self._answers[call.id]).done():
                        answer.set_exception(CallTimeoutError(reason))
                self.kill(reason)
            elif not self._writer.is_closing():
                self._writer.write(encode_frame({"type": "ping"}))
