"""kill -9 of the worker in the middle of containment: the case completes, no effect twice."""

import asyncio
import os
import signal

import pytest

from orchestrators.names import Activity
from tests.lab.whole_lab import PATIENCE_SECONDS, WholeLab, broken

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCENARIO = "brute-force-success"
COMMANDS = "suspicious-commands"
OKTA = "okta-account"
UNDONE = "taken-back"


KILLS = [
    (when, *killed)
    for killed in (
        (SCENARIO, "entra", "revokeSignInSessions", Activity.REVOKE_SESSIONS),
        (SCENARIO, "entra", "users.patch", Activity.FORCE_PASSWORD_RESET),
        (
            "mfa-fatigue",
            "entra",
            "authentication.methods.delete",
            Activity.REMOVE_AUTHENTICATION_METHODS,
        ),
        (OKTA, "okta", "users.reset_password", Activity.FORCE_PASSWORD_RESET),
        (OKTA, "okta", "users.sessions.delete", Activity.REVOKE_SESSIONS),
        (COMMANDS, "defender", "machines.runAntiVirusScan", Activity.SCAN_DEVICES),
    )
    for when in ("before", "after")
]
KILLS += [
    ("after", SCENARIO, "entra", "messageRules.patch", Activity.DISABLE_INBOX_RULES),
    (
        "after",
        "oauth-consent",
        "entra",
        "oauth2PermissionGrants.delete",
        Activity.REVOKE_OAUTH_GRANTS,
    ),
]


@pytest.mark.parametrize(("when", "scenario", "vendor", "operation", "activity"), KILLS)
async def test_kill_9_during_containment(
    whole_lab: WholeLab,
    when: str,
    scenario: str,
    vendor: str,
    operation: str,
    activity: Activity,
) -> None:
    """The worker dies just before the effect, or when it is done but nobody knows yet."""
    slow = {"vendor": vendor, "operation": operation, "kind": "latency", "value": 8, "times": 1}
    playing = asyncio.create_task(whole_lab.play(scenario, faults=[slow | {"when": when}]))
    victim = await whole_lab.worker_running(activity)
    await whole_lab.fault_struck(operation, when)
    os.kill(victim, signal.SIGKILL)
    played = await playing
    assert victim not in whole_lab.lab.host.worker_pids()
    assert broken(scenario, played) == []
    assert len(played.effects(f"{vendor} {operation}")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_kill_9_during_an_undo(whole_lab: WholeLab, when: str) -> None:
    """The first slow change of the account is disabling it, the second the undo's."""
    slow = {"vendor": "entra", "operation": "users.patch", "kind": "latency", "value": 8}
    faults = [slow | {"times": 2, "when": when}]
    playing = asyncio.create_task(whole_lab.play(UNDONE, faults=faults))
    victim = await whole_lab.worker_running(Activity.ENABLE_ACCOUNT)
    await _second_change_struck(whole_lab, effects=2 if when == "after" else 1)
    os.kill(victim, signal.SIGKILL)
    played = await playing
    assert victim not in whole_lab.lab.host.worker_pids()
    assert broken(UNDONE, played) == []
    assert len(played.effects("entra users.patch")) == 2, "disabled once, enabled once"


async def test_a_question_outlives_every_worker(whole_lab: WholeLab) -> None:
    """Nothing that waits for an answer is in a worker's memory."""
    case_id = (await whole_lab.waiting_case())["case_id"]
    host = whole_lab.lab.host
    before = set(host.worker_pids())
    for victim in before:
        os.kill(victim, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            now = set(host.worker_pids())
            if now and not now & before:
                break
            await asyncio.sleep(0.1)
    assert (await whole_lab.client.get_case(case_id))["status"] == "awaiting_decision"
    await whole_lab.client.decide(case_id, actions=["RevokeSessions"], comment="still here")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            record = await whole_lab.client.get_case(case_id)
            if record["status"] == "contained":
                break
            await asyncio.sleep(0.1)
    assert record["decision"]["comment"] == "still here"
    assert [one["action"] for one in record["actions"]] == ["RevokeSessions"]
    await whole_lab.close(case_id)


async def _second_change_struck(lab: WholeLab, *, effects: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            changes = [
                entry
                for entry in await lab.client.get_ledger()
                if entry["operation"] == "users.patch" and entry["effect"]
            ]
            if (await lab.client.get_faults())[0]["played"] == 2 and len(changes) == effects:
                return
            await asyncio.sleep(0.02)
