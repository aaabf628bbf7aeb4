"""What a vendor's refusal means: HTTP status and body to one of our errors.

The vendor's own message is quoted, shortened and without secrets, because it is what the reader
of a case needs to put things right.
"""

import json
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.errors import (
    Conflict,
    NotFound,
    PermanentError,
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
    Unauthenticated,
)
from shared.providers.retry import parse_retry_after

LONGEST_MESSAGE = 300
_MESSAGE_KEYS = (
    *(
        "message",
        "error_description",
        "detail",
        "error",
        "errorMessages",
        "errors",
        "title",
        "errorSummary",
    ),
    "code",
)


def error_for_status(
    status: int, body: str, headers: Mapping[str, str], *, vendor: str, operation: str
) -> TourniquetError:
    """Return the error for an answer that was not accepted; retry is decided by its type."""
    message = vendor_message(body) or _phrase(status)
    where = {"vendor": vendor, "operation": operation}
    retry_after = parse_retry_after(headers.get("Retry-After"))
    if status == 429 and retry_after is None:
        retry_after = _seconds_to_reset(headers)
    if status == 429 or (status == 503 and retry_after is not None):
        return Throttled(message, status=status, retry_after=retry_after, **where)
    if status == 408 or status >= 500:
        return RetryableError(message, status=status, **where)
    if 300 <= status < 400:
        message = f"unexpected redirect to {headers.get('Location', 'nowhere')}"[:LONGEST_MESSAGE]
    kinds: dict[int, type[PermanentError]] = {
        401: Unauthenticated,
        403: PermissionDenied,
        404: NotFound,
        409: Conflict,
        412: Conflict,
    }
    return kinds.get(status, PermanentError)(message, status=status, **where)


def parse_json(content: bytes, *, vendor: str, operation: str) -> Any:
    """Return the parsed body, ``None`` when it is empty.

    Raises:
        RetryableError: the body is not JSON.
    """
    try:
        return json.loads(content) if content.strip() else None
    except (ValueError, RecursionError) as error:
        message = "garbled answer: not JSON"
        raise RetryableError(message, vendor=vendor, operation=operation) from error


def parse_model[M: BaseModel](model: type[M], body: Any, *, vendor: str, operation: str) -> M:
    """Validate a parsed body.

    Raises:
        RetryableError: the body has another shape than the vendor documents.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        places = {".".join(str(part) for part in e["loc"]) or "body" for e in error.errors()}
        message = f"garbled answer: wrong {', '.join(sorted(places)[:5])}"
        raise RetryableError(message, vendor=vendor, operation=operation) from error


def vendor_message(body: str) -> str:
    """Return the vendor's message from an error body: JSON of any usual shape, or text."""
    try:
        found = _find(json.loads(body))
    except (ValueError, RecursionError):
        found = "" if body.lstrip().startswith("<") else body
    return " ".join(found.split())[:LONGEST_MESSAGE]


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the values that proved who we are (a vendor may echo them)."""
    for secret in secrets:
        for part in (secret, *secret.split()):
            if len(part) >= 8:
                text = text.replace(part, "***")
    return text


def _seconds_to_reset(headers: Mapping[str, str]) -> float | None:
    """Return the wait until ``X-Rate-Limit-Reset``: Okta says when, by its own clock, not how long.

    The two headers are in whole seconds, so one is added.
    """
    reset, date = headers.get("X-Rate-Limit-Reset", ""), headers.get("Date")
    if not reset.isdigit() or not date:
        return None
    try:
        return max(0.0, int(reset) - parsedate_to_datetime(date).timestamp()) + 1
    except ValueError:
        return None


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus else "no message"


def _find(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return next((text for item in value if (text := _find(item))), "")
    if not isinstance(value, dict):
        return ""
    code = value.get("code") or value.get("errorCode")
    for key in _MESSAGE_KEYS:
        if text := _find(value.get(key)):
            named = f"{code}: {text}" if isinstance(code, str) and key != "code" else text
            # The outer message is often only "invalid properties"; the reason is inside.
            inner = _find(value.get("innererror") or value.get("errorCauses"))
            return f"{named} {inner}" if inner else named
    return ""
