"""How Graph's failures come out of every method: by type, within the deadline, without secrets."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import (
    PermissionDenied,
    RetryableError,
    Throttled,
    TourniquetError,
    Unauthenticated,
)
from shared.providers.entra import Entra
from shared.settings import Settings
from tests.contract.entra_account import ANNA, USER
from tests.contract.processes import Lab


@pytest.fixture
def entra(lab: Lab, settings: Settings) -> Entra:
    lab.tenant(directory={"users": [USER]})
    return Entra(settings)


type Method = Callable[[Entra], Awaitable[object]]
METHODS: dict[str, Method] = {
    "get_user": lambda e: e.get_user(ANNA),
    "get_memberships": lambda e: e.get_memberships(ANNA),
    "get_mfa_registration": lambda e: e.get_mfa_registration(ANNA),
    "get_risk": lambda e: e.get_risk(ANNA),
    "get_state": lambda e: e.get_state(ANNA),
    "revoke_sessions": lambda e: e.revoke_sessions(ANNA),
    "reset_password": lambda e: e.reset_password(ANNA),
    "set_enabled": lambda e: e.set_enabled(ANNA, enabled=False),
    "confirm_compromised": lambda e: e.confirm_compromised(ANNA),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "value": 429, "retry_after": 600}, Throttled),
        ({"kind": "status", "value": 500}, RetryableError),
        ({"kind": "reset"}, RetryableError),
        ({"kind": "malformed"}, RetryableError),
        ({"kind": "status", "value": 403}, PermissionDenied),
    ],
)
async def test_failures_have_their_type(
    entra: Entra, lab: Lab, method: str, fault: dict[str, Any], error: type[TourniquetError]
) -> None:
    lab.fault("entra", **fault)

    with pytest.raises(error) as caught:
        await METHODS[method](entra)

    assert caught.value.vendor == "entra"
    assert "Bearer" not in str(caught.value)


@pytest.mark.parametrize("method", ["get_user", "revoke_sessions", "set_enabled"])
async def test_a_silent_graph_runs_into_the_deadline(
    lab: Lab, make_settings: Callable[..., Settings], method: str
) -> None:
    entra = Entra(make_settings(call_timeout_seconds=2.0, call_budget_seconds=5.0))
    await entra.warm_up()
    lab.fault("entra", "timeout")

    with pytest.raises(RetryableError, match="no answer within"):
        await METHODS[method](entra)


async def test_retry_after_is_honoured(entra: Entra, lab: Lab) -> None:
    lab.fault("entra", "status", value=429, retry_after=1, times=1)
    begin = asyncio.get_running_loop().time()

    await entra.get_user(ANNA)

    assert asyncio.get_running_loop().time() - begin >= 1.0


CHANGES = {
    "reset_password": "users.patch",
    "set_enabled": "users.patch",
    "revoke_sessions": "revokeSignInSessions",
}


@pytest.mark.parametrize(("method", "operation"), CHANGES.items())
async def test_a_change_whose_answer_was_lost_is_not_made_twice(
    entra: Entra, lab: Lab, method: str, operation: str
) -> None:
    lab.fault("entra", "reset", operation=operation, times=1, when="after")

    with pytest.raises(RetryableError):
        await METHODS[method](entra)

    assert len([entry for entry in lab.ledger("entra") if entry["effect"]]) == 1


@pytest.mark.parametrize(("method", "operation"), CHANGES.items())
async def test_a_change_that_was_refused_for_being_too_many_is_made(
    entra: Entra, lab: Lab, method: str, operation: str
) -> None:
    lab.fault("entra", "status", value=429, operation=operation, times=1)

    await METHODS[method](entra)

    assert len([entry for entry in lab.ledger("entra") if entry["effect"]]) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "value": 429, "retry_after": 600}, Throttled),
        ({"kind": "status", "value": 500}, RetryableError),
        ({"kind": "status", "value": 401}, Unauthenticated),
        ({"kind": "reset"}, RetryableError),
    ],
)
async def test_failures_of_the_token_endpoint_have_their_type(
    entra: Entra, lab: Lab, fault: dict[str, Any], error: type[TourniquetError]
) -> None:
    lab.fault("entra_token", **fault)

    with pytest.raises(error) as caught:
        await entra.get_user(ANNA)

    assert caught.value.vendor == "entra_token"


async def test_concurrent_first_calls_share_one_token(entra: Entra, lab: Lab) -> None:
    await asyncio.gather(*(entra.get_user(ANNA) for _ in range(20)))

    assert len(lab.ledger("entra_token")) == 1
