"""Event loops that end the connections a test leaves while they say goodbye.

A TLS connection is over when the other side has said goodbye, too, and nobody waits for that: not
aiohttp when it gives a connection up, and not asyncio when it closes a loop. On a busy machine a
test ends first. The socket it leaves would be found, and warned about, in the middle of a later
test. A connection that nobody has closed is left as it is: that warning is wanted.
"""

import asyncio
from asyncio.sslproto import SSLProtocol

ROUNDS = 3
"""Turns of the loop in which a connection that was broken off is taken down by all its layers."""


class PatientLoop(asyncio.SelectorEventLoop):
    """Asyncio's own loop, which breaks off what is closing before it closes."""

    def close(self) -> None:
        """Close the loop."""
        if not self.is_closed() and not self.is_running():
            for transport in [*vars(self)["_transports"].values()]:
                protocol = transport.get_protocol()
                if transport.is_closing() or (
                    isinstance(protocol, SSLProtocol) and _was_closed(protocol)
                ):
                    transport.abort()
            for _ in range(ROUNDS):
                self.run_until_complete(asyncio.sleep(0))
        super().close()


class PatientLoops(asyncio.DefaultEventLoopPolicy):
    """Every loop of the tests is such a one, also that of ``asyncio.run``."""

    _loop_factory = PatientLoop


def _was_closed(protocol: SSLProtocol) -> bool:
    """Tell whether the connection was closed on this side, by whoever used it."""
    return vars(protocol)["_state"].name in ("FLUSHING", "SHUTDOWN")
