"""Run a function app: `python -m lab.functions_host --app-dir . --port 7071 --workers 2`.

When the app is served, one line of JSON says so: `{"event": "ready", "url": ..., ...}`. SIGINT and
SIGTERM stop the host. Exit status 1 with one line on standard error: it could not start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

from lab.functions_host.host import FunctionsHost
from lab.functions_host.process import AppLoadError
from lab.functions_host.settings import HostSettingsError


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m lab.functions_host")
    parser.add_argument("--app-dir", type=Path, default=Path())
    parser.add_argument("--port", type=int, default=int(os.environ.get("LAB_HOST_PORT", "7071")))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--log-dir", type=Path, default=Path(".lab/logs"))
    parser.add_argument("--silence-deadline", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--on-worker-loss", choices=("redeliver", "fail"), default="redeliver")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        asyncio.run(_serve(arguments))
    except (AppLoadError, HostSettingsError, OSError, ValueError) as error:
        sys.stderr.write(f"The Functions host could not start: {error}\n")
        return 1
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host = FunctionsHost(
        arguments.app_dir,
        port=arguments.port,
        workers=arguments.workers,
        log_dir=arguments.log_dir,
        silence_deadline=arguments.silence_deadline,
        on_worker_loss=arguments.on_worker_loss,
    )
    async with host:
        ready = {
            "event": "ready",
            "url": host.url,
            "functions": len(host.function_names()),
            "workers": host.worker_pids(),
            "start_s": round(time.monotonic() - began, 3),
            "function_key": host.function_key,
            "master_key": host.master_key,
            "system_key": host.system_key,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
