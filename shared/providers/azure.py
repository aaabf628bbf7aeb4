"""What Azure's SDKs share here: transport and errors.

Their own retries are switched off (``SDK_OPTIONS``): one rule decides what is repeated, and when
(``shared.providers.retry``). Their connections are the vendor's pooled session.
"""

from typing import TYPE_CHECKING, Any

from shared.errors import NotConfigured, RetryableError, TourniquetError
from shared.providers.answers import LONGEST_MESSAGE, error_for_status
from shared.providers.http import connection_error
from shared.providers.sessions import open_session

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError
    from azure.core.pipeline.transport import AioHttpTransport

SDK_OPTIONS: dict[str, Any] = {"retry_total": 0, "permit_redirects": False, "logging_enable": False}


def transport(vendor: str) -> "AioHttpTransport":
    """Return an Azure SDK transport over the vendor's session of the running event loop."""
    from azure.core.pipeline.transport import AioHttpTransport

    return AioHttpTransport(session=open_session(vendor), session_owner=False)


def error_from_azure(error: "AzureError", *, vendor: str, operation: str) -> TourniquetError:
    """Return our error for one of azure-core's or azure-identity's."""
    from azure.core import exceptions as azure
    from azure.identity import CredentialUnavailableError

    where = {"vendor": vendor, "operation": operation}
    message = str(error).partition("\n")[0][:LONGEST_MESSAGE]
    match error:
        case CredentialUnavailableError():
            return NotConfigured(
                "there is no Azure identity to ask with", vendor=vendor, operation=operation
            )
        case azure.ServiceRequestError() | azure.ServiceResponseError():
            return connection_error(error.inner_exception or error, **where)
        case azure.HttpResponseError(status_code=int(status)) if status >= 300:
            body = _body(error) or message
            return error_for_status(status, body, _headers(error), **where)
        case azure.ClientAuthenticationError():
            return error_for_status(401, message, {}, **where)
        case _:
            return RetryableError(f"garbled answer: {message}", vendor=vendor, operation=operation)


def _body(error: "HttpResponseError") -> str:
    try:
        return error.response.text() if error.response is not None else ""
    except (AttributeError, ValueError, RuntimeError):
        # A body that was never read, or cannot be decoded: the SDK's own message has to do.
        return ""


def _headers(error: "HttpResponseError") -> dict[str, str]:
    headers = getattr(error.response, "headers", {})
    value = next((value for key, value in headers.items() if key.lower() == "retry-after"), None)
    return {} if value is None else {"Retry-After": value}
