"""How Okta says no: its error body, and when to come back."""

import json

import pytest

from shared.errors import PermanentError, PermissionDenied, RetryableError, Throttled
from shared.providers.answers import error_for_status

BODY = json.dumps(
    {
        "errorCode": "E0000001",
        "errorSummary": "Api validation failed: suspendUser",
        "errorId": "oae1",
        "errorCauses": [{"errorSummary": "Cannot suspend a user that is not active"}],
    }
)
DATE = "Sun, 22 Nov 2026 02:00:00 GMT"
RESET = {"X-Rate-Limit-Reset": "1795312830", "Date": DATE}
"""Half a minute after ``DATE``."""


def refused(status: int, **headers: str) -> Exception:
    return error_for_status(status, BODY, headers, vendor="okta", operation="users.suspend")


def test_code_summary_and_cause_are_quoted() -> None:
    error = refused(400)
    assert type(error) is PermanentError
    assert str(error) == (
        "okta users.suspend (HTTP 400): E0000001: Api validation failed: suspendUser "
        "Cannot suspend a user that is not active"
    )
    assert type(refused(403)) is PermissionDenied


def test_the_wait_is_counted_from_the_vendor_s_own_clock() -> None:
    error = refused(429, **RESET)
    assert isinstance(error, Throttled)
    assert error.retry_after == 31


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Rate-Limit-Reset": "soon", "Date": DATE}, {"X-Rate-Limit-Reset": "1795312830"},
     RESET | {"Date": "yesterday"}],
)  # fmt: skip
def test_without_both_headers_there_is_no_time(headers: dict[str, str]) -> None:
    error = refused(429, **headers)
    assert isinstance(error, Throttled)
    assert error.retry_after is None


def test_a_limit_that_is_always_told_makes_no_other_failure_a_throttle() -> None:
    assert type(refused(503, **RESET)) is RetryableError
    assert refused(429, **RESET, **{"Retry-After": "2"}).retry_after == 2  # type: ignore[attr-defined]
