"""The lab's Functions host: engine, workers and HTTP front in one place."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from lab.functions_host.admin import AdminApi
from lab.functions_host.durable import DurablePump, OnWorkerLoss
from lab.functions_host.easy_auth import EasyAuth
from lab.functions_host.engine import Engine
from lab.functions_host.eventgrid import EventGridWebhook
from lab.functions_host.front import FunctionFront
from lab.functions_host.hub import open_hub
from lab.functions_host.management import DurableWebhook
from lab.functions_host.outage import HubOutage
from lab.functions_host.pool import WorkerPool
from lab.functions_host.process import WorkerSpec
from lab.functions_host.routes import build_routes
from lab.functions_host.settings import (
    HostKeys,
    HostSettingsError,
    body_limit,
    expand,
    read_host_json,
    timer_speed,
    without_keys,
    worker_environment,
)
from lab.functions_host.timers import Timers
from lab.functions_host.triggers import Bindings

# Stands for %TASKHUB_NAME% when the setting is missing.
_HUB_NAME = "TourniquetLab"


class FunctionsHost:
    """Runs a function app on this machine, on 127.0.0.1 only.

    The durable state lives in this process: it survives its workers, not the host.

    Args:
        app_dir: Folder with `function_app.py` and `host.json`.
        env: App settings on top of `local.settings.json` and this process's environment; also
            where LAB_FUNCTION_KEY, LAB_MASTER_KEY, LAB_SYSTEM_KEY, LAB_EASY_AUTH and
            LAB_TIMER_SPEED are looked for.
        port: Port of the HTTP front; 0 picks a free one.
        workers: Number of worker processes.
        log_dir: Where `worker-N.log` goes; default `.lab/logs` in the working folder.
        silence_deadline: Seconds without a sign from a worker's event loop until it is killed.
        start_timeout: Seconds a worker may take to load the app.
        on_worker_loss: What becomes of the activities and entity batches of a lost worker; see
            `DurablePump`.
    """

    def __init__(
        self,
        app_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        port: int = 0,
        workers: int = 2,
        log_dir: Path | None = None,
        silence_deadline: float = 30.0,
        start_timeout: float = 300.0,
        on_worker_loss: OnWorkerLoss = "redeliver",
    ) -> None:
        app_dir = app_dir.resolve()
        self._settings = read_host_json(app_dir)
        settings = worker_environment(app_dir, env)
        self._keys = HostKeys.from_environment(settings)
        self._easy_auth = EasyAuth.from_environment(settings)
        self._timer_speed = timer_speed(settings)
        self._env = without_keys(settings)
        if self._easy_auth is not None:
            self._env["WEBSITE_AUTH_ENABLED"] = "True"
        self._port = port
        self._on_worker_loss = on_worker_loss
        self._spec = WorkerSpec(
            app_dir=app_dir,
            env=self._env,
            log_dir=(log_dir or Path(".lab/logs")).resolve(),
            function_timeout=self._settings.timeout_seconds,
            silence_deadline=silence_deadline,
            start_timeout=start_timeout,
        )
        self._pool = WorkerPool(self._spec, workers)
        self.hub_outage = HubOutage()
        self._cleanup = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Address of the HTTP front, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def function_key(self) -> str:
        """Key for routes of level `function`."""
        return self._keys.function

    @property
    def master_key(self) -> str:
        """Key for `/admin`, and for everything else."""
        return self._keys.master

    @property
    def system_key(self) -> str:
        """Key for the webhooks of extensions, `/runtime/webhooks/*`."""
        return self._keys.system

    def function_names(self) -> list[str]:
        """Names of the functions the app registers."""
        return [function.name for function in self._pool.functions]

    def worker_pids(self) -> list[int]:
        """Process ids of the workers that can take calls."""
        return self._pool.pids()

    def kill_worker(self, pid: int) -> None:
        """Kill a worker as a crash would.

        Raises:
            LookupError: `pid` is not a worker of this host.
        """
        self._pool.kill(pid)

    async def start(self) -> None:
        """Load the app and serve it.

        Raises:
            AppLoadError: The app could not be indexed.
            HostSettingsError: A setting is missing or not valid, or the port is in use.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop serving and end every worker."""
        await self._cleanup.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _start(self) -> None:
        self._spec.log_dir.mkdir(parents=True, exist_ok=True)
        address = self._reserve_port()
        engine_address, hub = self._start_engine()
        self._env["WEBSITE_HOSTNAME"] = f"127.0.0.1:{self._port}"
        self._cleanup.push_async_callback(self._pool.stop)
        await self._pool.start()
        durable = self._settings.extensions.durable_task
        hub_name = expand(durable.hub_name, {"TASKHUB_NAME": _HUB_NAME, **self._env})
        bindings = Bindings(hub_name, engine_address, self.url, self._keys.system)
        pump = DurablePump(
            hub, self._pool, bindings, durable, self._on_worker_loss, self.hub_outage
        )
        self._cleanup.push_async_callback(_cancel, asyncio.create_task(pump.run()))
        timers = Timers(self._pool, bindings, self._env)
        self._cleanup.push_async_callback(timers.stop)
        webhook = DurableWebhook(hub, self._pool.functions, self._keys, hub_name)
        await self._serve(address, self._front(hub, bindings, timers, webhook))
        timers.start()

    def _reserve_port(self) -> socket.socket:
        """Bind without listening: the port is known, and refuses until the host is ready."""
        reserved = socket.socket()
        self._cleanup.callback(reserved.close)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reserved.bind(("127.0.0.1", self._port))
        except OSError as error:
            raise HostSettingsError(
                f"port {self._port} is in use; stop what uses it, or set LAB_HOST_PORT"
            ) from error
        self._port = reserved.getsockname()[1]
        return reserved

    def _start_engine(self) -> tuple[str, Any]:
        durable = self._settings.extensions.durable_task
        engine = Engine(
            default_version=durable.default_version,
            replace_finished=durable.overridable_existing_instance_states == "NonRunningStates",
            timer_speed=self._timer_speed,
            outage=self.hub_outage,
        )
        address = engine.start()
        self._cleanup.push_async_callback(asyncio.to_thread, engine.stop, 0)
        channel, hub = open_hub(address)
        self._cleanup.push_async_callback(channel.close)
        return address, hub

    def _front(
        self, hub: Any, bindings: Bindings, timers: Timers, webhook: DurableWebhook
    ) -> web.Application:
        prefix = self._settings.extensions.http.route_prefix
        admin = AdminApi(self._pool, hub, self._keys, prefix, timers.run_now)
        grid = EventGridWebhook(self._pool, bindings, self._keys)
        routes = build_routes(self._pool.functions, prefix)
        functions = FunctionFront(self._pool, bindings, self._keys, routes)
        before = [self._easy_auth.middleware] if self._easy_auth is not None else []
        front = web.Application(client_max_size=body_limit(self._env), middlewares=before)
        front.router.add_route("*", "/admin/{tail:.*}", admin.handle)
        front.router.add_route("*", "/runtime/webhooks/{name:(?i:eventgrid)}", grid.handle)
        front.router.add_route("*", "/runtime/webhooks/durabletask/{tail:.*}", webhook.handle)
        front.router.add_route("*", "/{tail:.*}", functions.handle)
        return front

    async def _serve(self, address: socket.socket, front: web.Application) -> None:
        runner = web.AppRunner(front, access_log=None, shutdown_timeout=1.0)
        self._cleanup.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, address).start()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
