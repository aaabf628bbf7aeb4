import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lab import guard
from lab.children import Child
from lab.errors import LabError
from lab.ports import Ports

SLEEP = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); {}"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); input()"


def start(code: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start a guarded program with a grandchild; return the guard and the grandchild's id."""
    process = subprocess.Popen(
        [sys.executable, guard.__file__, sys.executable, "-c", SLEEP.format(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie":
            return True
        time.sleep(0.02)
    return False


def test_everything_ends_when_the_starter_is_gone() -> None:
    process, grandchild = start("import time; time.sleep(60)")
    with process:
        assert process.stdin
        process.stdin.close()
        process.wait(60)
    assert is_gone(grandchild)


def test_what_a_program_left_behind_ends_with_it() -> None:
    process, grandchild = start("sys.exit(7)")
    with process:
        assert process.wait(60) == 7
    assert is_gone(grandchild)


def test_terminating_the_guard_ends_everything() -> None:
    process, grandchild = start("import time; time.sleep(60)")
    with process:
        process.terminate()
        process.wait(60)
    assert is_gone(grandchild)


async def child(tmp_path: Path, code: str) -> Child:
    command = [sys.executable, "-c", code]
    log = tmp_path / "log"
    return await Child.start("part", command, env=os.environ, cwd=tmp_path, log=log)


async def test_a_part_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    part = await child(tmp_path, "import sys; sys.exit('no licence')")
    with pytest.raises(LabError, match="part ended while starting: no licence"):
        await part.wait_for_port(Ports.free().host, 60)
    await part.stop()


async def test_a_part_that_never_listens_is_given_up(tmp_path: Path) -> None:
    part = await child(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(LabError, match=r"part did not start within 0\.2 s"):
        await part.wait_for_port(Ports.free().host, 0.2)
    await asyncio.wait_for(part.stop(), 60)
    assert is_gone(part.pid)


async def test_a_part_that_listens_is_ready(tmp_path: Path) -> None:
    port = Ports.free().host
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    part = await child(tmp_path, listen)
    await part.wait_for_port(port, 60)
    await part.stop()
