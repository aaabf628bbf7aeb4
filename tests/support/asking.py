"""A case that asks a question about High confidence, on the engine."""

from collections.abc import Callable
from typing import Any

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.joining import close
from tests.support.scripts import SOON, case_payload, decided, plan_line

type NewCase = Callable[..., Run]

LONG = SOON | {"approval_deadline_minutes": 60_000, "watch_hours": 1000}
RESET, REVOKE = ActionName.FORCE_PASSWORD_RESET, ActionName.REVOKE_SESSIONS
KIM = {"decided_by": "kim", "identity": "signed-in:kim@contoso.com"}
ANA = {"decided_by": "ana", "identity": "signed-in:ana@contoso.com"}


def question(**changes: Any) -> Callable[[Json], Json]:
    """A judgement that asks for a new password and ended sessions."""
    plan = [plan_line(action, Disposition.ASK) for action in (RESET, REVOKE)]
    return lambda _payload: decided(Confidence.HIGH, plan) | changes


def answer(*actions: ActionName, **more: Any) -> Json:
    at = {"decided_at": "2026-11-20T12:01:00Z", "decided_by": "kim"}
    return {"actions": list(actions or (REVOKE,))} | at | more


def phases(run: Run) -> list[str]:
    return [call["phase"] for call in run.called("notify_analysts")]


def respond(run: Run, **timing: Any) -> None:
    run.start("respond", case_payload(timing=LONG | timing))


def answered(run: Run, *answers: Json) -> None:
    """Answer once the case has asked, and close it when it is handed over."""
    run.wait_for_call("notify_analysts")
    for one in answers:
        run.tell("Decision", one)
    run.wait_for_call("revoke_sessions")
    wait_for_phase(run, "completed")
    close(run)


def wait_for_phase(run: Run, phase: str) -> Json:
    count = 1
    while (found := run.wait_for_call("notify_analysts", count))["phase"] != phase:
        count += 1
    return found
