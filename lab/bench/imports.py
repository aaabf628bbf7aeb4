"""What a cold start spends its time on: the imports of an app, by package."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from lab.bench.results import Imports
from lab.errors import LabError

MOST_NAMED = 12
BEFORE_READY = (
    # What is imported in a thread beside the start is not waited for.
    "import threading; threading.Thread.start = lambda thread: None; import function_app"
)
"""What a worker imports before it takes calls."""
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)$", re.MULTILINE)
_SPREAD = ("azure", "msgraph", "shared")
"""Packages of many, told apart by their second name."""


def with_bytecode(folder: Path) -> dict[str, str]:
    """Return the environment in which Python keeps bytecode in a folder, whatever the shell says.

    What is deployed brings its bytecode, so starts and imports are measured with it.
    """
    return {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}


def profile_imports(app_dir: Path, env: Mapping[str, str]) -> Imports:
    """Import an app in a process of its own, twice, and read the second profile.

    Args:
        app_dir: the folder with ``function_app.py``.
        env: the app's settings.

    Raises:
        LabError: the app cannot be imported.
    """
    command = [sys.executable, "-X", "importtime", "-c", BEFORE_READY]
    for _ in range(2):
        done = subprocess.run(
            command, cwd=app_dir, env=os.environ | env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LabError(f"{app_dir.name} cannot be imported: {done.stderr[-500:]}")
    return read_profile(done.stderr)


def read_profile(text: str) -> Imports:
    """Return the time of each package itself, the longest first, from ``-X importtime``."""
    own: Counter[str] = Counter()
    modules = 0
    for microseconds, _, _, name in _LINE.findall(text):
        own[_package(name)] += int(microseconds)
        modules += 1
    return Imports(
        total_ms=round(own.total() / 1000, 1),
        modules=modules,
        packages_ms={name: round(spent / 1000, 1) for name, spent in own.most_common(MOST_NAMED)},
    )


def _package(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] in _SPREAD else 1])
