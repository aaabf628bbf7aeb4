"""Free ports for tests that start servers."""

import os
import random
import socket
from itertools import count

FIRST, SHARE, SHARES = 10_000, 1_000, 10
"""Each process of one test run has a thousand ports to itself.

They are none of the system's own, which an outgoing connection may be given, and none of
``lab.ports``: what is free now is free when the server is started.
"""
_turn = count(random.randrange(SHARE))


def free_port() -> int:
    """Return a TCP port of the loopback address that is free."""
    [port] = free_ports(1)
    return port


def free_ports(number: int) -> list[int]:
    """Return TCP ports of the loopback address that are free, all different."""
    found: list[int] = []
    for _ in range(SHARE):
        port = FIRST + _share() * SHARE + next(_turn) % SHARE
        if len(found) < number and _is_free(port):
            found.append(port)
        if len(found) == number:
            return found
    raise AssertionError("no port is free")


def _share() -> int:
    """Return which share is this process's: pytest-xdist numbers its workers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return (int(worker.removeprefix("gw")) + 1) % SHARES if worker else 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A server can start on a port whose last connections are still being forgotten.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
