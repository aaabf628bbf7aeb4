"""kill -9 of the worker in the middle of containment: the case completes, no effect twice."""

import asyncio
import os
import signal

import pytest

from orchestrators.names import Activity
from tests.lab.whole_lab import WholeLab, broken

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCENARIO = "brute-force-success"


@pytest.mark.parametrize(
    ("operation", "activity"),
    [
        ("revokeSignInSessions", Activity.REVOKE_SESSIONS),
        ("users.patch", Activity.FORCE_PASSWORD_RESET),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_kill_9_during_containment(
    whole_lab: WholeLab, operation: str, activity: Activity, when: str
) -> None:
    """The worker dies just before the effect, or when it is done but nobody knows yet."""
    slow = {"vendor": "entra", "operation": operation, "kind": "latency", "value": 3, "times": 1}
    playing = asyncio.create_task(whole_lab.play(SCENARIO, faults=[slow | {"when": when}]))
    victim = await whole_lab.worker_running(activity)
    await whole_lab.fault_struck(operation, when)
    os.kill(victim, signal.SIGKILL)
    played = await playing
    assert victim not in whole_lab.lab.host.worker_pids()
    assert broken(SCENARIO, played) == []
    assert len(played.effects(f"entra {operation}")) == 1
