"""The channel between the host and a worker process: length-prefixed JSON frames.

A frame is four bytes, the length in network order, then UTF-8 JSON. A binding's value travels as
`{"kind": value}` with the protocol's kind names (`string`, `json`, `bytes`, `http`, ...); bytes are
base64 and `null` stands for an empty value. Either side reads end-of-file the moment the other is
killed, which is how a lost worker is noticed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
from typing import Any

type Frame = dict[str, Any]
type WireValue = dict[str, Any] | None

_LENGTH = struct.Struct("!I")


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of one frame."""
    body = json.dumps(frame, separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """Read one frame; `None` when the other side is gone."""
    try:
        head = await reader.readexactly(_LENGTH.size)
        body = await reader.readexactly(_LENGTH.unpack(head)[0])
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    frame: Frame = json.loads(body)
    return frame


def read_frame_blocking(channel: socket.socket) -> Frame | None:
    """Read one frame from a blocking socket; `None` when the other side is gone."""
    head = _receive(channel, _LENGTH.size)
    body = _receive(channel, _LENGTH.unpack(head)[0]) if head else None
    if body is None:
        return None
    frame: Frame = json.loads(body)
    return frame


def _receive(channel: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        try:
            part = channel.recv(min(size, 1 << 20))
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def text(value: str) -> WireValue:
    """A `string` value."""
    return {"string": value}


def json_text(value: str) -> WireValue:
    """A `json` value: JSON already encoded as text."""
    return {"json": value}


def binary(value: bytes) -> WireValue:
    """A `bytes` value."""
    return {"bytes": base64.b64encode(value).decode("ascii")}


def http(
    method: str,
    url: str,
    headers: dict[str, str],
    query: dict[str, str],
    params: dict[str, str],
    body: bytes,
) -> WireValue:
    """An `http` request value; an empty body travels as an empty value, as the real host does."""
    return {
        "http": {
            "method": method,
            "url": url,
            "headers": headers,
            "query": query,
            "params": params,
            "body": binary(body) if body else None,
        }
    }


def plain(value: WireValue) -> str | bytes | None:
    """Return what a scalar value carries: text for `string` and `json`, bytes for `bytes`.

    Numbers come back as text. `http` is not a scalar: use its fields.
    """
    if value is None:
        return None
    kind, content = next(iter(value.items()))
    if kind == "bytes":
        return base64.b64decode(content)
    return content if isinstance(content, str) else json.dumps(content)
