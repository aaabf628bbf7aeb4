"""The account's devices: beside the account, by durable timers, until they report."""

from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.scripts import (
    DEVICE_ID,
    OBJECT_ID,
    SOON,
    case_payload,
    decided,
    devices_done,
    fail,
    ordered,
    plan_line,
)

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

SCAN, ISOLATE = ActionName.SCAN_DEVICE, ActionName.ISOLATE_DEVICE


def on_devices(run: Run, *actions: ActionName) -> dict[str, Json]:
    lines = [plan_line(action).to_json() for action in actions]
    known = {"account": "ada", "object_id": OBJECT_ID, "directory": "entra"}
    run.start("contain_devices", known | {"now": "2026-11-20T12:00Z", "actions": lines})
    return {item["action"]: item for item in run.output(list)}


def test_orders_are_read_back_until_the_devices_report(case: NewCase) -> None:
    numbers = count(1)

    def verify(payload: Json) -> Json:
        if next(numbers) > 4:
            return devices_done(payload)
        return {"outcome": payload["outcome"], "results": payload["results"]}

    run = case(verify_devices=verify)
    found = on_devices(run, SCAN, ISOLATE)
    assert {item["verified"] for item in found.values()} == {True}
    assert found["IsolateDevice"]["undo"] == {"devices": [DEVICE_ID]}
    assert len(run.called("verify_devices")) == 6


def test_a_device_that_reports_a_failure_is_not_asked_again(case: NewCase) -> None:
    def lost(payload: Json) -> Json:
        return {"outcome": payload["outcome"] | {"verified": False}, "results": []}

    run = case(verify_devices=lost)
    assert on_devices(run, ISOLATE)["IsolateDevice"]["verified"] is False
    assert len(run.called("verify_devices")) == 1


def test_a_device_that_is_off_is_left_unverified(case: NewCase) -> None:
    run = case(verify_devices=lambda payload: {"outcome": payload["outcome"]})
    found = on_devices(run, ISOLATE)["IsolateDevice"]
    assert (found["status"], found["verified"]) == ("succeeded", None)


def test_an_endpoint_protection_that_stays_down_is_a_failed_outcome(case: NewCase) -> None:
    run = case(isolate_devices=fail("away"))
    found = on_devices(run, SCAN, ISOLATE)
    assert (
        found["IsolateDevice"]["status"] == "failed" and "away" in found["IsolateDevice"]["detail"]
    )
    assert found["ScanDevice"]["verified"] is True, "one does not stop the other"


def test_one_device_does_not_lose_the_record_of_the_others(case: NewCase) -> None:
    def isolate(payload: Json) -> Any:
        if not payload.get("last"):
            raise RuntimeError("lt-2 is busy")
        found = ordered(ISOLATE)(payload)
        return found | {"outcome": found["outcome"] | {"status": "failed", "detail": "lt-2"}}

    run = case(isolate_devices=isolate)
    found = on_devices(run, ISOLATE)["IsolateDevice"]
    assert (found["status"], found["undo"]) == ("failed", {"devices": [DEVICE_ID]})


def test_both_run_when_a_person_chose_them_and_are_in_the_record(case: NewCase) -> None:
    plan = [plan_line(ActionName.REVOKE_SESSIONS, Disposition.ASK)]
    run = case(decide_response=lambda _payload: decided(Confidence.MEDIUM, plan))
    run.start("respond", case_payload(timing=SOON | {"approval_deadline_minutes": 5}))
    run.wait_for_call("notify_analysts")
    chosen = ["RevokeSessions", "ScanDevice", "IsolateDevice"]
    at = "2026-11-20T12:01:00Z"
    run.tell("Decision", {"actions": chosen, "decided_by": "kim", "decided_at": at})
    run.wait()
    patches = [call["patch"] for call in run.called("save_case")]
    done = next(patch["actions"] for patch in reversed(patches) if patch.get("actions"))
    assert {item["action"]: item["verified"] for item in done} == dict.fromkeys(chosen, True)
    ordered_of = run.called("isolate_devices")[0]
    assert ordered_of["attempt"].endswith("-devices-2")
    assert (ordered_of["object_id"], ordered_of["directory"]) == (OBJECT_ID, "entra")


def test_the_account_does_not_wait_for_devices(case: NewCase) -> None:
    plan = [plan_line(ActionName.REVOKE_SESSIONS), plan_line(SCAN)]
    order: list[str] = []

    def scan(payload: Json) -> Any:
        order.append("scan")
        return ordered(SCAN)(payload)

    run = case(decide_response=lambda _payload: decided(plan=plan), scan_devices=scan)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    assert order == ["scan"]
    patches = [call["patch"] for call in run.called("save_case")]
    with_account = [
        {item["action"] for item in patch["actions"]} for patch in patches if patch.get("actions")
    ]
    assert {"RevokeSessions"} in with_account, "the account's outcome is written before"
