"""How failures of Log Analytics and Sentinel come out: by type, within the deadline."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import PermissionDenied, RetryableError, Throttled, TourniquetError
from shared.playbook.sign_ins.shapes.tables import read_tables
from shared.providers.sentinel import Sentinel, SentinelLogs
from shared.settings import Settings
from tests.contract.processes import Lab
from tests.contract.sentinel_data import ANNA, INCIDENT, TRIGGER, WINDOW


@pytest.fixture
def sentinel(lab: Lab, settings: Settings) -> Sentinel:
    lab.call("PUT", "incidents", [TRIGGER])
    return Sentinel(settings)


type Method = Callable[[Settings], Awaitable[object]]
METHODS: dict[str, tuple[str, Method]] = {
    "get_sign_ins": (
        "log_analytics",
        lambda s: SentinelLogs(s, read_tables).get_sign_ins(
            object_id=ANNA, user_principal_name=None, **WINDOW
        ),
    ),
    "run_query": (
        "log_analytics",
        lambda s: Sentinel(s).run_query("SigninLogs | take 1", parameters={}, **WINDOW),
    ),
    "get_incident": ("sentinel", lambda s: Sentinel(s).get_incident(INCIDENT)),
    "comment_on_incident": (
        "sentinel",
        lambda s: Sentinel(s).comment_on_incident(INCIDENT, key="k", text="t"),
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "value": 429, "retry_after": 600}, Throttled),
        ({"kind": "status", "value": 500}, RetryableError),
        ({"kind": "status", "value": 403}, PermissionDenied),
        ({"kind": "reset"}, RetryableError),
        ({"kind": "malformed"}, RetryableError),
        ({"kind": "timeout"}, RetryableError),
    ],
)
async def test_failures_have_their_type(
    sentinel: Sentinel,
    lab: Lab,
    make_settings: Callable[..., Settings],
    method: str,
    fault: dict[str, Any],
    error: type[TourniquetError],
) -> None:
    vendor, call = METHODS[method]
    lab.fault(vendor, **fault)
    once: dict[str, Any] = {"call_attempts": 1}
    if fault["kind"] == "timeout":
        once |= {"call_timeout_seconds": 2.0, "query_timeout_seconds": 2.0}

    with pytest.raises(error) as caught:
        await call(make_settings(**once))

    assert caught.value.vendor == vendor


async def test_retry_after_of_log_analytics_is_honoured(lab: Lab, settings: Settings) -> None:
    lab.fault("log_analytics", "status", value=429, retry_after=1, times=1)
    begin = asyncio.get_running_loop().time()

    await Sentinel(settings).run_query("print x = 1", parameters={}, **WINDOW)

    assert asyncio.get_running_loop().time() - begin >= 1.0
