"""Cases that incidents join: how they are started, judged anew, and read."""

from collections.abc import Callable
from typing import Any

from shared.models.base import Json
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.support.durable_backend import Run
from tests.support.scripts import SOON, case_payload, decided, plan_line

LATER = SOON | {"watch_hours": 1000, "approval_deadline_minutes": 60_000}
RESET = ActionName.FORCE_PASSWORD_RESET
REVOKE = ActionName.REVOKE_SESSIONS
OTHER_ADDRESS = "198.51.100.9"


def respond(run: Run, **changes: Any) -> None:
    run.start("respond", case_payload(**{"timing": LATER} | changes))


def events(run: Run) -> list[str]:
    saved = [call["patch"].get("timeline", []) for call in run.called("save_case")]
    return [item["event"] for part in saved for item in part]


def joined_notes(run: Run) -> list[str]:
    return [event for event in events(run) if "on the account joined" in event]


def last(run: Run, key: str) -> Any:
    found = [call["patch"][key] for call in run.called("save_case") if key in call["patch"]]
    return found[-1]


def close(run: Run) -> None:
    run.tell("Closed", {"by": "kim", "comment": "done"})
    run.wait()


def judgements(*answers: Json) -> Callable[[Json], Json]:
    """Answer each judgement of a case with the next one; the last stays."""
    left = list(answers)
    return lambda _payload: left.pop(0) if len(left) > 1 else left[0]


def medium() -> Json:
    lines = [plan_line(action, Disposition.ASK) for action in (RESET, REVOKE)]
    return decided(Confidence.MEDIUM, lines)
