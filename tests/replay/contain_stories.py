"""Stories of containment of one account, alone and behind its lock."""

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from shared.models.base import Json, format_utc
from shared.models.plan import MAY_BE_ALLOWED, ActionName
from tests.replay.block_stories import CASE_ID
from tests.support.durable_backend import Engine, Run
from tests.support.scripts import (
    OBJECT_ID,
    T0,
    T1,
    default_scripts,
    outcome,
    plan_line,
    verified,
)

ACCOUNT_KEY = "a" * 32
BOTH = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)


def new(engine: Engine, **scripts: Any) -> Run:
    """Return the case of a story."""
    return engine.case(default_scripts() | scripts, CASE_ID)


def _request(*actions: ActionName) -> Json:
    return {
        "account_key": ACCOUNT_KEY,
        "object_id": OBJECT_ID,
        "actions": [plan_line(action).to_json() for action in actions],
    }


def _another(engine: Engine, **scripts: Any) -> Run:
    return engine.case(default_scripts() | scripts, "case-of-another-incident")


def late(succeeds_at: int, name: str) -> Callable[[Json], Any]:
    """Answer as usual from that call on; fail before."""
    numbers = count(1)

    def script(payload: Json) -> Any:
        if next(numbers) < succeeds_at:
            raise RuntimeError("the vendor is down")
        return default_scripts()[name](payload)

    return script


def shown_at_third_read() -> Callable[[Json], Any]:
    numbers = count(1)

    def script(payload: Json) -> Any:
        if next(numbers) >= 3:
            return verified(payload)
        return {"outcomes": [item | {"verified": False} for item in payload["outcomes"]]}

    return script


def account_and_address(engine: Engine) -> Run:
    """A reset that succeeds at its second try, and a directory that lags."""
    run = new(
        engine,
        force_password_reset=late(2, "force_password_reset"),
        verify_account=shown_at_third_read(),
    )
    actions = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP)
    run.start("contain", _request(*actions))
    return run


def refused(engine: Engine) -> Run:
    """Sessions that may not be revoked."""
    refused = outcome(ActionName.REVOKE_SESSIONS, status="failed", detail="HTTP 403")
    run = new(engine, revoke_sessions=lambda _payload: {"outcome": refused, "before": None})
    run.start("contain", _request(ActionName.REVOKE_SESSIONS))
    return run


def ways_back(engine: Engine) -> Run:
    """Everything after the sessions at once; one that half succeeds, and a mailbox that lags."""
    half = outcome(ActionName.REVOKE_OAUTH_GRANTS, status="failed", detail="NOT revoked: b (down)")

    def revoke(payload: Json) -> Json:
        if not payload.get("last"):
            raise RuntimeError("the vendor is down")
        return {"outcome": half, "before": {"chosen": []}}

    run = new(engine, revoke_oauth_grants=revoke, verify_persistence=shown_at_third_read())
    actions = (ActionName.REVOKE_SESSIONS, *sorted(MAY_BE_ALLOWED))
    run.start("contain", _request(*actions) | {"since": T0})
    return run


def covered(engine: Engine) -> Run:
    """Another case has done it already."""
    other = _another(engine)
    other.start("contain", _request(*BOTH) | {"attacked_at": T0})
    other.wait()
    changed = {"account_enabled": True} | changed_at(T1)
    run = new(engine, read_account_state=lambda _payload: changed)
    run.start("contain", _request(*BOTH) | {"attacked_at": T0})
    return run


def changed_at(at: str) -> Json:
    """Return the state of an account that was changed then."""
    return {"sign_in_sessions_valid_from": at, "last_password_change_at": at}


def just_done(engine: Engine) -> Run:
    """Another case has done it a moment ago, and the directory shows it at the third read."""
    looks, shown = count(1), threading.Event()

    def read(_payload: Json) -> Json:
        if next(looks) < 3:
            return {"account_enabled": True} | changed_at(T0)
        shown.set()
        return {"account_enabled": True} | changed_at(T1)

    def look(payload: Json) -> Any:
        assert shown.wait(120)
        return verified(payload)

    def does(action: ActionName) -> Callable[[Json], Any]:
        return lambda _payload: {
            "outcome": outcome(action, at=format_utc(engine.clock.now)),
            "before": changed_at(T0),
        }

    reset, revoke = (does(action) for action in BOTH)
    other = _another(
        engine, force_password_reset=reset, revoke_sessions=revoke, verify_account=look
    )
    other.start("contain", _request(*BOTH) | {"attacked_at": T0})
    other.wait_for_call("verify_account")
    run = new(engine, read_account_state=read)
    run.start("contain", _request(*BOTH) | {"attacked_at": T0})
    return run


def behind_another(engine: Engine) -> Run:
    """Ways back wait for the account, for more than a minute: its names are read again."""
    asked = threading.Event()

    def read(payload: Json) -> Any:
        asked.set()
        return default_scripts()["read_account_state"](payload)

    def disable(payload: Json) -> Any:
        assert asked.wait(120)
        return default_scripts()["disable_account"](payload)

    def away(_payload: Json) -> Any:
        raise RuntimeError("the directory is away")

    other = _another(engine, disable_account=disable, verify_account=away)
    other.start("contain", _request(ActionName.DISABLE_ACCOUNT))
    other.wait_for_call("disable_account")
    run = new(engine, read_account_state=read)
    run.start("contain", _request(ActionName.DISABLE_INBOX_RULES))
    return run


CONTAIN = (
    ("contain", "account-and-address", account_and_address),
    ("contain", "refused", refused),
    ("contain", "ways-back", ways_back),
    ("contain", "covered", covered),
    ("contain", "just-done", just_done),
    ("contain", "behind-another", behind_another),
)
"""Orchestrator, name and story."""
