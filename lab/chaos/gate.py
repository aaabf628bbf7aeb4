"""A gate before Blob storage: open, closed (connections break), or silent (nothing comes through).

Bytes pass as they are, TLS included, so the app sees the storage's own certificate.
"""

import asyncio
import contextlib
from types import TracebackType
from typing import Literal, Self

from lab.ports import free_ports

type GateState = Literal["open", "closed", "silent"]
_CHUNK = 65536


class Gate:
    """An async context manager; listens on ``port`` of 127.0.0.1 and passes on to ``target``."""

    def __init__(self) -> None:
        self.target = 0
        [self.port] = free_ports(1)
        self._state: GateState = "open"
        self._open = asyncio.Event()
        self._open.set()
        self._passing: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Address of the storage account through the gate."""
        return f"https://127.0.0.1:{self.port}/devstoreaccount1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.set("open")
        self._server.close()
        self._break()
        await self._server.wait_closed()

    def set(self, state: GateState) -> None:
        """Open or shut the gate; shutting it breaks what is passing."""
        self._state = state
        if state == "open":
            self._open.set()
            return
        self._open.clear()
        if state == "closed":
            self._break()

    def _break(self) -> None:
        for writer in list(self._passing):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state == "closed":
            writer.transport.abort()
            return
        self._passing.add(writer)
        try:
            await self._open.wait()
            inner, outer = await asyncio.open_connection("127.0.0.1", self.target)
            self._passing.add(outer)
            try:
                await asyncio.gather(self._pump(reader, outer), self._pump(inner, writer))
            finally:
                self._passing.discard(outer)
                outer.transport.abort()
        except OSError:
            pass
        finally:
            self._passing.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._open.wait()
            writer.write(chunk)
            await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()
