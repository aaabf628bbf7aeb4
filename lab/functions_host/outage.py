"""The task hub's storage, away for a while: what the app and the host then see.

Nobody is started, told or asked (UNAVAILABLE, as the extension says it), no work is handed out, and
what ends meanwhile cannot be written down: its message comes back, and it is done again, as in
Azure. State is not lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

# What the host itself asks for; the pump minds the outage by itself.
_OF_THE_HOST = frozenset(
    {"GetWorkItems", "CompleteActivityTask", "CompleteEntityTask", "CompleteOrchestratorTask"}
)


class HubOutage:
    """Whether the hub is away; set on the host's loop, read on the engine's threads."""

    def __init__(self) -> None:
        self.away = False
        self._present = asyncio.Event()
        self._present.set()

    def begin(self) -> None:
        """Take the hub away."""
        self.away = True
        self._present.clear()

    def end(self) -> None:
        """Bring it back."""
        self.away = False
        self._present.set()

    async def over(self) -> None:
        """Wait until the hub is there."""
        await self._present.wait()


class Refuser(grpc.ServerInterceptor):
    """Answers the hub's callers while it is away."""

    def __init__(self, outage: HubOutage) -> None:
        self._outage = outage

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Refuse a call, or pass it on."""
        method = str(details.method).rpartition("/")[2]
        if self._outage.away and method not in _OF_THE_HOST:
            return grpc.unary_unary_rpc_method_handler(_refuse)
        return continuation(details)


def _refuse(_: Any, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode.UNAVAILABLE, "the task hub's storage does not answer")
