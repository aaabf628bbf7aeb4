"""One containment at a time on an account, and no longer than that takes."""

import threading
import time
from collections.abc import Callable
from itertools import count, groupby
from typing import Any

import pytest

from shared.models.plan import ActionName
from tests.orchestration.test_contain import BOTH, contain, outcomes
from tests.support.durable_backend import Engine, Run, Script
from tests.support.scripts import acts, default_scripts, fail, outcome, verified

type NewCase = Callable[..., Run]
type Json = dict[str, Any]

DISABLE, RULES = ActionName.DISABLE_ACCOUNT, ActionName.DISABLE_INBOX_RULES
_keys = count(1)


@pytest.fixture
def key() -> str:
    return f"locked-{next(_keys)}"


def after(event: threading.Event, script: Script) -> Script:
    """Answer only after the event, which has to come."""

    def run(payload: Json) -> Any:
        assert event.wait(120)
        return script(payload)

    return run


def noting(event: threading.Event, script: Script) -> Script:
    def run(payload: Json) -> Any:
        event.set()
        return script(payload)

    return run


def two_cases(
    engine: Engine, scripts: dict[str, Script], keys: tuple[str, str], *actions: ActionName
) -> list[Run]:
    runs = [engine.case(scripts) for _key in keys]
    for run, key in zip(runs, keys, strict=True):
        contain(run, *actions, key=key)
    for run in runs:
        run.wait()
    return runs


@pytest.mark.parametrize(
    ("actions", "names"),
    [
        (BOTH, ("read_account_state", "force_password_reset", "revoke_sessions")),
        ((DISABLE, *BOTH), ("read_account_state", "disable_account", "verify_account")),
        ((RULES,), ("disable_inbox_rules", "verify_persistence")),
    ],
)
def test_two_containments_of_one_account_never_overlap(
    engine: Engine, key: str, actions: tuple[ActionName, ...], names: tuple[str, ...]
) -> None:
    order: list[str] = []

    def slowly(script: Script) -> Script:
        def run(payload: Json) -> Any:
            order.append(payload["case_id"])
            time.sleep(0.02)
            return script(payload)

        return run

    scripts = default_scripts()
    scripts |= {name: slowly(scripts[name]) for name in names}
    two_cases(engine, scripts, (key, key), *actions)
    assert len(order) == 2 * len(names)
    assert len([case_id for case_id, _calls in groupby(order)]) == 2, order


def test_different_accounts_are_contained_at_the_same_time(engine: Engine, key: str) -> None:
    together = threading.Barrier(2, timeout=120)

    def read(payload: Json) -> Any:
        together.wait()
        return default_scripts()["read_account_state"](payload)

    scripts = default_scripts() | {"read_account_state": read}
    runs = two_cases(engine, scripts, (key, f"not-{key}"), *BOTH)
    assert [len(run.called("read_account_state")) for run in runs] == [1, 1]


def test_ways_back_do_not_wait_until_password_and_sessions_are_read_back(
    case: NewCase, key: str
) -> None:
    closed = threading.Event()
    first = case(verify_account=after(closed, verified))
    second = case(disable_inbox_rules=noting(closed, acts(RULES)))
    contain(first, *BOTH, key=key)
    first.wait_for_call("verify_account")
    contain(second, RULES, key=key)
    assert outcomes(second)[RULES]["verified"] is True
    assert {item["verified"] for item in outcomes(first).values()} == {True}


@pytest.mark.parametrize(
    ("actions", "scripts"),
    [
        ((DISABLE, *BOTH), {}),
        (
            (ActionName.REVOKE_SESSIONS,),
            {
                "revoke_sessions": lambda _payload: {
                    "outcome": outcome(ActionName.REVOKE_SESSIONS, status="failed"),
                    "before": {},
                    "unsure": True,
                }
            },
        ),
    ],
    ids=["an undo could change it", "its answer was lost"],
)
def test_what_may_be_changed_or_is_not_known_is_read_back_before_the_account_is_free(
    case: NewCase, key: str, actions: tuple[ActionName, ...], scripts: dict[str, Script]
) -> None:
    order: list[str] = []
    lags, looked = count(1), threading.Event()

    def late(payload: Json) -> Json:
        looked.set()
        order.append("look")
        shown = None if next(lags) < 3 else True
        return {"outcomes": [one | {"verified": shown} for one in payload["outcomes"]]}

    def close(payload: Json) -> Any:
        order.append("close")
        return acts(RULES)(payload)

    first, second = case(verify_account=late, **scripts), case(disable_inbox_rules=close)
    contain(first, *actions, key=key)
    assert looked.wait(120)
    contain(second, RULES, key=key)
    second.wait()
    first.wait()
    assert order == ["look", "look", "look", "close"]


@pytest.mark.parametrize(
    ("look", "reads"), [(verified, 1), (fail("HTTP 503"), 2)], ids=["soon free", "held a minute"]
)
def test_names_are_read_while_the_account_is_not_free_and_again_when_they_are_old(
    case: NewCase, key: str, look: Script, reads: int
) -> None:
    """A read-back that fails for good has two tries at each of seven looks: more than a minute."""
    asked = threading.Event()
    second = case(read_account_state=noting(asked, default_scripts()["read_account_state"]))
    first = case(disable_account=after(asked, acts(DISABLE)), verify_account=look)
    contain(first, DISABLE, key=key)
    first.wait_for_call("disable_account")
    contain(second, RULES, key=key)
    assert outcomes(second)[RULES]["verified"] is True
    assert len(second.called("read_account_state")) == reads
    [call] = second.called("disable_inbox_rules")
    assert call["before"] == default_scripts()["read_account_state"]({})
