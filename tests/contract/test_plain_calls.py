"""The bench's floor: calls of a case sent to the simulators again, with what they ask for."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.bench.calls import Steps
from lab.bench.needs import Call, Needs
from lab.bench.plain_calls import PlainCalls
from lab.errors import LabError
from tests.contract.entra_account import ANNA, USER
from tests.contract.processes import Lab

WORKSPACE = "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42"


def call(vendor: str, method: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
    line = {"vendor": vendor, "operation": path.rpartition("/")[2], "method": method, "path": path}
    return line | {"status": status, "body": None} | more


def user(**more: Any) -> dict[str, Any]:
    return call("entra", "GET", f"/graph/v1.0/users/{ANNA}", **more)


RESET = call(
    "entra",
    "PATCH",
    f"/graph/v1.0/users/{ANNA}",
    status=204,
    body={"passwordProfile": {"password": "***", "forceChangePasswordNextSignIn": True}},
)
REVOKE = call("entra", "POST", f"/graph/v1.0/users/{ANNA}/revokeSignInSessions")
QUERY = call(
    "log_analytics",
    "POST",
    f"/loganalytics/v1/workspaces/{WORKSPACE}/query",
    body={"query": "print 1"},
)
REPUTATION = [
    call("virustotal", "GET", "/virustotal/api/v3/ip_addresses/203.0.113.9"),
    call(
        "abuseipdb",
        "GET",
        "/abuseipdb/api/v2/check",
        query={"ipAddress": "203.0.113.9", "maxAgeInDays": "90"},
    ),
    call("greynoise", "GET", "/greynoise/v3/community/203.0.113.9", status=404),
]
STEPS = Steps(
    [[[QUERY, QUERY]], [[user()]], *([[one]] for one in REPUTATION)],
    [[user()], [RESET], [REVOKE]],
)


def plain(lab: Lab) -> PlainCalls:
    host = lab.environment["AZURE_AUTHORITY_HOST"]
    parts = {"app_settings": lab.environment, "urls": {"vendors": host}, "state_dir": lab.state_dir}
    return PlainCalls(cast(Any, SimpleNamespace(**parts)))


async def ask(lab: Lab, steps: Steps, *, parallel: bool) -> float:
    async with plain(lab) as calls:
        if not parallel:
            return await calls.one_by_one(steps)
        taken = await calls.as_sent(steps)
        assert 0 < taken.after_verdict < taken.all
        return taken.all


@pytest.mark.parametrize("parallel", [True, False])
async def test_every_call_is_answered_as_the_first_time(lab: Lab, parallel: bool) -> None:
    lab.tenant(directory={"users": [USER]}, addresses={"203.0.113.9": {}})
    assert await ask(lab, STEPS, parallel=parallel) > 0
    effects = [line["operation"] for line in lab.ledger("entra") if line["effect"]]
    assert effects == ["users.patch", "revokeSignInSessions"]
    assert len(lab.ledger("log_analytics")) == 2
    assert not [line for line in lab.call("GET", "ledger") if line.get("violation")]


async def test_what_needs_no_answer_waits_for_none(lab: Lab) -> None:
    lab.tenant(directory={"users": [USER]}, addresses={"203.0.113.9": {}})
    lab.fault("*", "latency", value=0.3)
    parallel = await ask(lab, STEPS, parallel=True)
    assert parallel >= 4 * 0.3, "four steps"
    assert await ask(lab, STEPS, parallel=False) >= 9 * 0.3, "nine calls"


async def test_a_call_waits_for_the_answers_that_it_needs_and_for_no_others(lab: Lab) -> None:
    lab.tenant(directory={"users": [USER]}, addresses={"203.0.113.9": {}})
    lab.fault("*", "latency", value=0.3)
    queries = [Call(QUERY, []), Call(QUERY, [])]
    needs = Needs([*queries, Call(user(), []), Call(RESET, [0, 1, 2]), Call(REVOKE, [3])], 3)
    async with plain(lab) as calls:
        taken = await calls.as_needed(needs)
        assert 3 * 0.3 <= taken.all < 5 * 0.3, "three steps of five calls"
        assert 2 * 0.3 <= taken.after_verdict < taken.all
        with pytest.raises(LabError, match="answered 200 when asked again, 404 before"):
            await calls.as_needed(Needs([Call(user(status=404), []), Call(user(), [0])], 0))
    effects = [line["operation"] for line in lab.ledger("entra") if line["effect"]]
    assert effects == ["users.patch", "revokeSignInSessions"]


async def test_another_answer_is_an_error(lab: Lab) -> None:
    lab.tenant(directory={"users": [USER]})
    with pytest.raises(LabError, match="answered 200 when asked again, 404 before"):
        await asyncio.wait_for(ask(lab, Steps([], [[user(status=404)]]), parallel=True), 60)
