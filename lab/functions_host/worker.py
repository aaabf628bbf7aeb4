"""The language worker: a child process that runs the function app on the real worker library.

Started by the host as `python -m lab.functions_host.worker --channel FD --app-dir DIR`. Reading and
writing the channel have threads of their own, so that a finished result leaves even while the app
blocks the event loop, and the process ends at once when the host goes away. The host's pings are
answered on the event loop: a blocked loop stays silent, which is what the host watches for.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime

from lab.functions_host import protos
from lab.functions_host.wire import Frame, WireValue, encode_frame, read_frame_blocking

_LOG = logging.getLogger("lab.functions_host.worker")


def main() -> None:
    """Run one worker until the host says stop or goes away."""
    parser = argparse.ArgumentParser(description="Functions host worker process")
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--app-dir", type=Path, required=True)
    arguments = parser.parse_args()
    os.set_inheritable(arguments.channel, False)
    _prepare_paths(arguments.app_dir)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.captureWarnings(True)
    # The worker library's own notes grow with the square of the number of functions.
    logging.getLogger("azure.functions").setLevel(logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=arguments.channel)
    channel.setblocking(True)
    asyncio.run(Worker(channel, arguments.app_dir).run())
    sys.stdout.flush()
    sys.stderr.flush()
    # Non-daemon threads of the app must not keep a stopped worker alive.
    os._exit(0)


def _prepare_paths(app_dir: Path) -> None:
    """Put the app folder first on the path and take the lab's own folder off it."""
    lab_root = str(Path(__file__).resolve().parents[2])
    os.environ.pop("PYTHONPATH", None)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", lab_root, str(app_dir))]
    sys.path.insert(0, str(app_dir))


class Worker:
    """Loads the app once, then runs any number of invocations at the same time."""

    def __init__(self, channel: socket.socket, app_dir: Path) -> None:
        self._channel = channel
        self._app_dir = app_dir
        self._outgoing: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Index the app, say so, and serve until the host says stop."""
        loop = asyncio.get_running_loop()
        incoming: asyncio.Queue[Frame] = asyncio.Queue()
        threading.Thread(target=self._write, name="channel-writer", daemon=True).start()
        runtime.start_threadpool_executor()
        self._outgoing.put(await self._load())
        threading.Thread(
            target=self._read, args=(loop, incoming), name="channel-reader", daemon=True
        ).start()
        while (frame := await incoming.get())["type"] != "stop":
            if frame["type"] == "ping":
                self._outgoing.put({"type": "pong"})
                continue
            task = asyncio.create_task(self._invoke(frame), name=frame["id"])
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _read(self, loop: asyncio.AbstractEventLoop, incoming: asyncio.Queue[Frame]) -> None:
        while (frame := read_frame_blocking(self._channel)) is not None:
            loop.call_soon_threadsafe(incoming.put_nowait, frame)
        # The host is gone: nobody is left to take a result, and the loop may be blocked.
        os._exit(0)

    def _write(self) -> None:
        while True:
            frame = self._outgoing.get()
            try:
                self._channel.sendall(encode_frame(frame))
            except OSError:
                os._exit(0)

    async def _load(self) -> Frame:
        request = _request(
            worker_init_request=SimpleNamespace(
                capabilities={}, function_app_directory=str(self._app_dir)
            )
        )
        answer = await runtime.worker_init_request(request)
        if answer.result.status != protos.StatusResult.Success:
            problem = answer.result.exception
            _LOG.error("%s\n%s", problem.message, problem.stack_trace)
            return {"type": "failed", "message": problem.message, "stack": problem.stack_trace}
        answer = await runtime.functions_metadata_request(request)
        return {
            "type": "ready",
            "functions": [
                {
                    "name": found.name,
                    "function_id": found.function_id,
                    "script_file": found.script_file,
                    "bindings": list(found.raw_bindings),
                }
                for found in answer.function_metadata_results or []
            ],
        }

    async def _invoke(self, frame: Frame) -> None:
        _LOG.info("Executing %s (%s)", frame["function"], frame["id"])
        began = time.monotonic()
        request = _request(
            invocation_request=SimpleNamespace(
                invocation_id=frame["id"],
                function_id=frame["function_id"],
                input_data=[
                    protos.ParameterBinding(name=name, data=_typed_data(value))
                    for name, value in frame["inputs"].items()
                ],
                trigger_metadata={
                    name: _typed_data(value) for name, value in frame["metadata"].items()
                },
                trace_context=SimpleNamespace(
                    trace_parent=frame["trace_parent"], trace_state="", attributes={}
                ),
                retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
            )
        )
        answer = await runtime.invocation_request(request)
        # As the Functions host writes it: what an execution is billed for.
        spent = (time.monotonic() - began) * 1000
        _LOG.info("Executed %s (%s, Duration=%.0fms)", frame["function"], frame["id"], spent)
        self._outgoing.put(_reply(frame["id"], answer))


def _request(**content: Any) -> SimpleNamespace:
    """The envelope the worker library expects: the message and the host's properties."""
    return SimpleNamespace(
        request=SimpleNamespace(**content),
        properties={"protos": protos, "host": "127.0.0.1"},
    )


def _reply(invocation_id: str, answer: Any) -> Frame:
    if answer.result.status == protos.StatusResult.Success:
        return {
            "type": "result",
            "id": invocation_id,
            "ok": True,
            "return": _wire_value(answer.return_value),
            "outputs": {item.name: _wire_value(item.data) for item in answer.output_data},
        }
    problem = answer.result.exception
    _LOG.error("Invocation %s failed: %s", invocation_id, problem.stack_trace)
    return {
        "type": "result",
        "id": invocation_id,
        "ok": False,
        "message": problem.message,
        "stack": problem.stack_trace,
    }


def _typed_data(value: WireValue) -> protos.TypedData:
    if value is None:
        return protos.TypedData()
    kind, content = next(iter(value.items()))
    if kind == "bytes":
        return protos.TypedData(bytes=base64.b64decode(content))
    if kind == "http":
        return protos.TypedData(
            http=SimpleNamespace(**content | {"body": _typed_data(content["body"])})
        )
    return protos.TypedData(**{kind: content})


def _wire_value(data: protos.TypedData | None) -> WireValue:
    if data is None or (kind := data.WhichOneof("data")) is None:
        return None
    if kind == "bytes":
        return {"bytes": base64.b64encode(data.value).decode("ascii")}
    if kind == "http":
        http = data.value
        return {
            "http": {
                "status": int(http.status_code),
                "headers": dict(http.headers),
                "cookies": [_cookie(cookie) for cookie in http.cookies or []],
                "body": _wire_value(http.body),
            }
        }
    return {kind: data.value}


def _cookie(cookie: Any) -> dict[str, Any]:
    nullable = {
        name: getattr(member, "value", None)
        for name in ("domain", "path", "secure", "http_only", "max_age", "expires")
        for member in (getattr(cookie, name),)
    }
    if nullable["expires"] is not None:
        nullable["expires"] = nullable["expires"].seconds
    return {"name": cookie.name, "value": cookie.value, "same_site": cookie.same_site} | nullable


if __name__ == "__main__":
    main()
