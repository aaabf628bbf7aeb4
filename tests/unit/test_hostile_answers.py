"""A vendor, or who poses as one, answers with bombs: each is an error of ours, and memory stays."""

import gzip
import tracemalloc
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from aiohttp import web

from shared.errors import PermanentError, RetryableError, TourniquetError
from shared.playbook.acting.persistence import trail
from shared.playbook.reporting.next_steps import access, mailbox
from shared.providers import http
from shared.providers.answers import parse_json, vendor_message
from shared.providers.entra.transport import BoundedTransport
from shared.providers.http import VendorClient
from shared.providers.sentinel import query_answer
from shared.providers.sessions import close_sessions, open_session
from shared.settings import Settings
from tests.unit.source_files import ROOT
from tests.unit.test_http_client import Vendor, authority, vendor

__all__ = ["authority", "vendor"]
DEEP = b"[" * 200_000


@pytest.fixture
async def client(vendor: Vendor) -> AsyncIterator[VendorClient]:
    settings = Settings(call_attempts=1, call_timeout_seconds=30, call_budget_seconds=30)
    yield VendorClient("virustotal", vendor.url, settings=settings)
    await close_sessions()


async def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    vendor: Vendor, client: VendorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER_BYTES", 4 * 1024 * 1024)
    # 200 MB in 200 kB.
    bomb = gzip.compress(bytes(200 * 1024 * 1024), compresslevel=9)

    async def answer(request: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=bomb, headers=headers)

    vendor.answers = [answer]
    tracemalloc.start()
    try:
        with pytest.raises(TourniquetError):
            await client.request("get", "GET", "/x")
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 1024 * 1024


async def test_a_zip_bomb_from_graph_is_refused_before_it_is_unpacked(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER_BYTES", 4 * 1024 * 1024)
    bombs = {
        "gzip": gzip.compress(bytes(200 * 1024 * 1024), compresslevel=9),
        "identity": bytes(5 * 1024 * 1024),
    }
    for coding, bomb in bombs.items():

        async def answer(
            request: web.Request, coding: str = coding, bomb: bytes = bomb
        ) -> web.Response:
            return web.Response(body=bomb, headers={"Content-Encoding": coding})

        vendor.answers = [answer]
        tracemalloc.start()
        try:
            async with httpx.AsyncClient(transport=BoundedTransport(open_session("entra"))) as sdk:
                with pytest.raises(PermanentError, match="answer larger than"):
                    await sdk.get(vendor.url)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 60 * 1024 * 1024


async def test_what_graph_answers_arrives_as_it_was_sent(vendor: Vendor) -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.json_response({"value": ["\u00e4"]}, headers={"X-Of-Graph": "yes"})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    vendor.answers = [answer]
    async with httpx.AsyncClient(transport=BoundedTransport(open_session("entra"))) as sdk:
        found = await sdk.get(vendor.url)
    assert found.json() == {"value": ["\u00e4"]} and found.headers["X-Of-Graph"] == "yes"
    assert "Content-Encoding" not in found.headers


def test_graph_asks_by_the_transport_with_a_bound() -> None:
    graph = (ROOT / "shared/providers/entra/graph.py").read_text(encoding="utf-8")
    assert "transport=BoundedTransport(session)" in graph


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_what_is_too_deep_to_read_is_a_garbled_answer(
    status: int, vendor: Vendor, client: VendorClient
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=DEEP, content_type="application/json")

    vendor.answers = [answer]
    with pytest.raises(RetryableError if status != 400 else PermanentError):
        await client.request("get", "GET", "/x")


READERS: dict[str, tuple[Callable[[str], object], object]] = {
    "audit log: changed properties": (lambda text: access._changed(text, "Role"), ""),
    "mailbox audit: parameters": (mailbox._parameters, {}),
    "audit log: consent for everyone": (trail._is_for_everyone, False),
    "Log Analytics: a dynamic column": (query_answer._dynamic, DEEP.decode()),
    "error message": (vendor_message, DEEP.decode()[:300]),
}


@pytest.mark.parametrize("name", READERS)
def test_a_log_field_that_is_too_deep_says_nothing_and_stops_nothing(name: str) -> None:
    read, expected = READERS[name]
    assert read(DEEP.decode()) == expected


def test_deep_texts_are_read_or_refused_but_never_raise_by_surprise() -> None:
    with pytest.raises(RetryableError):
        parse_json(DEEP, vendor="x", operation="y")
    for text in ('{"error":' * 900 + '"x"' + "}" * 900, "[" * 900 + "]" * 900, DEEP.decode()):
        assert len(vendor_message(text)) <= 300


@pytest.mark.parametrize("step", [".", ".."])
def test_no_name_is_a_step_up_in_a_vendors_address(step: str) -> None:
    with pytest.raises(PermanentError):
        http.path("/users/{id}/revokeSignInSessions", id=step)
    assert http.path("/users/{id}", id="../x?a=1#b") == "/users/..%2Fx%3Fa%3D1%23b"
