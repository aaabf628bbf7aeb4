"""An OpenTelemetry collector that keeps, as they come, the traces and metrics the app exports."""

from types import TracebackType
from typing import Self

from aiohttp import web

SIGNALS = ("traces", "metrics")
_MOST_BYTES = 64 * 1024 * 1024


class Collector:
    """An async context manager; takes OTLP over HTTP.

    What it keeps is searched for secrets (``lab.planted_secrets``): Protocol Buffers leave text as
    it is.
    """

    def __init__(self) -> None:
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post(f"/v1/{{signal:{'|'.join(SIGNALS)}}}", self._keep)
        self._runner = web.AppRunner(app, access_log=None)
        self.kept = {signal: bytearray() for signal in SIGNALS}
        self.url = ""
        """What ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set to."""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _keep(self, request: web.Request) -> web.Response:
        self.kept[request.match_info["signal"]] += await request.read()
        return web.Response(content_type="application/x-protobuf")
