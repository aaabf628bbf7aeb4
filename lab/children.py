"""Child processes of the lab: logged, waited for, and never left behind."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from lab.errors import LabError

_GUARD = Path(__file__).with_name("guard.py")
_STOP_SECONDS = 6.0
_PAUSE_SECONDS = 0.03
_LAST_LINES = 3


class Child:
    """One program under its guard, which ends it when this process is gone."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: list[str], *, env: Mapping[str, str], cwd: Path, log: Path
    ) -> "Child":
        """Start a program; its output goes to the log file."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(_GUARD)),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=cwd,
                env=dict(env),
                # Ctrl-C reaches only the lab itself, which then ends its children in order.
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """Process id of the guard."""
        return self._process.pid

    async def wait_for_port(self, port: int, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the program listens on a port of 127.0.0.1.

        Raises:
            LabError: it ended or did not listen in time; the message ends with its last words.
        """
        deadline = time.monotonic() + timeout
        while not await _listens(port):
            if self._process.returncode is not None:
                raise LabError(f"{self.name} ended while starting: {self._last_words()}")
            if time.monotonic() > deadline:
                raise LabError(f"{self.name} did not start within {timeout:g} s; see {self._log}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self) -> None:
        """End the program and everything it started."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return " / ".join(said[-_LAST_LINES:]) or f"it said nothing; see {self._log}"


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
