"""Starts and stops the whole lab: simulators, Azurite and the Functions host with the app."""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.app_host import AppHost, storage_connection, wants_core_tools
from lab.azurite_command import azurite_command
from lab.children import Child
from lab.client import LabClient
from lab.environment import (
    host_environment,
    read_workers,
    repository_root,
    sign_in_environment,
    simulator_environment,
    simulator_settings,
    wants_sign_in,
    with_addresses,
)
from lab.functions_host import RunningHost
from lab.policy import lab_policy, write_policy
from lab.ports import Ports, free_ports
from lab.scenarios.loader import load_common
from lab.simulators.certificates import write_certificates
from lab.simulators.config import app_environment
from lab.simulators.private_file import write_private
from shared.models.base import Json
from shared.models.case import OperatingMode

START_SECONDS = 300.0
"""How long one part may take to start on a slow machine."""

type Report = Callable[[str], None]


class Lab:
    """The running lab; an async context manager.

    ``auto_ports`` picks free ports instead of the usual ones, and the lab's own host, for tests.
    ``mode`` is the app's operating mode; without one ``LAB_MODE`` decides. ``settings`` are app
    settings over the lab's usual ones, ``policy`` is laid over its policy. ``sign_in`` puts App
    Service authentication before the app; without it ``LAB_SIGN_IN`` decides. ``app_settings`` are
    the settings that the app runs with, once it is started.
    ``report`` is told, line by line, what has become ready.

    Raises:
        LabError: when the policy cannot be used; on entering, when something is missing or a port
            is in use.
    """

    def __init__(
        self,
        *,
        auto_ports: bool = False,
        state_dir: Path | None = None,
        workers: int | None = None,
        mode: OperatingMode | None = None,
        settings: Mapping[str, str] | None = None,
        policy: Json | None = None,
        sign_in: bool | None = None,
        report: Report = lambda _: None,
    ) -> None:
        self.root = repository_root()
        self.state_dir = (state_dir or self.root / ".lab").resolve()
        self.ports = Ports.free() if auto_ports else Ports.from_environment(os.environ)
        self._settings = dict(settings or {})
        self.common = load_common()
        self.policy = lab_policy(self.common, os.environ, mode=mode, over=policy)
        self.mode = OperatingMode(self.policy["mode"])
        self.host: RunningHost
        self.app_settings: dict[str, str] = {}
        self.function_key = os.environ.get("LAB_FUNCTION_KEY") or secrets.token_urlsafe(24)
        # Ports of the queues and tables that only Core Tools need.
        self._sign_in = wants_sign_in(os.environ) if sign_in is None else sign_in
        # Core Tools have no App Service authentication.
        own = auto_ports or self._sign_in
        self._core_tools = free_ports(2) if not own and wants_core_tools(os.environ) else []
        self._workers = workers or read_workers(os.environ)
        self._report = report
        self._children: dict[str, int] = {}
        self._cleanup = contextlib.AsyncExitStack()

    def client(self) -> LabClient:
        """Return a client of this lab, to be entered with `async with`."""
        return LabClient(
            app_url=self.host.url,
            lab_url=self.urls["lab"],
            function_key=self.function_key,
        )

    @property
    def children(self) -> dict[str, int]:
        """Process ids by name of what the lab started beside the host."""
        return dict(self._children)

    @property
    def urls(self) -> dict[str, str]:
        """Where each part listens."""
        return {
            "app": self.host.url,
            "lab": f"http://127.0.0.1:{self.ports.api}",
            "vendors": f"https://localhost:{self.ports.tls}",
            "blob": f"https://127.0.0.1:{self.ports.blob}/devstoreaccount1",
            "smtp": f"127.0.0.1:{self.ports.smtp}",
        }

    async def __aenter__(self) -> Self:
        azurite = self._azurite()
        self.ports.check()
        try:
            self._claim_state_dir()
            write_certificates(self.state_dir)
            write_policy(self.policy_file, self.policy)
            await self._start(azurite)
        except BaseException:
            await self._cleanup.aclose()
            raise
        self._write_description()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._cleanup.aclose()

    @property
    def logs(self) -> Path:
        """Where every part's log goes."""
        return self.state_dir / "logs"

    @property
    def policy_file(self) -> Path:
        """Where the policy is that the app runs with."""
        return self.state_dir / "policy.yaml"

    def _claim_state_dir(self) -> None:
        """Keep the folder for this lab; a second lab of the clone gets one of its own in it."""
        if not self._lock(self.state_dir):
            self.state_dir = self.state_dir / f"lab-{self.ports.host}"
            self._lock(self.state_dir)

    def _lock(self, folder: Path) -> bool:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        lock = (folder / "lab.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._cleanup.callback(lock.close)
        return True

    async def _start(self, azurite: list[str]) -> None:
        """Start everything at the same time; the first failure ends the start."""
        app = app_environment(
            simulator_settings(self.common),
            tls_port=self.ports.tls,
            smtp_port=self.ports.smtp,
            state_dir=self.state_dir,
        )
        host = host_environment(self.ports, self.policy_file, self.function_key)
        env = app | host | with_addresses(self._settings, app)
        self.app_settings = env
        if self._sign_in:
            env = env | sign_in_environment(self.common)
        async with _all_or_nothing() as start:
            start(self._start_simulators(app))
            start(self._start_child("azurite", azurite, os.environ.copy(), self.ports.blob))
            start(self._start_host(env))

    async def _start_simulators(self, app: dict[str, str]) -> None:
        command = [sys.executable, "-m", "lab.simulators", "--keep-certificates"]
        command += ["--sim-port", str(self.ports.api), "--tls-port", str(self.ports.tls)]
        command += ["--smtp-port", str(self.ports.smtp), "--state-dir", str(self.state_dir)]
        # A user who polls the lab's health may send incidents as soon as it is good.
        command += ["--needs", f"host={self.ports.host}", "--needs", f"blob={self.ports.blob}"]
        await self._start_child("simulators", command, simulator_environment(app), self.ports.api)

    def _azurite(self) -> list[str]:
        command = azurite_command(
            self.root,
            port=self.ports.blob,
            certificates=self.state_dir,
            all_services=bool(self._core_tools),
        )
        if self._core_tools:
            queue, table = self._core_tools
            command += ["--queuePort", str(queue), "--tablePort", str(table)]
        return command

    async def _start_child(
        self, name: str, command: list[str], env: dict[str, str], port: int
    ) -> None:
        child = await Child.start(
            name, command, env=env, cwd=self.root, log=self.logs / f"{name}.log"
        )
        self._cleanup.push_async_callback(child.stop)
        self._children[name] = child.pid
        await child.wait_for_port(port, START_SECONDS)
        self._report(f"{name}: up")

    async def _start_host(self, env: dict[str, str]) -> None:
        host = AppHost(
            self.root,
            env=env,
            port=self.ports.host,
            workers=self._workers,
            log_dir=self.logs,
            report=self._report,
        )
        storage = None
        if self._core_tools:
            queue, table = self._core_tools
            storage = storage_connection(self.ports, queue=queue, table=table)
        self.host = await host.enter(self._cleanup, storage)

    def _write_description(self) -> None:
        """Write what people and other programs need: addresses, keys, process ids, settings."""
        description: dict[str, Any] = {
            "urls": self.urls,
            "function_key": self.function_key,
            "master_key": self.host.master_key,
            "system_key": self.host.system_key,
            "mode": self.mode,
            "pids": self._children | {"lab": os.getpid(), "workers": self.host.worker_pids()},
        }
        # As the app's host reads it: `make doctor` can look at this lab.
        settings = self.state_dir / "local.settings.json"
        values = {"IsEncrypted": False, "Values": self.app_settings}
        write_private(settings, json.dumps(values, indent=2) + "\n")
        self._cleanup.callback(settings.unlink, missing_ok=True)
        path = self.state_dir / "lab.json"
        write_private(path, json.dumps(description, indent=2) + "\n")
        self._cleanup.callback(path.unlink, missing_ok=True)


@contextlib.asynccontextmanager
async def _all_or_nothing() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Run what is handed over at the same time; the first error is raised as it is."""
    tasks: list[asyncio.Task[None]] = []
    yield lambda work: tasks.append(asyncio.create_task(work))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
