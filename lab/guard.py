"""Run a command that must not outlive its starter: `python guard.py command...`.

The starter keeps the guard's standard input open and writes nothing. When the starter is gone, for
whatever reason, the input ends and the guard ends the command and everything it started. Standard
library only: it must start in no time.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any

GRACE_SECONDS = 3.0


def main(command: list[str]) -> int:
    """Run the command in a process group of its own; return its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def end(*_: Any) -> None:
        threading.Thread(target=_end_group, args=(process,), daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=_when_orphaned, args=(end,), daemon=True).start()
    code = process.wait()
    _signal_group(process, signal.SIGKILL)
    return code


def _when_orphaned(end: Any) -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    end()


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
