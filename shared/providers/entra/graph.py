"""The Graph SDK, used narrowly: its request builders, our transport, deadlines and errors.

The SDK builds requests (paths, typed query parameters) and authorizes them (allowed hosts,
continuous access evaluation); answers are taken raw. Kiota's middleware is left out: its retries
would hide our deadlines, and redirects are not followed.
"""

import json
from collections.abc import Callable, Collection
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from shared.errors import PermanentError
from shared.models.base import Json, VendorModel
from shared.providers.answers import error_for_status, hide_secrets, parse_json, parse_model
from shared.providers.azure import error_from_azure
from shared.providers.clouds import GRAPH, scope
from shared.providers.credentials import get_credential
from shared.providers.entra.lanes import Lanes, SharedTurns
from shared.providers.entra.models import Page
from shared.providers.entra.sdk import sdk_is_imported
from shared.providers.http import CONNECT_TIMEOUT_SECONDS, connection_error
from shared.providers.loops import PerLoop
from shared.providers.retry import CallPolicy, Retry, call_with_retries
from shared.providers.sessions import open_session
from shared.settings import Settings

if TYPE_CHECKING:
    import httpx
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.generated.base_graph_service_client import BaseGraphServiceClient

VENDOR = "entra"
MOST_PAGES = 10
"""Pages that are read of one collection."""


class Graph:
    """Sends requests built by the SDK's builders.

    Args:
        settings: address, limits and deadlines.
        turns: what the instances of the app share; without it this one keeps the limits alone.

    Attributes:
        base_url: Graph's address with the version.
    """

    def __init__(self, settings: Settings, turns: SharedTurns | None = None) -> None:
        self.base_url = settings.graph_url.rstrip("/")
        self._policy = CallPolicy.from_settings(settings)
        self._lanes = Lanes(settings, turns)
        self._client = PerLoop(self._build)

    @property
    def client(self) -> "BaseGraphServiceClient":
        """The SDK's client: ``client.users.by_user_id(...)`` and so on build the requests."""
        return self._client.get()

    def _build(self) -> "BaseGraphServiceClient":
        import httpx
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )
        from kiota_http.httpx_request_adapter import HttpxRequestAdapter
        from kiota_http.observability_options import ObservabilityOptions
        from msgraph.generated.base_graph_service_client import BaseGraphServiceClient

        from shared.providers.entra.transport import BoundedTransport

        session = open_session(VENDOR)
        host = urlsplit(self.base_url).hostname or ""
        adapter = HttpxRequestAdapter(
            AzureIdentityAuthenticationProvider(
                get_credential(),
                scopes=[scope(GRAPH, self.base_url)],
                allowed_hosts=[host],
            ),
            http_client=httpx.AsyncClient(
                transport=BoundedTransport(session),
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_SECONDS),
                headers={"User-Agent": "Tourniquet", "Accept": "application/json"},
            ),
            # Addresses contain user principal names, which do not belong in traces.
            observability_options=ObservabilityOptions(include_euii_attributes=False),
        )
        adapter.base_url = self.base_url
        return BaseGraphServiceClient(adapter)

    async def send[M: BaseModel](
        self,
        operation: str,
        build: "Callable[[], RequestInformation]",
        model: type[M],
        *,
        ok: Collection[int] = (200,),
        secrets: Collection[str] = (),
        retry: Retry = Retry.ALWAYS,
        urgent: bool = False,
    ) -> M:
        """Send a request and return its answer as ``model``.

        Args:
            operation: Graph's own word for it, for errors and logs.
            build: makes the request; called for every attempt.
            model: what the answer must look like.
            ok: accepted statuses.
            secrets: values in the request that must not appear in an error.
            retry: what may be repeated here, without looking at the account again.
            urgent: whether it contains an account or gives it back, where Graph's limits are tight.

        Raises:
            TourniquetError: see ``shared.errors``.
        """
        await sdk_is_imported()

        async def attempt() -> M:
            response = await self._exchange(operation, build())
            if response.status_code not in ok:
                proof = response.request.headers.get("Authorization", "")
                raise error_for_status(
                    response.status_code,
                    hide_secrets(response.text, (proof, *secrets)),
                    response.headers,
                    vendor=VENDOR,
                    operation=operation,
                )
            return _parse(operation, response.content, model)

        return await call_with_retries(
            attempt,
            self._policy,
            vendor=VENDOR,
            operation=operation,
            retry=retry,
            turn=partial(self._lanes.wait_for_turn, operation, urgent=urgent),
        )

    async def collect[Item: VendorModel](
        self,
        operation: str,
        build: "Callable[[str | None], RequestInformation]",
        item: type[Item],
    ) -> list[Item]:
        """Return a collection, page after page; ``build`` gets the next page's address or none.

        Raises:
            PermanentError: it has more than ``MOST_PAGES`` pages; a part is never taken for all.
        """
        link: str | None = None
        found: list[Item] = []
        for _ in range(MOST_PAGES):
            page = await self.send(operation, partial(build, link), Page[item])  # type: ignore[valid-type]
            found += page.value
            link = page.next_below(self.base_url)
            if not link:
                return found
        raise PermanentError(f"more than {MOST_PAGES} pages", vendor=VENDOR, operation=operation)

    async def _exchange(self, operation: str, request: "RequestInformation") -> "httpx.Response":
        import httpx
        from azure.core.exceptions import AzureError

        request.add_request_options(self._raw_answer)
        adapter = self.client.request_adapter
        try:
            response: httpx.Response = await adapter.send_primitive_async(request, "bytes", None)
        except httpx.HTTPError as error:
            cause = error.__cause__ or error
            raise connection_error(cause, vendor=VENDOR, operation=operation) from error
        except OSError as error:
            raise connection_error(error, vendor=VENDOR, operation=operation) from error
        except AzureError as error:
            raise error_from_azure(error, vendor="entra_token", operation="token") from error
        return response

    @cached_property
    def _raw_answer(self) -> list[Any]:
        from kiota_abstractions.native_response_handler import NativeResponseHandler
        from kiota_http.middleware.options import ResponseHandlerOption

        return [ResponseHandlerOption(NativeResponseHandler())]


def with_body(method: str, builder: Any, body: Json) -> "RequestInformation":
    """Return a request to the builder's address with a JSON body, without the SDK's models."""
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    request = RequestInformation(Method[method], builder.url_template, builder.path_parameters)
    request.set_stream_content(json.dumps(body).encode(), "application/json")
    return request


def _parse[M: BaseModel](operation: str, content: bytes, model: type[M]) -> M:
    body = parse_json(content, vendor=VENDOR, operation=operation)
    return parse_model(model, body, vendor=VENDOR, operation=operation)
