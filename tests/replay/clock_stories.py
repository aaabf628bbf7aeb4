"""Stories of service levels: a case with clocks, and the clocks of one that nobody takes."""

from datetime import UTC, datetime

from durabletask.testing import in_memory_backend

from shared.models.base import format_utc
from tests.replay.block_stories import CASE_ID
from tests.support.durable_backend import Engine, Run
from tests.support.scripts import SOON, case_payload, default_scripts

_FAR = 10_000_000.0
"""Seconds that no recording lasts, nor a timer that is set in parts (three days)."""
_CALM = {
    "notification_seconds": 100_000.0,
    "containment_seconds": 100_000.0,
    "review_seconds": 100_000.0,
    "remediation_seconds": _FAR,
    "second_line": True,
    "response_team": True,
}
_IRT = {"criterion": "persistence", "tier": "IRT", "why": "signs of persistence: New inbox rule"}


def _now() -> str:
    now: datetime = vars(in_memory_backend)["datetime"].now(UTC)
    return format_utc(now)


def _case(engine: Engine) -> Run:
    found = {"confidence": "High", "reasons": [_IRT]}
    scripts = {"evaluate_escalation": lambda _payload: found}
    return engine.case(default_scripts() | scripts, CASE_ID)


def taken_and_closed(engine: Engine) -> Run:
    """An analyst takes a case in time, and closes it."""
    run = _case(engine)
    now = _now()
    timing = SOON | {"watch_hours": 100, "sla": _CALM}
    run.start("respond", case_payload(timing=timing, detected_at=now, received_at=now))
    run.wait_for_call("comment_incident", count=2)
    run.tell("Acknowledged", {"by": "kim", "comment": ""})
    run.tell("Closed", {"by": "kim", "comment": "done"})
    return run


def nobody_looks(engine: Engine) -> Run:
    """The review is missed and the second line is told; the team is called by the facts."""
    run = _case(engine)
    now = _now()
    run.start(
        "keep_service_levels",
        {
            "started_at": now,
            "received_at": now,
            "targets": _CALM | {"review_seconds": 60.0, "warn_share": None},
        },
    )
    run.tell("ServiceLevel", {"what": "notified", "at": now, "containment_due": True})
    run.tell("ServiceLevel", {"what": "handed_over", "at": now})
    run.wait_for_call("comment_incident", count=2)
    for what in ("reviewed", "closed", "over"):
        run.tell("ServiceLevel", {"what": what, "at": now})
    return run


CLOCKS = (
    ("respond", "taken-and-closed", taken_and_closed),
    ("keep_service_levels", "nobody-looks", nobody_looks),
)
"""Orchestrator, name and story."""
