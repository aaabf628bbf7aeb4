"""Plain HTTP to vendors: the vendor's pooled session, deadlines, retries and errors by type.

Redirects are not followed: a vendor's API does not move, and a redirect would carry credentials
elsewhere.
"""

import io
import json as json_codec
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from pydantic import BaseModel
from yarl import URL

from shared.errors import NotConfigured, PermanentError, RetryableError, TourniquetError
from shared.providers.answers import error_for_status, hide_secrets, parse_json, parse_model
from shared.providers.response import VendorResponse
from shared.providers.retry import CallPolicy, NotSent, Retry, call_with_retries
from shared.providers.sessions import open_session
from shared.settings import Settings

CONNECT_TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
"""Log Analytics' own limit for one answer is 64 MB; nothing else comes near it."""
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "PATCH"})

type Authorize = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns the headers that prove who we are; called for every attempt."""
type Prove = Callable[[str, str], Awaitable[Mapping[str, str]]]
"""The same where the proof is for one request: it gets the method and the whole address."""


def path(template: str, **values: str) -> str:
    """Fill a path template with percent-encoded values: ``path("/users/{id}", id=upn)``.

    Raises:
        PermanentError: a value would be a step up in the path, whoever reads it, encoded or not.
    """
    if steps := [key for key, value in values.items() if value in (".", "..")]:
        raise PermanentError(f"not an address: its {', '.join(steps)} is only dots")
    return template.format_map({key: quote(value, safe="") for key, value in values.items()})


@dataclass(frozen=True)
class _Call:
    """One request, ready to be sent as often as needed."""

    operation: str
    method: str
    url: URL
    content: bytes | None
    headers: Mapping[str, str]
    ok: Collection[int]
    expect: Literal["json", "text"]
    check: Callable[[VendorResponse], None] | None


class VendorClient:
    """HTTP calls to one vendor.

    Attributes:
        vendor: name in errors and logs, for example ``virustotal``.
        base_url: https address without a trailing slash; nothing else is accepted.

    ``secrets`` are what else no error may quote, such as parts of an address that is a credential.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        settings: Settings,
        authorize: Authorize | None = None,
        prove: Prove | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        if urlsplit(base_url).scheme != "https":
            raise NotConfigured(f"the address of {vendor} must start with https://", vendor=vendor)
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self._authorize = authorize
        self._prove = prove
        self._secrets = tuple(secrets)
        self._headers = {"Accept": "application/json"} | dict(headers or {})
        self._policy = CallPolicy.from_settings(settings)

    async def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        ok: Collection[int] = (200,),
        expect: Literal["json", "text"] = "json",
        check: Callable[[VendorResponse], None] | None = None,
        retry: Retry | None = None,
    ) -> VendorResponse:
        """Send a request and return the answer if its status is in ``ok``.

        Args:
            operation: the vendor's own word for it, for errors and logs.
            method: HTTP method.
            path: from ``path()``, below the base address; an absolute URL of the same host (a next
                page, a long-running operation) is taken as it is.
            params: query parameters.
            json: body to be sent as JSON.
            data: body as bytes, or form fields.
            headers: more headers.
            ok: accepted statuses.
            expect: ``json`` parses the body (an empty one is ``None``), ``text`` decodes it.
            check: may raise one of our errors about an accepted answer (for vendors that say
                "failed" with status 200); a retryable one is retried.
            retry: default is ``ALWAYS`` for idempotent methods, else ``IF_NOT_PROCESSED``.

        Raises:
            TourniquetError: see ``shared.errors``; the message quotes the vendor, without secrets.
        """
        content, content_type = _encode(json, data)
        call = _Call(
            operation=operation,
            method=method,
            url=self._url(path, params),
            content=content,
            headers=self._headers | content_type | dict(headers or {}),
            ok=ok,
            expect=expect,
            check=check,
        )
        default = Retry.ALWAYS if method in IDEMPOTENT_METHODS else Retry.IF_NOT_PROCESSED
        return await call_with_retries(
            lambda: self._send(call),
            self._policy,
            vendor=self.vendor,
            operation=operation,
            retry=retry or default,
        )

    def _url(self, path: str, params: Mapping[str, str | int] | None) -> URL:
        if path.startswith(("http:", "https:")):
            url = URL(path, encoded=True)
            if url.origin() != URL(self.base_url).origin():
                raise PermanentError(f"refused to follow a link to {url.host}", vendor=self.vendor)
        else:
            url = URL(self.base_url + path, encoded=True)
        if not params:
            return url
        query = urlencode({k: str(v) for k, v in params.items()}, quote_via=quote, safe="")
        return URL(f"{url}{'&' if url.raw_query_string else '?'}{query}", encoded=True)

    async def _send(self, call: _Call) -> VendorResponse:
        proof = dict(await self._authorize()) if self._authorize else {}
        if self._prove:
            proof |= await self._prove(call.method, str(call.url))
        try:
            async with open_session(self.vendor).request(
                call.method,
                call.url,
                # As a stream: aiohttp would send many bytes at once and hold up its loop.
                data=None if call.content is None else io.BytesIO(call.content),
                headers={**call.headers, **proof},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS),
            ) as response:
                raw = await _read(response)
                return self._judge(call, response, raw, secrets=[*proof.values(), *self._secrets])
        except (aiohttp.ClientError, OSError) as error:
            failed = connection_error(error, vendor=self.vendor, operation=call.operation)
            failed.args = (hide_secrets(str(failed.args[0]), [*proof.values(), *self._secrets]),)
            raise failed from error

    def _judge(
        self, call: _Call, response: aiohttp.ClientResponse, raw: bytes, *, secrets: list[str]
    ) -> VendorResponse:
        if response.status not in call.ok:
            raise error_for_status(
                response.status,
                hide_secrets(raw.decode(errors="replace"), secrets),
                response.headers,
                vendor=self.vendor,
                operation=call.operation,
            )
        body: Any = raw.decode(errors="replace")
        if call.expect == "json":
            body = parse_json(raw, vendor=self.vendor, operation=call.operation)
        answer = VendorResponse(response.status, response.headers, body)
        if call.check is not None:
            call.check(answer)
        return answer

    def parse[M: BaseModel](self, model: type[M], body: Any, *, operation: str) -> M:
        """Validate an answer's body.

        Raises:
            RetryableError: the body has another shape than the vendor documents.
        """
        return parse_model(model, body, vendor=self.vendor, operation=operation)

    def parse_object(self, body: Any, *, operation: str) -> dict[str, Any]:
        """Return an answer's body if it is a JSON object.

        Raises:
            RetryableError: it is something else.
        """
        if isinstance(body, dict):
            return body
        message = "garbled answer: not a JSON object"
        raise RetryableError(message, vendor=self.vendor, operation=operation)


def connection_error(error: BaseException, *, vendor: str, operation: str) -> TourniquetError:
    """Return our error for a failed connection (aiohttp's or the operating system's)."""
    what = f"{type(error).__name__}: {error}"[:300]
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.InvalidURL():
            return PermanentError(what, vendor=vendor, operation=operation)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return NotSent(what, vendor=vendor, operation=operation)
        case _:
            return RetryableError(what, vendor=vendor, operation=operation)


def _encode(
    json: Any, data: bytes | Mapping[str, str] | None
) -> tuple[bytes | None, dict[str, str]]:
    if json is not None:
        return json_codec.dumps(json).encode(), {"Content-Type": "application/json"}
    if isinstance(data, Mapping):
        return urlencode(data).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    return data, {}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > LARGEST_ANSWER_BYTES:
            raise PermanentError(f"answer larger than {LARGEST_ANSWER_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
