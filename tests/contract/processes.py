"""The lab's simulators and Azurite as processes of a test run, on free ports."""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.azurite_command import azurite_command
from tests.support.ports import free_port, free_ports

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 200.0
PATIENCE_SECONDS = 100.0
"""How long what is meant to come is waited for, on however busy a machine."""
IP_GROUP_DELAY_SECONDS = 0.2
"""How long a firewall takes to have a change in force."""


class Lab:
    """The running simulators: their lab API and the environment that leads the app to them."""

    def __init__(self, port: int, state_dir: Path) -> None:
        self._port = port
        self.state_dir = state_dir

    @property
    def environment(self) -> dict[str, str]:
        """The app's settings, as environment variables."""
        found: dict[str, str] = json.loads((self.state_dir / "simulators.json").read_text())
        return found

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the lab API and return its JSON; anything but 200 is an error."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, f"/_lab/{path}", None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise AssertionError(f"{method} {path}: {response.status} {answer}")
        return answer

    def reset(self) -> None:
        """Empty tenant, ledger and faults."""
        self.call("POST", "reset")

    def tenant(self, **document: Any) -> None:
        """Replace the tenant."""
        self.call("PUT", "tenant", document)

    def state(self) -> Any:
        """Return what the vendors hold."""
        return self.call("GET", "tenant")

    def fault(self, vendor: str, kind: str, **more: Any) -> None:
        """Let a vendor misbehave in one way."""
        self.call("PUT", "faults", [{"vendor": vendor, "kind": kind, **more}])

    def ledger(self, vendor: str) -> list[dict[str, Any]]:
        """Return the requests that one vendor got, oldest first."""
        return [line for line in self.call("GET", "ledger") if line["vendor"] == vendor]


def connect_patiently(patch: pytest.MonkeyPatch) -> None:
    """Let this process's clients wait for a connection as long as for an answer."""
    for module in ("shared.providers.http", "shared.providers.entra.graph"):
        patch.setattr(f"{module}.CONNECT_TIMEOUT_SECONDS", PATIENCE_SECONDS)


async def eventually[T](read: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Read until what was read is what is wanted; return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not wanted(found := await read()):
        assert time.monotonic() < deadline, f"still {found}"
        await asyncio.sleep(0.05)
    return found


@contextmanager
def running_simulators(state_dir: Path) -> Iterator[Lab]:
    """Run the simulators while the block runs."""
    sim, tls, smtp = free_ports(3)
    command = [sys.executable, "-m", "lab.simulators", f"--sim-port={sim}", f"--tls-port={tls}"]
    command += [
        f"--smtp-port={smtp}",
        f"--state-dir={state_dir}",
        f"--ip-group-delay={IP_GROUP_DELAY_SECONDS}",
    ]
    lab = Lab(sim, state_dir)
    with _running(command, state_dir / "simulators.log", lambda: lab.call("GET", "health")):
        yield lab


@contextmanager
def running_azurite(state_dir: Path, certificates: Path) -> Iterator[str]:
    """Run Azurite with the lab's certificate while the block runs; yields the account's URL."""
    port = free_port()
    command = azurite_command(ROOT, port=port, certificates=certificates, all_services=False)
    command += ["--silent"]

    def connect() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()

    with _running(command, state_dir / "azurite.log", connect):
        yield f"https://127.0.0.1:{port}/devstoreaccount1"


@contextmanager
def _running(command: list[str], log: Path, ready: Callable[[], Any]) -> Iterator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=dict(os.environ)
        )
        try:
            _wait(process, ready, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
        except (OSError, AssertionError, http.client.HTTPException):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"did not start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.05)
        else:
            return
