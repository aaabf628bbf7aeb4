"""The lab's stand-in for `func start`, on Microsoft's own worker library and durable engine.

`open_host` gives a running host for an app folder: Azure Functions Core Tools when `func` is on
PATH, else `FunctionsHost`. Nothing heavy is imported here: worker processes pass through this
module, too.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class RunningHost(Protocol):
    """What both kinds of host offer while they run."""

    @property
    def url(self) -> str:
        """Address of the HTTP front, without a slash at the end."""

    @property
    def function_key(self) -> str:
        """Key for routes of level `function`; empty when keys are not enforced."""

    @property
    def master_key(self) -> str:
        """Key for `/admin`; empty when keys are not enforced."""

    @property
    def system_key(self) -> str:
        """Key for `/runtime/webhooks`; empty when keys are not enforced."""

    def worker_pids(self) -> list[int]:
        """Process ids of the language workers."""

    def kill_worker(self, pid: int) -> None:
        """Kill a worker as a crash would; LookupError when `pid` is not a worker."""


def open_host(
    app_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    port: int = 0,
    workers: int = 2,
    log_dir: Path | None = None,
) -> AbstractAsyncContextManager[RunningHost]:
    """Return a host for the app, to be entered with `async with`.

    Args:
        app_dir: Folder with `function_app.py` and `host.json`.
        env: App settings on top of `local.settings.json` and this process's environment.
        port: Port of the HTTP front on 127.0.0.1; 0 picks a free one.
        workers: Number of worker processes.
        log_dir: Where the workers' logs go; default `.lab/logs`.
    """
    if shutil.which("func"):
        from lab.functions_host.core_tools import start_func_core_tools

        return start_func_core_tools(app_dir, env=env, port=port, workers=workers, log_dir=log_dir)
    from lab.functions_host.host import FunctionsHost

    return FunctionsHost(app_dir, env=env, port=port, workers=workers, log_dir=log_dir)
