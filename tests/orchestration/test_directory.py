"""The directory that deciding named reaches every activity about the account, and no history."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.models.plan import ActionName
from tests.support.durable_backend import Run
from tests.support.scripts import SOON, case_payload, decided, fail, plan_line

type NewCase = Callable[..., Run]

OKTA_ID = "00uadalind0000000h7"
ALL = (
    ActionName.DISABLE_ACCOUNT,
    ActionName.FORCE_PASSWORD_RESET,
    ActionName.REVOKE_SESSIONS,
    ActionName.REMOVE_AUTHENTICATION_METHODS,
    ActionName.REVOKE_OAUTH_GRANTS,
)
ACTIVITIES = (
    "read_account_state",
    "disable_account",
    "force_password_reset",
    "revoke_sessions",
    "remove_authentication_methods",
    "revoke_oauth_grants",
    "verify_account",
    "verify_persistence",
)


def in_okta(_payload: dict[str, Any]) -> dict[str, Any]:
    return decided(plan=[plan_line(action) for action in ALL]) | {
        "directory": "okta",
        "object_id": OKTA_ID,
    }


def named(run: Run, activity: str) -> set[tuple[Any, Any]]:
    return {(call.get("directory"), call["object_id"]) for call in run.called(activity)}


def test_every_activity_about_the_account_goes_to_okta(case: NewCase) -> None:
    run = case(decide_response=in_okta)
    run.start("respond", case_payload(timing=SOON))
    run.wait()
    for activity in ACTIVITIES:
        assert named(run, activity) == {("okta", OKTA_ID)}, activity


def test_without_a_decision_the_directory_that_the_alert_points_to_is_kept(case: NewCase) -> None:
    account = {"key": "a" * 32, "user_id": "ada", "directory": "okta"}
    run = case(decide_response=fail())
    run.start("respond", case_payload(timing=SOON, account=account))
    run.wait()
    assert run.called("force_password_reset") == []
    saved = [call["patch"].get("account") for call in run.called("save_case")]
    assert any(one and one["directory"] == "okta" for one in saved)


@pytest.mark.parametrize("payload", [{}, {"directory": "entra"}, {"directory": "okta"}])
def test_a_containment_of_an_older_history_names_no_directory(
    case: NewCase, payload: dict[str, str]
) -> None:
    run = case()
    actions = [plan_line(ActionName.REVOKE_SESSIONS).to_json()]
    given = {"account_key": run.case_id, "object_id": OKTA_ID, "actions": actions}
    run.start("contain", given | payload)
    run.wait()
    for activity in ("read_account_state", "revoke_sessions", "verify_account"):
        assert named(run, activity) == {(payload.get("directory"), OKTA_ID)}, activity
