import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from orchestrators.undo import UNDO_ACTIVITIES
from shared.models.firewall import block_instance
from shared.models.plan import ActionName
from shared.models.undoing import BEYOND
from tests.support.durable_backend import Engine, Run, Script
from tests.support.scripted_firewalls import ScriptedFirewalls
from tests.support.scripts import OBJECT_ID, default_scripts, fail, outcome, plan_line

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

DISABLED = outcome(ActionName.DISABLE_ACCOUNT, verified=True, undo={"account_enabled": True})
BLOCKED = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
PASSWORD = {
    "action": "ForcePasswordReset",
    "target": OBJECT_ID,
    "status": "impossible",
    "verified": None,
    "detail": "the old password is gone",
    "instead": "self-service reset",
}
ASKED_AT = "2026-11-20T12:30:00.000Z"


def undo_payload(*actions: Json, **more: Any) -> Json:
    return {
        "number": 1,
        "account_key": OBJECT_ID,
        "object_id": OBJECT_ID,
        "directory": "entra",
        "actions": list(actions),
        "impossible": [],
        "requested_by": "kim",
        "requested_at": ASKED_AT,
        "comment": "it was me",
    } | more


def undo(run: Run, *actions: Json, **more: Any) -> Json:
    run.start("undo", undo_payload(*actions, account_key=run.case_id) | more)
    return run.output(dict)


def statuses(done: Json) -> dict[str, str]:
    return {item["action"]: item["status"] for item in done["results"]}


def saved(run: Run) -> Json:
    """Everything saved, later over earlier."""
    merged: Json = {"actions": {}, "timeline": []}
    for call in run.called("save_case"):
        patch = call["patch"]
        merged["actions"] |= {item["action"]: item for item in patch.get("actions", [])}
        merged["timeline"] += [item["event"] for item in patch.get("timeline", [])]
        merged["undos"] = patch.get("undos", merged.get("undos"))
    return merged


def answers(*each: Json) -> Script:
    """Answer one after the other; the last one for ever."""
    numbers = count()
    return lambda _payload: each[min(next(numbers), len(each) - 1)]


def undone(verified: bool | None, status: str = "succeeded", detail: str = "seen") -> Json:
    return {"status": status, "verified": verified, "detail": detail}


def test_what_can_be_restored_is_and_the_rest_is_said(case: NewCase) -> None:
    run = case()
    done = undo(run, DISABLED, BLOCKED, impossible=[PASSWORD])
    assert statuses(done) == {
        "DisableAccount": "succeeded",
        "BlockIP": "succeeded",
        "ForcePasswordReset": "impossible",
    }
    assert (done["by"], done["at"], done["comment"]) == ("kim", ASKED_AT, "it was me")
    [given] = run.called("enable_account")
    assert (given["object_id"], given["directory"], given["outcome"]) == (
        OBJECT_ID,
        "entra",
        DISABLED,
    )
    record = saved(run)
    disabled = record["actions"]["DisableAccount"]
    assert (disabled["status"], disabled["verified"], disabled["undo"]) == ("succeeded", True, None)
    assert (disabled["undone"]["by"], disabled["undone"]["comment"]) == ("kim", "it was me")
    assert disabled["undone"]["verified"] is True
    assert record["undos"] == [done]
    events = " | ".join(record["timeline"])
    assert "undo asked for by kim (it was me): DisableAccount on" in events
    assert f"DisableAccount on {OBJECT_ID} undone, verified" in events
    assert "ForcePasswordReset" in events and "cannot be undone" in events
    assert "self-service reset" in events


def test_people_are_told_in_every_place(case: NewCase) -> None:
    run = case()
    undo(run, DISABLED)
    for activity in ("open_ticket", "notify_analysts", "comment_incident"):
        assert [call["phase"] for call in run.called(activity)] == ["undone"], activity
    order = [name for name, _payload in run.calls]
    assert order.index("enable_account") < order.index("open_ticket")
    assert "analysts told (undone): INC0010001; email, slack" in saved(run)["timeline"]


def test_who_is_not_reached_is_in_the_timeline(case: NewCase) -> None:
    run = case(open_ticket=fail("itsm down"), comment_incident=lambda _p: {"error": "HTTP 403"})
    undo(run, DISABLED)
    [line] = [one for one in saved(run)["timeline"] if one.startswith("analysts told")]
    assert "ticket NOT written (itsm down)" in line and "HTTP 403" in line


def test_an_undo_that_fails_is_recorded_and_can_be_asked_for_again(case: NewCase) -> None:
    run = case(enable_account=fail("down"))
    done = undo(run, DISABLED, BLOCKED)
    assert statuses(done) == {"DisableAccount": "failed", "BlockIP": "succeeded"}
    record = saved(run)
    assert "DisableAccount" not in record["actions"], "what was there is kept for the next try"
    assert record["actions"]["BlockIP"]["undo"] is None
    assert f"DisableAccount on {OBJECT_ID} undo FAILED: down; enable the account by hand" in (
        " | ".join(record["timeline"])
    )


def test_a_refusal_is_failed_and_not_tried_again(case: NewCase) -> None:
    run = case(enable_account=lambda _p: undone(None, "failed", "HTTP 403"))
    assert statuses(undo(run, DISABLED)) == {"DisableAccount": "failed"}
    assert len(run.called("enable_account")) == 1


def test_a_directory_that_lags_is_looked_at_again_and_not_changed_again(case: NewCase) -> None:
    run = case(enable_account=answers(undone(False), undone(False), undone(True)))
    done = undo(run, DISABLED)
    assert [item["verified"] for item in done["results"]] == [True]
    flags = [bool(call.get("read_back")) for call in run.called("enable_account")]
    assert flags == [False, True, True]


def test_what_the_provider_denies_to_the_end_was_not_restored(case: NewCase) -> None:
    run = case(enable_account=lambda _p: undone(False, detail="accountEnabled is false"))
    [result] = undo(run, DISABLED)["results"]
    assert (result["status"], result["verified"]) == ("failed", False)
    assert "accepted, but not in force" in result["detail"]
    assert "DisableAccount" not in saved(run)["actions"]


def test_what_could_not_be_asked_is_done_and_not_verified(case: NewCase) -> None:
    def script(payload: Json) -> Json:
        if payload.get("read_back"):
            raise RuntimeError("down")
        return undone(None)

    run = case(enable_account=script)
    [result] = undo(run, DISABLED)["results"]
    assert (result["status"], result["verified"]) == ("succeeded", None)
    assert "not read back: down" in result["detail"]


def test_a_block_is_in_force_until_the_firewall_has_lifted_it(engine: Engine) -> None:
    walls = ScriptedFirewalls()
    run = engine.case(default_scripts() | walls.scripts())
    address = "203.0.113.91"
    run.start(
        "block_address",
        {"address": address, "hours": 50},
        instance_id=block_instance(run.case_id, address),
    )
    run.wait_for_call("read_block", count=2)
    walls.reads_until_in_force = 3
    [result] = undo(run, BLOCKED | {"target": address})["results"]
    assert (result["status"], result["verified"]) == ("succeeded", True)
    assert "lifted, in force" in result["detail"]
    assert walls.blocked == {"firewall": set()}


def test_the_account_waits_for_no_firewall(case: NewCase) -> None:
    told = threading.Event()

    walls = ScriptedFirewalls()
    address = "203.0.113.92"

    def change(payload: Json) -> Any:
        if payload["lift"]:
            assert told.wait(120), "the account is back in the record before the firewall answers"
        return walls.scripts()["change_firewall"](payload)

    def save(payload: Json) -> Json:
        if payload["patch"].get("actions"):
            told.set()
        return {"case_id": payload["case_id"]}

    run = case(**walls.scripts() | {"change_firewall": change}, save_case=save)
    run.start(
        "block_address",
        {"address": address, "hours": 50},
        instance_id=block_instance(run.case_id, address),
    )
    run.wait_for_call("read_block", count=2)
    blocked = BLOCKED | {"target": address}
    assert set(statuses(undo(run, DISABLED, blocked)).values()) == {"succeeded"}
    assert told.is_set()
    patches = [call["patch"] for call in run.called("save_case")]
    times = [
        item["undone"]["at"]
        for patch in patches
        for item in patch.get("actions", [])
        if item["action"] == "DisableAccount"
    ]
    assert len(times) == 2 and len(set(times)) == 1, "both writes tell of the same act"


def test_an_undo_and_a_containment_of_one_account_exclude_each_other(engine: Engine) -> None:
    inside, most, guard = [0], [0], threading.Lock()

    def slowly(script: Script) -> Script:
        def run(payload: Json) -> Any:
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            threading.Event().wait(0.2)
            with guard:
                inside[0] -= 1
            return script(payload)

        return run

    usual = default_scripts()
    scripts = usual | {
        "enable_account": slowly(usual["enable_account"]),
        "disable_account": slowly(usual["disable_account"]),
    }
    undoing, containing = engine.case(scripts), engine.case(scripts)
    plan = [plan_line(ActionName.DISABLE_ACCOUNT).to_json()]
    request = {"account_key": "one-account", "object_id": OBJECT_ID, "actions": plan}
    containing.start("contain", request)
    undoing.start("undo", undo_payload(DISABLED, account_key="one-account"))
    undoing.wait()
    containing.wait()
    assert most == [1]


def test_an_action_delivered_again_after_its_effect_is_one_undo(case: NewCase) -> None:
    """The worker died after the effect: the engine delivers the activity again."""
    enabled, effects = [False], [0]

    def script(_payload: Json) -> Json:
        if not enabled[0]:
            enabled[0] = True
            effects[0] += 1
            raise RuntimeError("the worker died before it could report")
        return undone(True, detail="accountEnabled is true")

    run = case(enable_account=script)
    assert statuses(undo(run, DISABLED)) == {"DisableAccount": "succeeded"}
    assert effects == [1]
    assert saved(run)["actions"]["DisableAccount"]["undone"]["verified"] is True


def test_what_was_done_is_written_down_although_storage_was_away_for_long(case: NewCase) -> None:
    calls = count()

    def save(payload: Json) -> Json:
        if next(calls) < 12:
            raise RuntimeError("storage is away")
        return {"case_id": payload["case_id"]}

    run = case(save_case=save)
    undo(run, DISABLED)
    assert len(run.called("enable_account")) == 1, "nothing is done again for the record's sake"
    assert run.called("notify_analysts"), "people are told once the record can be read"


def test_what_nothing_can_take_back_is_said_to_be_left_to_people(case: NewCase) -> None:
    assert ActionName.MONITOR_ONLY not in UNDO_ACTIVITIES
    run = case()
    unknown = outcome(ActionName.SCAN_DEVICE, undo={"odd": True})
    [result] = undo(run, unknown)["results"]
    assert (result["status"], result["detail"]) == ("failed", "not automated")


@pytest.mark.parametrize("action", UNDO_ACTIVITIES)
def test_everything_that_can_fail_says_what_a_person_does_instead(action: ActionName) -> None:
    assert BEYOND[action].instead
