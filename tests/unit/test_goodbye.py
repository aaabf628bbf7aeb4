"""A test's connections end with its loop, so that no later test is blamed for them."""

import asyncio
import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import trustme

from tests.support.goodbye import PatientLoop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A server that answers and then never says goodbye; its port, and who trusts it."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with tls.wrap_socket(server.accept()[0], server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(ANSWER)
                over.wait(60)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1], trust
        over.set()
        thread.join()


async def ask(port: int, trust: ssl.SSLContext) -> None:
    connector = aiohttp.TCPConnector(ssl=trust)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        http.get(f"https://127.0.0.1:{port}/") as answer,
    ):
        assert await answer.read() == b"{}"


@pytest.mark.parametrize(
    ("loop", "left"), [(PatientLoop, 0), (asyncio.SelectorEventLoop, 1)], ids=["ours", "asyncio's"]
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_whose_other_side_says_nothing_is_not_left_behind(
    silent: tuple[int, ssl.SSLContext], loop: type[asyncio.SelectorEventLoop], left: int
) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(ask(*silent))
        gc.collect()
    lost = [one for one in warned if "unclosed transport" in str(one.message)]
    assert len(lost) == left


def test_every_loop_of_the_tests_is_such_a_one() -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert isinstance(asyncio.run(loop()), PatientLoop)


async def test_that_of_an_asynchronous_test_too() -> None:
    assert isinstance(asyncio.get_running_loop(), PatientLoop)
