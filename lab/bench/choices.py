"""What a choice saves or would save: ``python -m lab.bench.choices NAME``, or all without a name.

Small measurements on this machine, no lab needed: the rows of docs/performance.md about round
trips, connections, JSON and imports. CPU is that of the client's thread alone, medians.
"""

import argparse
import asyncio
import json
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pydantic_core
from aiohttp import web

from lab.bench.numbers import median
from lab.bench.start import cpu_of
from lab.environment import repository_root
from lab.simulators.certificates import write_certificates
from shared.models.base import Json
from shared.providers.entra.models import USER_FIELDS
from shared.providers.entra.sdk import SDK_PARTS

RUNS = 30
PARALLEL = 20
READS = 4
"""Reads of Graph that a case does at the same time before its verdict."""
RECORDED = Path("tests") / "replay" / "histories" / "respond-high-contained-v1.0.0.json"
_PARTS = [name for name in SDK_PARTS if name.startswith("msgraph")]
_NARROW = f"import {', '.join(_PARTS)}"
_WHOLE = (
    f"{_NARROW}; from msgraph import GraphServiceClient; "
    "from msgraph.generated.models.user import User; User().get_field_deserializers()"
)
"""What the SDK's own way of reading a user loads on top: its client and the model of a user."""

_USER: Json = dict.fromkeys(USER_FIELDS, "x" * 30)

type Work = Callable[[], Awaitable[None]]
type _Measure[T] = Callable[[str, aiohttp.ClientSession, ssl.SSLContext], Awaitable[T]]


class Spent(NamedTuple):
    """Median milliseconds of a run."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.2f} ms of CPU, {self.wall:.2f} ms"


def main() -> int:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench.choices", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(ALL))
    name = parser.parse_args().name
    for one in [name] if name else ALL:
        for line in ALL[one]():
            sys.stdout.write(f"{one}: {line}\n")
    return 0


def _batch() -> Iterator[str]:
    async def measure(
        url: str, http: aiohttp.ClientSession, _: ssl.SSLContext
    ) -> tuple[Spent, Spent]:
        parts = [{"id": str(one), "method": "GET", "url": "/users/x"} for one in range(READS)]

        async def one_by_one() -> None:
            await asyncio.gather(*(_get(http, url) for _ in range(READS)))

        async def batch() -> None:
            async with http.post(f"{url}/batch", json={"requests": parts}) as answer:
                await answer.json()

        return await _time(one_by_one), await _time(batch)

    parallel, batched = _with_server(measure)
    yield f"{READS} reads in parallel {parallel}; one $batch of them {batched}"


def _queries() -> Iterator[str]:
    async def measure(
        url: str, http: aiohttp.ClientSession, _: ssl.SSLContext
    ) -> tuple[Spent, Spent]:
        async def ask(count: int) -> None:
            await asyncio.gather(*(_get(http, url) for _ in range(count)))

        return await _time(lambda: ask(15)), await _time(lambda: ask(7))

    apart, merged = _with_server(measure)
    yield f"15 requests in parallel {apart}; 7 {merged}"


def _connections() -> Iterator[str]:
    async def measure(
        url: str, http: aiohttp.ClientSession, context: ssl.SSLContext
    ) -> tuple[Spent, Spent, Spent, Spent]:
        async def pooled() -> None:
            await asyncio.gather(*(_get(http, url) for _ in range(PARALLEL)))

        async def fresh() -> None:
            connector = aiohttp.TCPConnector(ssl=context)
            async with aiohttp.ClientSession(connector=connector) as own:
                await _get(own, url)

        async def apart() -> None:
            await asyncio.gather(*(fresh() for _ in range(PARALLEL)))

        async def trust() -> None:
            ssl.create_default_context()

        return await _time(pooled), await _time(apart), await _time(fresh), await _time(trust)

    pooled, apart, fresh, trust = _with_server(measure)
    yield f"{PARALLEL} parallel requests, TLS, from a pool {pooled}; each with its own {apart}"
    yield f"a first request with its TLS handshake {fresh}; reading whom Python trusts {trust}"


def _json() -> Iterator[str]:
    events = json.loads((repository_root() / RECORDED).read_text("utf-8"))["events"]
    texts = [text for event in events for text in _texts(event)]
    size = sum(map(len, texts)) / 1000
    values = [json.loads(text) for text in texts]
    runs: dict[str, Callable[[], object]] = {
        "json.loads": lambda: [json.loads(text) for text in texts],
        "from_json": lambda: [pydantic_core.from_json(text) for text in texts],
        "json.dumps": lambda: [json.dumps(value) for value in values],
        "to_json": lambda: [pydantic_core.to_json(value) for value in values],
    }
    for name, run in runs.items():
        yield f"{name} of {len(texts)} payloads, {size:.1f} kB: {_cpu(run):.3f} ms"


def _imports() -> Iterator[str]:
    root = repository_root()
    for name, program in (
        ("narrow parts", _NARROW),
        ("with the SDK's client and model of a user", _WHOLE),
    ):
        seconds = median([cpu_of(root, program, {}) for _ in range(4)][1:])
        yield f"{name} {seconds:.2f} s of CPU in a process of its own"
    empty = median([cpu_of(root, "pass", {}) for _ in range(4)][1:])
    yield f"Python by itself {empty:.2f} s"


def _texts(event: Json) -> Iterator[str]:
    for value in event.values():
        if isinstance(value, dict):
            yield from (value[key] for key in ("input", "result") if value.get(key))


def _cpu(run: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.thread_time()
        run()
        times.append((time.thread_time() - began) * 1000)
    return median(times)


async def _time(work: Work) -> Spent:
    cpu, wall = [], []
    for _ in range(RUNS + 1):
        began, clock = time.thread_time(), time.monotonic()
        await work()
        cpu.append((time.thread_time() - began) * 1000)
        wall.append((time.monotonic() - clock) * 1000)
    # The first opens the connections.
    return Spent(median(cpu[1:]), median(wall[1:]))


async def _get(http: aiohttp.ClientSession, url: str) -> None:
    async with http.get(f"{url}/user") as answer:
        await answer.json()


def _with_server[T](measure: _Measure[T]) -> T:
    async def run(url: str, context: ssl.SSLContext) -> T:
        connector = aiohttp.TCPConnector(ssl=context, limit=100)
        async with aiohttp.ClientSession(connector=connector) as http:
            return await measure(url, http, context)

    with _server() as (url, context):
        return asyncio.run(run(url, context))


@contextmanager
def _server() -> Iterator[tuple[str, ssl.SSLContext]]:
    """A server with TLS in a thread of its own, so that its CPU is not the client's."""
    with tempfile.TemporaryDirectory() as folder:
        own = write_certificates(Path(folder))
        trusting = ssl.create_default_context(cafile=Path(folder) / "ca.pem")
        loop, ready = asyncio.new_event_loop(), threading.Event()
        ports: list[int] = []
        app = web.Application()
        runner = web.AppRunner(app, access_log=None)

        async def serve() -> None:
            app.router.add_get("/user", _answer)
            app.router.add_post("/batch", _answer_all)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=own).start()
            ports.append(runner.addresses[0][1])
            ready.set()

        def run() -> None:
            loop.run_until_complete(serve())
            loop.run_forever()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        ready.wait()
        yield f"https://localhost:{ports[0]}", trusting
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _answer(_: web.Request) -> web.Response:
    return web.json_response(_USER)


async def _answer_all(request: web.Request) -> web.Response:
    asked = (await request.json())["requests"]
    return web.json_response({"responses": [{"id": one["id"], "body": _USER} for one in asked]})


ALL: dict[str, Callable[[], Iterator[str]]] = {
    "batch": _batch,
    "queries": _queries,
    "connections": _connections,
    "json": _json,
    "imports": _imports,
}

if __name__ == "__main__":
    sys.exit(main())
