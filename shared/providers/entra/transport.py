"""What carries the Graph SDK's requests: our pooled session, and no answer without a bound."""

import httpx
from aiohttp import ClientSession
from httpx_aiohttp import AiohttpTransport

from shared.errors import PermanentError
from shared.providers import http

_OF_THE_CODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class BoundedTransport(httpx.AsyncBaseTransport):
    """Reads answers whole, unpacked, up to ``LARGEST_ANSWER_BYTES`` of our own client.

    httpx would unpack whatever comes; a small answer can hold more than the memory.
    """

    def __init__(self, session: ClientSession) -> None:
        # verify=False only spares httpx its own TLS context: the session's is used.
        self._inner = AiohttpTransport(client=session, verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, read and unpacked.

        Raises:
            PermanentError: the answer is larger.
        """
        answer = await self._inner.handle_async_request(request)
        answer.request = request
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in answer.aiter_bytes():
                size += len(chunk)
                if size > http.LARGEST_ANSWER_BYTES:
                    raise PermanentError(f"answer larger than {http.LARGEST_ANSWER_BYTES} bytes")
                chunks.append(chunk)
        finally:
            await answer.aclose()
        headers = [
            (name, value)
            for name, value in answer.headers.multi_items()
            if name.lower() not in _OF_THE_CODED
        ]
        return httpx.Response(
            answer.status_code,
            headers=headers,
            content=b"".join(chunks),
            request=request,
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close the session."""
        await self._inner.aclose()
