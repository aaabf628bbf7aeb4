"""The runs whose histories are golden: one function a story, scripted activities, real engine."""

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.replay.asking_stories import paged, silence_acts, told_again, two_agree
from tests.replay.block_stories import (
    lifted_though_not_held,
    one_firewall_refuses,
    slowly_in_force,
    slowly_lifted,
)
from tests.replay.campaign_stories import CAMPAIGN
from tests.replay.clock_stories import CLOCKS
from tests.replay.contain_stories import CONTAIN, late, new
from tests.replay.early_stories import EARLY
from tests.support.durable_backend import Engine, Run
from tests.support.inbox import Inbox
from tests.support.scripts import (
    DECISION,
    OBJECT_ID,
    SOON,
    case_payload,
    decided,
    default_scripts,
    outcome,
    plan_line,
)


class Story(NamedTuple):
    """A run worth keeping, and which of its orchestrations is kept."""

    orchestrator: str
    name: str
    play: Callable[[Engine], Run]


def _asks() -> Json:
    actions = (ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS)
    return decided(Confidence.MEDIUM, [plan_line(action, Disposition.ASK) for action in actions])


def _high_contained(engine: Engine) -> Run:
    run = new(engine)
    run.start("respond", case_payload(timing=SOON))
    return run


def _medium_answered(engine: Engine) -> Run:
    run = new(engine, decide_response=lambda _payload: _asks())
    late = SOON | {"approval_deadline_minutes": 600, "watch_hours": 100}
    run.start("respond", case_payload(timing=late))
    run.wait_for_call("notify_analysts")
    run.tell("Decision", {"not": "a decision"})
    run.tell("Decision", DECISION)
    run.wait_for_call("comment_incident", count=2)
    run.tell("Acknowledged", {"by": "kim", "comment": ""})
    run.tell("Closed", {"by": "kim", "comment": "done"})
    return run


def _silence(engine: Engine) -> Run:
    run = new(engine, decide_response=lambda _payload: _asks())
    run.start("respond", case_payload(timing=SOON))
    return run


def _no_account(engine: Engine) -> Run:
    plan = [plan_line(ActionName.MONITOR_ONLY, Disposition.NEVER)]
    run = new(engine, decide_response=lambda _payload: decided(Confidence.MEDIUM, plan))
    run.start("respond", case_payload(account=None, addresses=[], timing=SOON))
    return run


def _ticketing_down(engine: Engine) -> Run:
    run = new(engine, open_ticket=late(5, "open_ticket"))
    run.start("respond", case_payload(timing=SOON))
    return run


def _undo(run: Run, *actions: Json) -> Run:
    password = {"action": "ForcePasswordReset", "target": OBJECT_ID, "status": "impossible"}
    request = {
        "number": 1,
        "account_key": OBJECT_ID,
        "object_id": OBJECT_ID,
        "directory": "entra",
        "actions": list(actions),
        "impossible": [password],
        "requested_by": "kim",
        "requested_at": "2026-11-20T12:30:00.000Z",
        "comment": "it was the user",
    }
    run.start("undo", request)
    return run


_DISABLED = outcome(ActionName.DISABLE_ACCOUNT, undo={"account_enabled": True})


def _enabled_at_third_look(engine: Engine) -> Run:
    answers = iter([False, False, True])

    def enable(_payload: Json) -> Json:
        return {"status": "succeeded", "verified": next(answers), "detail": "accountEnabled"}

    return _undo(new(engine, enable_account=enable), _DISABLED)


def _account_and_address_undone(engine: Engine) -> Run:
    blocked = outcome(ActionName.BLOCK_IP, undo={"rule_id": "/ipGroups/1"})
    return _undo(new(engine), _DISABLED, blocked)


def _devices_that_take_their_time(engine: Engine) -> Run:
    numbers = count(1)

    def verify(payload: Json) -> Json:
        done: Json = default_scripts()["verify_devices"](payload)
        return done if next(numbers) > 3 else {"outcome": payload["outcome"]}

    run = new(engine, verify_devices=verify)
    actions = (ActionName.SCAN_DEVICE, ActionName.ISOLATE_DEVICE)
    lines = [plan_line(action).to_json() for action in actions]
    known = {"account": OBJECT_ID, "object_id": OBJECT_ID, "directory": "entra"}
    run.start("contain_devices", known | {"now": "2026-11-20T12:00:00.000Z", "actions": lines})
    return run


def _opened_at_second_try(engine: Engine) -> Run:
    run = new(engine, open_ticket=late(3, "open_ticket"))
    run.start("open_ticket_late", {})
    return run


def _logged_at_third_read(engine: Engine) -> Run:
    numbers = count(1)

    def read(payload: Json) -> Json:
        found: Json = default_scripts()["analyse_sign_ins"](payload)
        details = found["block"]["details"] | {"awaited": next(numbers) < 3}
        return found | {"block": found["block"] | {"details": details}}

    run = new(engine, analyse_sign_ins=read)
    run.start("respond", case_payload(timing=SOON))
    return run


def _joined_and_raised(engine: Engine) -> Run:
    inbox, answers = Inbox(), iter([_asks(), decided()])
    run = new(engine, decide_response=lambda _payload: next(answers), **inbox.scripts())
    late = SOON | {"approval_deadline_minutes": 600, "watch_hours": 100}
    run.start("respond", case_payload(timing=late))
    run.wait_for_call("comment_incident")
    run.tell("Joined", inbox.put(7))
    run.wait_for_call("comment_incident", count=4)
    run.tell("Closed", {"by": "kim", "comment": "done"})
    return run


def _one_joined(engine: Engine) -> Run:
    inbox = Inbox()
    run = new(engine, **inbox.scripts())
    inbox.put(7)
    request = {
        "case": case_payload(),
        "look": 1,
        "decided": decided(),
        "outcomes": [],
        "last": False,
    }
    run.start("join_incidents", request)
    return run


STORIES = (
    Story("respond", "high-contained", _high_contained),
    Story("respond", "medium-answered", _medium_answered),
    Story("respond", "silence", _silence),
    Story("respond", "silence-acts", silence_acts),
    Story("respond", "two-agree", two_agree),
    Story("tell_again", "reminder", told_again),
    Story("page_soc", "second-try", paged),
    Story("respond", "no-account", _no_account),
    Story("respond", "ticketing-down", _ticketing_down),
    Story("respond", "late-sign-in-log", _logged_at_third_read),
    Story("respond", "joined-and-raised", _joined_and_raised),
    Story("join_incidents", "one-joined", _one_joined),
    *(Story(*one) for one in (*CAMPAIGN, *EARLY, *CLOCKS, *CONTAIN)),
    Story("block_address", "slowly-in-force", slowly_in_force),
    Story("block_address", "one-firewall-refuses", one_firewall_refuses),
    Story("align_firewall", "slowly-lifted", slowly_lifted),
    Story("lift_block", "not-held", lifted_though_not_held),
    Story("contain_devices", "scanned-and-isolated", _devices_that_take_their_time),
    Story("undo", "directory-lags", _enabled_at_third_look),
    Story("undo", "account-and-address", _account_and_address_undone),
    Story("open_ticket_late", "second-try", _opened_at_second_try),
)
