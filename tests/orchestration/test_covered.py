import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from shared.models.base import format_utc
from shared.models.plan import ActionName
from tests.support.durable_backend import Engine, Run, Script
from tests.support.scripts import (
    NAME,
    OBJECT_ID,
    SOON,
    T0,
    T1,
    case_payload,
    decided,
    default_scripts,
    fail,
    outcome,
    plan_line,
    verified,
)

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

BOTH = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)
EFFECTS = ("force_password_reset", "revoke_sessions")
CAME_BACK = "2026-11-20T12:30:00.000Z"
_keys = count(1)


def contain(run: Run, key: str, attacked_at: str | None = T0) -> dict[str, Json]:
    """Contain an account and return the outcome of each action."""
    start(run, key, attacked_at)
    return {item["action"]: item for item in run.output(list)}


def start(run: Run, key: str, attacked_at: str | None = T0) -> None:
    run.start(
        "contain",
        {
            "account_key": key,
            "object_id": OBJECT_ID,
            "attacked_at": attacked_at,
            "actions": [plan_line(action).to_json() for action in BOTH],
        },
    )


def new_key() -> str:
    return f"account-{next(_keys)}"


def shows(at: str) -> Script:
    """Answer with an account that was changed then."""
    changed = {"sign_in_sessions_valid_from": at, "last_password_change_at": at}
    return lambda _payload: {"account_enabled": True} | changed


def effects(*runs: Run) -> list[int]:
    return [sum(len(run.called(name)) for run in runs) for name in EFFECTS]


def test_what_another_case_has_done_is_not_done_again(case: NewCase) -> None:
    key, first, second = new_key(), case(), case(read_account_state=shows(T1))
    done = contain(first, key)
    covered = contain(second, key)
    assert effects(first, second) == [1, 1]
    for action, told in covered.items():
        assert (told["status"], told["verified"]) == ("succeeded", True)
        assert told["detail"] == f"done by case {first.case_id} at {done[action]['at']}"
        assert told["undo"] is None and told["target"] == NAME
    assert len(second.called("read_account_state")) == 1, "there is nothing left to do"


def test_what_the_account_does_not_show_is_done_again(case: NewCase) -> None:
    key, first, second = new_key(), case(), case(read_account_state=shows(T0))
    contain(first, key)
    contain(second, key)
    assert effects(first, second) == [2, 2]


def test_when_the_directory_does_not_answer_everything_is_done(case: NewCase) -> None:
    key, first, second = new_key(), case(), case(read_account_state=fail("down"))
    contain(first, key)
    contain(second, key)
    assert effects(first, second) == [2, 2]


def test_what_a_covered_case_did_not_do_covers_nobody(case: NewCase) -> None:
    key = new_key()
    runs = [case(read_account_state=shows(T1)) for _ in range(3)]
    contain(runs[0], key)
    contain(runs[1], key)
    third = contain(runs[2], key)
    assert all(runs[0].case_id in told["detail"] for told in third.values())


def test_an_attacker_who_came_back_is_contained_again(case: NewCase) -> None:
    key, first, second = new_key(), case(), case()
    contain(first, key)
    contain(second, key, CAME_BACK)
    assert effects(first, second) == [2, 2]


def test_a_case_that_knows_of_no_sign_in_is_not_covered(case: NewCase) -> None:
    key, first, second = new_key(), case(), case()
    contain(first, key)
    contain(second, key, None)
    assert effects(first, second) == [2, 2]


def found_changed(at: str, **more: Any) -> dict[str, Script]:
    """Return actions that find an account which was changed then."""
    state: Json = shows(at)({}) | more

    def does(action: ActionName) -> Script:
        return lambda _payload: {"outcome": outcome(action), "before": state}

    return {name: does(action) for name, action in zip(EFFECTS, BOTH, strict=True)}


def unproved(payload: Json) -> Json:
    every = [item["action"] for item in payload["outcomes"]]
    return {"outcomes": payload["outcomes"], "unprovable": every}


def denied(payload: Json) -> Json:
    return {"outcomes": [item | {"verified": False} for item in payload["outcomes"]]}


def test_what_cannot_be_proved_covers_nobody(case: NewCase) -> None:
    """A reset that may not do what it should says why, however the password changed."""
    doubts = dict.fromkeys(("last_password_change_at", "sign_in_sessions_valid_from"), "federated?")
    key, first = new_key(), case(verify_account=unproved, **found_changed(T0, unknown=doubts))
    second = case(read_account_state=shows(T1))
    contain(first, key)
    contain(second, key)
    assert effects(first, second) == [2, 2]


def test_what_the_attacker_changed_is_not_what_another_case_did(case: NewCase) -> None:
    by_attacker = "2026-11-20T12:00:01.000Z"
    key, first = new_key(), case(verify_account=denied, **found_changed(by_attacker))
    second = case(read_account_state=shows(by_attacker))
    contain(first, key)
    contain(second, key)
    assert effects(first, second) == [2, 2]


def test_what_is_read_back_in_vain_covers_nobody_later(case: NewCase) -> None:
    """Even if somebody else changes the account afterwards."""
    key, first = new_key(), case(verify_account=denied, **found_changed(T0))
    contain(first, key)
    second = case(read_account_state=shows(T1))
    contain(second, key)
    assert effects(first, second) == [2, 2]


def done_now(engine: Engine) -> dict[str, Script]:
    """Return actions that are done at this moment, on an account that was changed long ago."""

    def does(action: ActionName) -> Script:
        return lambda _payload: {
            "outcome": outcome(action, at=format_utc(engine.clock.now)),
            "before": state(T0, T0),
        }

    return {name: does(action) for name, action in zip(EFFECTS, BOTH, strict=True)}


def state(password: str, sessions: str) -> Json:
    return {"sign_in_sessions_valid_from": sessions, "last_password_change_at": password}


@pytest.mark.parametrize(
    "looks",
    [
        [state(T0, T0), state(T0, T0), state(T1, T1)],
        [state(T1, T0), state(T0, T0), state(T0, T1)],
    ],
    ids=["late", "a replica that lags answers in between"],
)
def test_what_was_just_done_is_looked_for_until_it_shows(engine: Engine, looks: list[Json]) -> None:
    """The other one is still reading it back, outside the lock, from replicas that lag."""
    key, answers, shown = new_key(), iter(looks), threading.Event()

    def late(_payload: Json) -> Json:
        answer = next(answers)
        if answer is looks[-1]:
            shown.set()
        return answer

    def look(payload: Json) -> Json:
        assert shown.wait(120)
        return verified(payload)

    acts = done_now(engine)
    first = engine.case(default_scripts() | acts | {"verify_account": look})
    second = engine.case(default_scripts() | {"read_account_state": late})
    start(first, key)
    first.wait_for_call("verify_account")
    covered = contain(second, key)
    assert {item["verified"] for item in first.output(list)} == {True}
    assert effects(first, second) == [1, 1]
    assert all(first.case_id in told["detail"] for told in covered.values())
    assert len(second.called("read_account_state")) == len(looks)


def test_what_was_read_back_and_is_gone_is_done_again_at_once(engine: Engine) -> None:
    key = new_key()
    first = engine.case(default_scripts() | done_now(engine))
    contain(first, key)
    second = engine.case(default_scripts() | {"read_account_state": shows(T0)})
    contain(second, key)
    assert effects(first, second) == [2, 2]
    assert len(second.called("read_account_state")) == 1


def test_another_account_is_not_covered(case: NewCase) -> None:
    first, second = case(), case()
    contain(first, new_key())
    contain(second, new_key())
    assert effects(first, second) == [2, 2]


def test_two_cases_at_once_about_one_account_do_each_action_once(
    engine: Engine, case: NewCase
) -> None:
    """One names the object id and the other the user principal name: enrichment tells."""
    object_id = f"5f0c2a9e-0000-4000-8000-{next(_keys):012x}"
    answer: Script = lambda _payload: decided() | {"object_id": object_id, "attacked_at": T0}  # noqa: E731
    first, second = (case(decide_response=answer, read_account_state=shows(T1)) for _ in range(2))
    by_name = {"key": "b" * 32, "user_id": NAME, "user_principal_name": NAME}
    first.start("respond", case_payload(timing=SOON))
    second.start("respond", case_payload(timing=SOON, account=by_name))
    first.wait()
    second.wait()
    assert effects(first, second) == [1, 1]
    for run in (first, second):
        statuses = [call["patch"].get("status") for call in run.called("save_case")]
        assert "contained" in statuses and "failed" not in statuses
