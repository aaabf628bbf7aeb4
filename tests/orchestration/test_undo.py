from collections.abc import Callable
from typing import Any

from shared.models.plan import ActionName
from tests.support.durable_backend import Run
from tests.support.scripts import ADDRESS, OBJECT_ID, fail, outcome

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

DISABLED = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})
BLOCKED = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
REVOKED = outcome(ActionName.REVOKE_SESSIONS)


def undo(run: Run, *actions: Json) -> Json:
    request = {
        "object_id": OBJECT_ID,
        "actions": list(actions),
        "requested_by": "kim",
        "comment": "it was me",
    }
    run.start("undo", request)
    return run.output(dict)


def test_what_can_be_restored_is_and_the_rest_is_said(case: NewCase) -> None:
    run = case()
    assert undo(run, DISABLED, BLOCKED, REVOKED) == {
        "undone": [f"DisableAccount on {OBJECT_ID}", f"BlockIP on {ADDRESS}"],
        "not_undone": [f"RevokeSessions on {OBJECT_ID}"],
    }
    assert run.called("enable_account") == [{"case_id": run.case_id, "object_id": OBJECT_ID}]
    assert run.called("unblock_ip") == [{"case_id": run.case_id, "address": ADDRESS}]
    patch = run.called("save_case")[0]["patch"]
    assert [item["undo"] for item in patch["actions"]] == [None, None]
    events = [item["event"] for item in patch["timeline"]]
    assert f"DisableAccount on {OBJECT_ID} undone by kim: it was me" in events
    assert f"RevokeSessions on {OBJECT_ID} cannot be undone: nothing to restore" in events


def test_an_undo_that_fails_is_recorded_and_can_be_asked_for_again(case: NewCase) -> None:
    run = case(enable_account=fail("down"))
    assert undo(run, DISABLED)["not_undone"] == [f"DisableAccount on {OBJECT_ID}"]
    patch = run.called("save_case")[0]["patch"]
    assert "actions" not in patch, "what was there before is kept for the next try"
    assert "could not be undone" in patch["timeline"][0]["event"]
