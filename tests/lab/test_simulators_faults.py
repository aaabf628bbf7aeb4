"""Faults: what a caller sees, what happened nevertheless, how often."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from lab.simulators.faults import TIMEOUT_SECONDS
from tests.lab.simulators_support import ALICE, GRAPH, World

REVOKE = f"/users/{ALICE}/revokeSignInSessions"
PATIENCE = 60.0
LOST = (httpx.ReadError, httpx.RemoteProtocolError)


def _call(world: World, method: str = "POST", path: str = REVOKE) -> httpx.Response:
    """Call Graph without holding the answer to the specification."""
    headers = {"Authorization": f"Bearer {world.token(GRAPH)}"}
    url = world.env["TOURNIQUET_GRAPH_URL"] + path
    return world.http.request(method, url, headers=headers, timeout=PATIENCE)


def test_status_with_retry_after(world: World) -> None:
    world.lab.fault("entra", "status", value=429, retry_after=2)
    answer = _call(world)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    line = world.lab.ledger("entra")[-1]
    assert (line["status"], line["effect"], line["fault"]) == (429, False, "status")


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize(("kind", "status"), [("status", 500), ("malformed", 200), ("reset", 0)])
def test_before_nothing_happens_after_only_the_answer_is_lost(
    world: World, kind: str, status: int, when: str, effects: int
) -> None:
    world.lab.fault("entra", kind, when=when, **({"value": 500} if kind == "status" else {}))
    if status:
        answer = _call(world)
        assert answer.status_code == status
    else:
        with pytest.raises(LOST):
            _call(world)
    assert len(world.effects("entra")) == effects
    line = world.lab.ledger("entra")[-1]
    assert (line["status"], line["fault"]) == (status, kind)


@pytest.mark.parametrize(("when", "effects"), [("before", 0), ("after", 1)])
def test_a_timeout_answers_nothing_until_a_reset_lets_go(
    world: World, when: str, effects: int
) -> None:
    world.lab.fault("entra", "timeout", when=when)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(_call, world)
        while not (lines := world.lab.ledger("entra")):
            time.sleep(0.05)
        assert [(line["status"], line["fault"]) for line in lines] == [(0, "timeout")]
        assert len(world.effects("entra")) == effects
        assert not waiting.done()
        started = time.monotonic()
        world.lab.reset()
        with pytest.raises(LOST):
            waiting.result()
    assert time.monotonic() - started < TIMEOUT_SECONDS / 2


def test_malformed_is_not_json(world: World) -> None:
    world.lab.fault("entra", "malformed")
    with pytest.raises(ValueError, match="Unterminated"):
        _call(world).json()


@pytest.mark.parametrize("when", ["before", "after"])
def test_latency_answers_late_but_answers(world: World, when: str) -> None:
    world.lab.fault("entra", "latency", value=0.2, when=when)
    started = time.monotonic()
    assert _call(world).json() == {"value": True}
    assert time.monotonic() - started >= 0.2
    assert len(world.effects("entra")) == 1


def test_times_and_operation_limit_a_fault(world: World) -> None:
    world.lab.fault("entra", "status", value=503, operation="revokeSignInSessions", times=2)
    assert [_call(world).status_code for _ in range(3)] == [503, 503, 200]
    assert _call(world, "GET", f"/users/{ALICE}").status_code == 200
    assert world.lab.call("GET", "faults")[0]["played"] == 2


def test_a_fault_can_name_a_body_key(world: World) -> None:
    world.lab.fault("entra", "status", value=503, operation="users.patch.passwordProfile")
    path = f"/users/{ALICE}"
    assert world.graph("PATCH", path, {"accountEnabled": False}).status_code == 204
    change = {"passwordProfile": {"password": "Str0ng-enough"}}
    assert world.graph("PATCH", path, change).status_code == 503


def test_a_fault_can_be_about_some_requests_only(world: World) -> None:
    about = [ALICE.upper(), "passwordProfile"]
    world.lab.fault("entra", "status", value=503, about=about)
    path = f"/users/{ALICE}"
    assert world.graph("PATCH", path, {"accountEnabled": False}).status_code == 204
    change = {"passwordProfile": {"password": "Str0ng-enough"}}
    assert world.graph("PATCH", path, change).status_code == 503


def test_rate_is_a_share_and_repeatable_with_a_seed(world: World) -> None:
    def statuses() -> list[int]:
        world.lab.fault("entra", "status", value=500, rate=0.5, seed=7)
        return [_call(world).status_code for _ in range(20)]

    first = statuses()
    assert 3 < first.count(500) < 17
    assert statuses() == first


def test_every_vendor_can_be_meant(world: World) -> None:
    world.lab.fault("*", "status", value=500)
    assert world.virustotal("203.0.113.7").status_code == 500
    assert world.ask_token().status_code == 500


def test_a_late_request_that_a_reset_overtakes_leaves_nothing(world: World) -> None:
    world.lab.fault("virustotal", "latency", value=TIMEOUT_SECONDS)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(world.virustotal, "203.0.113.7")
        while not world.lab.call("GET", "faults")[0]["played"]:
            time.sleep(0.05)
        world.lab.reset()
        with pytest.raises(LOST):
            waiting.result()
    assert world.lab.ledger("virustotal") == []
