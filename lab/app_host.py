"""Which Functions host runs the app: Azure's own Core Tools where they are, else the lab's.

Core Tools keep the durable state in a storage account, so they get one: Azurite with queues and
tables beside the blobs. The lab's host needs none.
"""

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from lab.errors import LabError
from lab.functions_host import RunningHost
from lab.functions_host.core_tools import start_func_core_tools
from lab.functions_host.host import FunctionsHost
from lab.functions_host.process import AppLoadError
from lab.functions_host.settings import HostSettingsError
from lab.ports import Ports

CORE_TOOLS_SECONDS = 90.0
"""How long Core Tools may take; their first start downloads the extension bundle."""
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""The account key that every Azurite has; Microsoft publishes it."""

_LOG = logging.getLogger(__name__)


def wants_core_tools(env: Mapping[str, str]) -> bool:
    """Tell whether Core Tools are to run the app: they are on PATH and ``LAB_HOST`` is not "own".

    Raises:
        LabError: ``LAB_HOST`` is neither empty, "own" nor "func", or "func" is not there.
    """
    wish = env.get("LAB_HOST", "")
    found = shutil.which("func", path=env.get("PATH")) is not None
    if wish not in ("", "own", "func"):
        raise LabError(f"LAB_HOST is '{wish}', must be 'own' or 'func'")
    if wish == "func" and not found:
        raise LabError("LAB_HOST is 'func', but Azure Functions Core Tools are not on PATH.")
    return found and wish != "own"


def storage_connection(ports: Ports, *, queue: int, table: int) -> str:
    """Return the connection string of Azurite as ``AzureWebJobsStorage``."""
    endpoints = {"Blob": ports.blob, "Queue": queue, "Table": table}
    parts = ["DefaultEndpointsProtocol=https", "AccountName=devstoreaccount1"]
    parts.append(f"AccountKey={AZURITE_KEY}")
    parts += [
        f"{kind}Endpoint=https://127.0.0.1:{port}/devstoreaccount1"
        for kind, port in endpoints.items()
    ]
    return ";".join(parts)


class AppHost:
    """Starts the host of the app; ``report`` is told which one it became."""

    def __init__(
        self,
        app_dir: Path,
        *,
        env: dict[str, str],
        port: int,
        workers: int,
        log_dir: Path,
        report: Callable[[str], None],
    ) -> None:
        self._app_dir, self._env, self._port = app_dir, env, port
        self._workers, self._log_dir, self._report = workers, log_dir, report

    async def enter(self, stack: AsyncExitStack, storage: str | None) -> RunningHost:
        """Start the host and leave its end to ``stack``; ``storage`` asks for Core Tools first.

        Raises:
            LabError: the app could not be started.
        """
        if storage is not None and (host := await self._core_tools(stack, storage)):
            return host
        own = FunctionsHost(
            self._app_dir,
            env=self._env,
            port=self._port,
            workers=self._workers,
            log_dir=self._log_dir,
        )
        try:
            running = await stack.enter_async_context(own)
        except (AppLoadError, HostSettingsError, OSError) as error:
            raise LabError(f"The Functions host could not start: {error}") from error
        self._report("Functions host: up")
        return running

    async def _core_tools(self, stack: AsyncExitStack, storage: str) -> RunningHost | None:
        """Return Core Tools running the app, or ``None`` when they cannot on this machine."""
        env = self._env | {
            "AzureWebJobsStorage": storage,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "VIRTUAL_ENV": sys.prefix,
        }
        starting = start_func_core_tools(
            self._app_dir, env=env, port=self._port, workers=self._workers, log_dir=self._log_dir
        )
        try:
            async with asyncio.timeout(CORE_TOOLS_SECONDS):
                host = await stack.enter_async_context(starting)
        except (AppLoadError, OSError, TimeoutError) as error:
            _LOG.warning("Core Tools could not run the app: %r", error)
            self._report(f"Core Tools cannot run the app: {self._log_dir}/func.log says why")
            return None
        self._report("Functions host (Core Tools): up")
        return host
