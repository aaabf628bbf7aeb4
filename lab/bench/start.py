"""What a start costs the worker itself: CPU of importing the app, with and without bytecode.

``python -m lab.bench.start`` measures the app and the empty durable app in turn, no lab needed. In
CPU seconds, so that it may be done on a busy machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lab.bench.cold_start import EMPTY_APP
from lab.bench.imports import BEFORE_READY, with_bytecode
from lab.bench.numbers import median
from lab.environment import repository_root

WITH_WARM_UP = (
    "import threading, function_app\n"
    "[one.join() for one in threading.enumerate() if one.name == 'warm-up']"
)
"""What a worker imports before it takes calls, and beside it what the first case needs."""
COMPILING = """
import sysconfig
from importlib.machinery import SourceFileLoader as Loader
original, own = Loader.get_code, sysconfig.get_path("stdlib")
def get_code(self, name):
    file = self.get_filename(name)
    if file.startswith(own) and "site-packages" not in file:
        return original(self, name)
    return self.source_to_code(self.get_data(file), file)
Loader.get_code = get_code
"""
"""Take no bytecode but that of Python's own library, which is in every machine's image."""


def main() -> int:
    """Print medians of CPU seconds."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.start", description=__doc__)
    parser.add_argument("--starts", type=int, default=10)
    starts: int = parser.parse_args().starts
    with tempfile.TemporaryDirectory() as folder:
        env = with_bytecode(Path(folder))
        for kind, first in (("with bytecode", ""), ("without", COMPILING)):
            app, warm, empty = _measure(starts, env, first)
            sys.stdout.write(
                f"{kind:>13}: app {app:.3f} s, empty app {empty:.3f} s, {app / empty:.2f} times;"
                f" with the imports beside it {warm:.3f} s\n"
            )
    return 0


def _measure(starts: int, env: Mapping[str, str], first: str) -> tuple[float, float, float]:
    root = repository_root()
    runs = ((root, BEFORE_READY), (root, WITH_WARM_UP), (EMPTY_APP, BEFORE_READY))
    rounds = [[cpu_of(folder, first + one, env) for folder, one in runs] for _ in range(starts + 1)]
    # The first round of each fills the file cache and makes the bytecode.
    app, warm, empty = (median(list(one)) for one in zip(*rounds[1:], strict=True))
    return app, warm, empty


def cpu_of(folder: Path, program: str, env: Mapping[str, str]) -> float:
    """Return the CPU seconds of a Python process that runs a program in a folder."""
    before = _cpu_of_children()
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=folder, env=os.environ | env, check=True)
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
