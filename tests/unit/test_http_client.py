"""The HTTP adapter against a real socket: status to error type, deadlines, retries, secrets."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from shared.errors import (
    Conflict,
    NotConfigured,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
    Unauthenticated,
)
from shared.providers.http import VendorClient, path
from shared.providers.response import VendorResponse
from shared.providers.retry import NotSent, Retry, parse_retry_after
from shared.providers.sessions import close_sessions
from shared.settings import Settings

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Vendor:
    """A loopback server that answers with what the test queued, the last answer for ever."""

    def __init__(self) -> None:
        self.answers: list[Handler] = []
        self.seen: list[web.Request] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        await request.read()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def reply(status: int = 200, body: str = "{}", **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(
            status=status,
            text=body,
            content_type="application/json",
            headers={key.replace("_", "-"): value for key, value in headers.items()},
        )

    return handler


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def vendor(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Vendor]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    double = Vendor()
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", double.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    double.url = f"https://{host}:{port}/api"
    yield double
    await close_sessions()
    await runner.cleanup()


async def authorize() -> dict[str, str]:
    return {"Authorization": "Bearer very-secret-token"}


def client(vendor: Vendor, **settings: float) -> VendorClient:
    options = {"call_timeout_seconds": 10.0, "call_budget_seconds": 60.0} | settings
    return VendorClient(
        "acme", vendor.url, settings=Settings.model_validate(options), authorize=authorize
    )


async def test_request_sends_what_the_caller_said(vendor: Vendor) -> None:
    vendor.answers = [reply(200, '{"name": "Å"}')]

    answer = await client(vendor).request(
        "users.get",
        "GET",
        path("/users/{id}", id="a/b@ü.example"),
        params={"$select": "id,x", "q": "a b&c"},
    )

    assert answer.body == {"name": "Å"}
    request = vendor.seen[0]
    assert request.raw_path == ("/api/users/a%2Fb%40%C3%BC.example?%24select=id%2Cx&q=a%20b%26c")
    assert request.headers["Authorization"] == "Bearer very-secret-token"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, PermanentError),
        (400, PermanentError),
        (401, Unauthenticated),
        (403, PermissionDenied),
        (404, NotFound),
        (408, RetryableError),
        (409, Conflict),
        (412, Conflict),
        (429, Throttled),
        (500, RetryableError),
        (503, RetryableError),
    ],
)
async def test_status_decides_the_type(
    vendor: Vendor, status: int, error: type[TourniquetError]
) -> None:
    refusal = '{"error": {"code": "Oops", "message": "no very-secret-token"}}'
    vendor.answers = [reply(status, refusal)]

    with pytest.raises(TourniquetError) as caught:
        await client(vendor, call_attempts=1).request("op", "GET", "/x")

    assert type(caught.value) is error
    assert caught.value.status == status
    assert "very-secret-token" not in str(caught.value)
    if status != 301:
        assert "Oops: no ***" in caught.value.describe()


async def test_retry_after_is_honoured_within_the_budget(vendor: Vendor) -> None:
    vendor.answers = [reply(429, Retry_After="1"), reply(200, "[1]")]
    begin = time.monotonic()

    answer = await client(vendor).request("op", "GET", "/x")

    assert answer.body == [1]
    assert time.monotonic() - begin >= 1.0


async def test_retry_after_beyond_the_budget_is_raised_at_once(vendor: Vendor) -> None:
    vendor.answers = [reply(429, Retry_After="3600")]
    begin = time.monotonic()

    with pytest.raises(Throttled) as caught:
        await client(vendor).request("op", "GET", "/x")

    assert caught.value.retry_after == 3600
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    "bad", [hang, reset, reply(500), reply(200, '{"cut'), reply(502, "<html>")]
)
async def test_a_passing_failure_is_retried(vendor: Vendor, bad: Handler) -> None:
    vendor.answers = [bad, reply(200, '"fine"')]
    seconds = 3.0 if bad is hang else 20.0

    answer = await client(vendor, call_timeout_seconds=seconds).request("op", "PUT", "/x", json={})

    assert answer.body == "fine"
    assert len(vendor.seen) == 2


async def test_a_lasting_failure_ends_after_the_attempts(vendor: Vendor) -> None:
    vendor.answers = [reply(500)]

    with pytest.raises(RetryableError, match="Internal Server Error"):
        await client(vendor).request("op", "GET", "/x")

    assert len(vendor.seen) == 3


async def test_the_budget_bounds_the_whole_call(vendor: Vendor) -> None:
    vendor.answers = [hang]
    begin = time.monotonic()

    with pytest.raises(RetryableError, match="no answer within"):
        await client(vendor, call_budget_seconds=0.8, call_attempts=10).request("op", "GET", "/x")

    # One of the ten tries alone may take ten seconds.
    assert time.monotonic() - begin < 9


@pytest.mark.parametrize("bad", [hang, reset, reply(500)])
async def test_a_post_that_may_have_worked_is_not_repeated(vendor: Vendor, bad: Handler) -> None:
    vendor.answers = [bad, reply(200)]
    seconds = 3.0 if bad is hang else 20.0

    with pytest.raises(RetryableError):
        await client(vendor, call_timeout_seconds=seconds).request("op", "POST", "/x", json={})

    assert len(vendor.seen) == 1


async def test_a_post_that_was_refused_for_being_too_many_is_repeated(vendor: Vendor) -> None:
    vendor.answers = [reply(429, Retry_After="0"), reply(201)]

    assert (await client(vendor).request("op", "POST", "/x", json={}, ok={201})).status == 201


async def test_an_idempotent_post_is_repeated_when_the_caller_says_so(vendor: Vendor) -> None:
    vendor.answers = [reply(500), reply(200)]

    await client(vendor).request("op", "POST", "/x", json={}, retry=Retry.ALWAYS)

    assert len(vendor.seen) == 2


async def test_check_may_refuse_an_accepted_answer(vendor: Vendor) -> None:
    def check(answer: VendorResponse) -> None:
        if not answer.body["ok"]:
            raise RetryableError("fatal_error")

    vendor.answers = [reply(200, '{"ok": false}'), reply(200, '{"ok": true}')]

    await client(vendor).request("op", "GET", "/x", check=check)

    assert len(vendor.seen) == 2


async def test_an_unreachable_vendor_is_not_sent(unused_tcp_port: int) -> None:
    settings = Settings(call_attempts=1)
    unreachable = VendorClient("acme", f"https://127.0.0.1:{unused_tcp_port}", settings=settings)

    with pytest.raises(NotSent):
        await unreachable.request("op", "POST", "/x")

    await close_sessions()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(vendor: Vendor, status: int) -> None:
    vendor.answers = [reply(status, Location=f"{vendor.url}/elsewhere"), reply(200)]
    with pytest.raises(PermanentError):
        await client(vendor).request("op", "GET", "/x")
    assert [one.path for one in vendor.seen] == ["/api/x"]


async def test_a_link_to_another_host_is_refused(vendor: Vendor) -> None:
    with pytest.raises(PermanentError, match="refused to follow"):
        await client(vendor).request("op", "GET", "https://elsewhere.example/next")


@pytest.mark.parametrize("url", ["http://acme.example", "http://localhost:1", "http://127.0.0.1:1"])
def test_credentials_do_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(NotConfigured, match="https://"):
        VendorClient("acme", url, settings=Settings())


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_a_large_body_is_sent_whole_at_every_attempt(vendor: Vendor) -> None:
    vendor.answers = [reply(503), reply()]
    body = b"x" * (2 * 1024 * 1024)

    await client(vendor).request("blob.put", "PUT", "/x", data=body)

    assert [await request.read() for request in vendor.seen] == [body, body]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("-5", None),
        ("²", None),
    ],
)
def test_retry_after_forms(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header) == seconds
