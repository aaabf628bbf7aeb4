"""Stories of questions: people told again, two of them who agree, and silence."""

from typing import Any

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.replay.block_stories import CASE_ID
from tests.support.durable_backend import Engine, Run
from tests.support.scripts import DECISION, SOON, case_payload, decided, default_scripts, plan_line

RESET, REVOKE = ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS


def _told(payload: Json) -> Json:
    sent = {"channels": {"slack": "sent", "email": "sent"}}
    return sent | {"references": {"slack": f"C1:{payload['phase']}"}}


def _case(engine: Engine, **changes: Any) -> Run:
    plan = [plan_line(action, Disposition.ASK) for action in (RESET, REVOKE)]
    judged = decided(Confidence.HIGH, plan) | changes
    scripts = {"decide_response": lambda _payload: judged, "notify_analysts": _told}
    return engine.case(default_scripts() | scripts, CASE_ID)


def two_agree(engine: Engine) -> Run:
    """One chooses, is not taken twice, a reminder goes out, another confirms."""
    run = _case(engine, two_persons=True)
    timing = {"approval_deadline_minutes": 6000, "reminder_minutes": 10, "escalate_minutes": 5000}
    run.start("respond", case_payload(timing=SOON | timing))
    run.wait_for_call("notify_analysts")
    first = DECISION | {"identity": "slack:U0KIM"}
    run.tell("Decision", first)
    run.wait_for_call("notify_analysts", count=3)
    run.tell("Decision", first | {"question": 2})
    run.wait_for_call("notify_analysts", count=4)
    run.tell("Decision", DECISION | {"question": 2, "decided_by": "ana", "identity": "slack:U0ANA"})
    return run


def silence_acts(engine: Engine) -> Run:
    """Nobody answers, although reminded and escalated; the policy ends the sessions then."""
    run = _case(engine, on_silence=[REVOKE])
    timing = {"approval_deadline_minutes": 60, "reminder_minutes": 15, "escalate_minutes": 30}
    run.start("respond", case_payload(timing=SOON | timing))
    return run


def paged(engine: Engine) -> Run:
    """The SOC is told at the second try that the breaker is open."""
    answers = iter([RuntimeError("slack: down")])

    def notify(payload: Json) -> Json:
        if error := next(answers, None):
            raise error
        return _told(payload)

    run = engine.case(default_scripts() | {"notify_analysts": notify}, CASE_ID)
    run.start("page_soc", {"why": "automatic containment is paused", "record": {}})
    return run


def told_again(engine: Engine) -> Run:
    """A reminder goes to ticket, channels and incident."""
    run = _case(engine)
    run.start("tell_again", {"phase": "reminder", "why": "nobody has answered for 15 minutes"})
    return run
