"""The same interface on Azure Functions Core Tools, for machines that have `func`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from lab.functions_host.process import AppLoadError

_START_TIMEOUT = 180.0


@dataclass(frozen=True)
class CoreToolsHost:
    """A running `func start`. Core Tools does not enforce access keys: they are empty here."""

    url: str
    pid: int
    function_key: str = ""
    master_key: str = ""
    system_key: str = ""

    def worker_pids(self) -> list[int]:
        """Process ids of the Python workers below `func`."""
        return [
            child.pid
            for child in psutil.Process(self.pid).children(recursive=True)
            if "python" in child.name().lower()
        ]

    def kill_worker(self, pid: int) -> None:
        """Kill a worker as a crash would.

        Raises:
            LookupError: `pid` is not a worker of this host.
        """
        if pid not in self.worker_pids():
            raise LookupError(f"no worker has process id {pid}")
        os.kill(pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def start_func_core_tools(
    app_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    port: int = 0,
    workers: int = 2,
    log_dir: Path | None = None,
) -> AsyncIterator[CoreToolsHost]:
    """Run `func start` for the app until the context is left.

    The arguments are those of `lab.functions_host.open_host`.

    Raises:
        AppLoadError: `func` ended, or did not serve in time.
    """
    port = port or _free_port()
    logs = (log_dir or Path(".lab/logs")).resolve()
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "func.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            "func",
            "start",
            "--port",
            str(port),
            cwd=app_dir,
            env={
                **os.environ,
                "FUNCTIONS_WORKER_PROCESS_COUNT": str(workers),
                **(env or {}),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    try:
        host = CoreToolsHost(url=f"http://127.0.0.1:{port}", pid=process.pid)
        await _until_running(host, process, logs / "func.log")
        yield host
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _until_running(
    host: CoreToolsHost, process: asyncio.subprocess.Process, log: Path
) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise AppLoadError(f"func ended with {process.returncode}; see {log}")
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{host.url}/admin/host/status") as answer:
                    if answer.status == 200 and (await answer.json())["state"] == "Running":
                        return
            await asyncio.sleep(0.5)
    raise AppLoadError(f"func did not serve within {_START_TIMEOUT:g} s; see {log}")
