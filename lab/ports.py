"""Where everything of the lab listens, on 127.0.0.1 only."""

import errno
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from lab.errors import LabError

_USES = {
    "host": ("the Functions host", "LAB_HOST_PORT"),
    "api": ("the lab API", "LAB_SIM_PORT"),
    "tls": ("the simulated vendors", "LAB_TLS_PORT"),
    "blob": ("Azurite, the Blob storage", "LAB_BLOB_PORT"),
    "smtp": ("the mail server", "LAB_SMTP_PORT"),
}

_QUIET_PORTS = range(20_000, 32_000)
"""Below the range that Linux (from 32768) and macOS take for outgoing connections."""


@dataclass(frozen=True)
class Ports:
    """TCP ports of the lab's parts."""

    host: int = 7071
    api: int = 7090
    tls: int = 7091
    blob: int = 10000
    smtp: int = 7025

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Take the default ports or what ``LAB_..._PORT`` says; TLS follows the lab API's port.

        Raises:
            LabError: a variable is not a port number.
        """
        given = {name: _read(env, variable) for name, (_, variable) in _USES.items()}
        if given["tls"] is None and given["api"] is not None:
            given["tls"] = given["api"] + 1
        return cls(**{name: port for name, port in given.items() if port is not None})

    @classmethod
    def free(cls) -> Self:
        """Pick free ports, all different."""
        return cls(*free_ports(len(fields(cls))))

    def check(self) -> None:
        """Make sure that every port can be bound.

        Raises:
            LabError: a port is in use; names it, what it is for and the variable that moves it.
        """
        for name, (use, variable) in _USES.items():
            port: int = getattr(self, name)
            if error := _bind_error(port):
                why = "is in use" if error.errno == errno.EADDRINUSE else f"fails: {error}"
                raise LabError(
                    f"Port {port} {why}; it is for {use}. Stop what uses it, or move it:"
                    f" {variable}={port + 1000 if port < 64000 else port - 1000}"
                )


def free_ports(count: int) -> list[int]:
    """Pick free ports, all different, that no outgoing connection is given by chance.

    Raises:
        LabError: there are not enough.
    """
    found: list[int] = []
    for port in random.sample(_QUIET_PORTS, 200):
        if len(found) < count and _bind_error(port) is None:
            found.append(port)
    if len(found) < count:
        raise LabError("There are not enough free ports between 20000 and 32000.")
    return found


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None


def _read(env: Mapping[str, str], variable: str) -> int | None:
    text = env.get(variable, "")
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LabError(f"{variable} is '{text}', must be a port number from 1 to 65535")
    return int(text)
