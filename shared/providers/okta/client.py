"""Okta's management API: requests by the scope they need, and lists page by page."""

import re
from collections.abc import Collection, Mapping
from functools import cache, partial
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import NotConfigured, PermissionDenied, RetryableError
from shared.providers.http import VendorClient
from shared.providers.okta.tokens import VENDOR, OktaTokens
from shared.providers.response import VendorResponse
from shared.providers.retry import Retry
from shared.settings import Settings

READ_USERS = "okta.users.read"
MANAGE_USERS = "okta.users.manage"
READ_ROLES = "okta.roles.read"
READ_LOGS = "okta.logs.read"

MOST_PAGES = 10
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="next"')


class OktaApi:
    """Requests to one Okta org."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tokens = OktaTokens(settings)
        self._client_for = cache(self._build)

    def _build(self, scope: str) -> VendorClient:
        if not self._settings.okta_url:
            raise NotConfigured("TOURNIQUET_OKTA_URL is not set", vendor=VENDOR)
        return VendorClient(
            VENDOR,
            self._settings.okta_url,
            settings=self._settings,
            prove=partial(self._tokens.headers, scope),
        )

    async def call(
        self,
        operation: str,
        method: str,
        target: str,
        *,
        scope: str,
        params: Mapping[str, str | int] | None = None,
        ok: Collection[int] = (200, 204),
        expect: Literal["json", "text"] = "json",
        retry: Retry | None = None,
    ) -> VendorResponse:
        """Send a request; see ``VendorClient.request``.

        A token that Okta does not take any more, although it has not expired (revoked, or its key
        exchanged), is asked for anew, once: a request refused with 401 has done nothing.
        """
        client = self._client_for(scope)
        for last in (False, True):
            try:
                return await client.request(
                    operation, method, target, params=params, ok=ok, expect=expect, retry=retry
                )
            except PermissionDenied as error:
                if last or error.status != 401 or error.operation != operation:
                    raise
                if not self._tokens.forget(scope):
                    raise
        raise AssertionError("unreachable")

    async def read[M: BaseModel](
        self, operation: str, target: str, model: type[M], *, scope: str = READ_USERS
    ) -> M:
        """Return one object."""
        answer = await self.call(operation, "GET", target, scope=scope)
        return self._client_for(scope).parse(model, answer.body, operation=operation)

    async def read_all[M: BaseModel](
        self,
        operation: str,
        target: str,
        model: type[M],
        *,
        scope: str = READ_USERS,
        params: Mapping[str, str | int] | None = None,
        most_pages: int = MOST_PAGES,
    ) -> list[M]:
        """Return the objects of a list, following ``Link: <...>; rel="next"``."""
        items: list[M] = []
        for _ in range(most_pages):
            answer = await self.call(operation, "GET", target, scope=scope, params=params)
            items += _parse_list(model, answer.body, operation)
            following, params = _next_page(answer), None
            if following is None:
                break
            target = following
        return items


def _parse_list[M: BaseModel](model: type[M], body: object, operation: str) -> list[M]:
    try:
        return TypeAdapter(list[model]).validate_python(body)  # type: ignore[valid-type]
    except ValidationError as error:
        places = {".".join(str(part) for part in one["loc"]) or "body" for one in error.errors()}
        message = f"garbled answer: wrong {', '.join(sorted(places)[:5])}"
        raise RetryableError(message, vendor=VENDOR, operation=operation) from error


def _next_page(answer: VendorResponse) -> str | None:
    """Okta sends ``Link`` as several headers, one of which may be the next page's."""
    headers = answer.headers
    several = getattr(headers, "getall", None)
    links = several("Link", []) if several else [headers.get("Link", "")]
    found = (_NEXT.search(link) for link in links)
    return next((match[1] for match in found if match), None)
