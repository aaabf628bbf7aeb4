"""A case and its clocks on the engine: what it tells them, what they tell people, when they end."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from durabletask.testing import in_memory_backend

from shared.models.base import Json, format_utc
from shared.models.plan import ActionName, Disposition
from shared.models.verdict import Confidence
from tests.orchestration.test_respond import record
from tests.support.asking import answer, question, wait_for_phase
from tests.support.durable_backend import Run
from tests.support.joining import close, events
from tests.support.scripts import SOON, case_payload, decided, fail, outcome, plan_line

type NewCase = Callable[..., Run]

NEVER = 1_000_000.0
"""Seconds that no test lasts, fast as its clock may be."""
CALM = {
    "notification_seconds": NEVER,
    "containment_seconds": NEVER,
    "review_seconds": NEVER,
    "remediation_seconds": NEVER,
    "second_line": True,
    "response_team": True,
}
LONG = SOON | {"watch_hours": 1000}


def engine_now() -> datetime:
    """What time it is on the engine."""
    now: datetime = vars(in_memory_backend)["datetime"].now(UTC)
    return now


def respond(run: Run, timing: Json | None = None, **targets: float | bool) -> None:
    """Start a case that is detected now."""
    now = format_utc(engine_now())
    waits = LONG | (timing or {}) | {"sla": CALM | targets}
    run.start("respond", case_payload(timing=waits, detected_at=now, received_at=now))


def phases(run: Run) -> list[str]:
    """Phases that people were told of, but for what they have told the case themselves."""
    told = [call["phase"] for call in run.called("notify_analysts")]
    return [one for one in told if one not in ("acknowledged", "closed", "decided")]


def calls(run: Run) -> dict[tuple[str, str], Json]:
    """What the record says of warnings and escalations, by tier and what it is about."""
    every = [one for patch in sla_patches(run) for one in patch.get("escalations", [])]
    return {(one["tier"], one["about"]): one for one in every}


def sla_patches(run: Run) -> list[Json]:
    """What was written of the service levels, in order."""
    return [call["patch"].get("sla", {}) for call in run.called("save_case")]


def until(reached: Callable[[], object]) -> None:
    """Wait for a state of the case."""
    limit = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.01)


def clocks_over(run: Run) -> Json:
    output = run.wait(f"{run.case_id}:sla").get_output(dict)
    assert output is not None
    return output


def test_a_case_that_is_looked_after_hears_of_no_clock(case: NewCase) -> None:
    run = case()
    respond(run)
    wait_for_phase(run, "completed")
    run.tell("Acknowledged", {"by": "kim"})
    close(run)
    assert phases(run) == ["opened", "completed"]
    assert calls(run) == {}
    assert clocks_over(run) == {"told": 0}
    saved = record(run)["sla"]
    assert {"notified_at", "contained_at", "reviewed_at", "closed_at"} <= set(saved)
    assert saved["reviewed_by"] == "kim"


def test_nobody_takes_the_case(case: NewCase) -> None:
    run = case()
    respond(run, review_seconds=60)
    missed = wait_for_phase(run, "sla_missed")
    assert missed["why"] == "nobody has taken the case within 1 minute of being told"
    run.tell("Acknowledged", {"by": "kim"})
    close(run)
    clocks_over(run)
    assert phases(run).count("sla_missed") == 1
    assert "sla_missed" in [call["phase"] for call in run.called("open_ticket")]
    told = calls(run)[("L2", "notification_to_review")]
    assert (told["kind"], told["ticket"]) == ("missed", "INC0010001")
    assert told["channels"] == {"slack": "sent", "email": "sent"}


def test_the_first_line_is_warned_once_and_then_takes_the_case(case: NewCase) -> None:
    run = case()
    respond(run, warn_share=0.0001)
    # All targets are as long, so that only what has begun first is certain to have warned.
    wait_for_phase(run, "sla_warning")
    run.tell("Acknowledged", {"by": "kim"})
    close(run)
    clocks_over(run)
    kinds = {(tier, call["kind"]) for (tier, _about), call in calls(run).items()}
    assert kinds == {("L1", "warning")}
    clocks = [one for one in run.called("notify_analysts") if one["phase"] == "sla_warning"]
    told = [call["why"] for call in clocks]
    assert len(told) == len(set(told)) == len(calls(run))


def test_nothing_is_contained_in_time_because_the_vendor_hangs(case: NewCase) -> None:
    def revoke(payload: Json) -> Any:
        assert wait_for_phase(run, "sla_missed"), "people hear while the case waits for the vendor"
        return {"outcome": outcome(ActionName.REVOKE_SESSIONS), "before": payload["before"]}

    only = decided(plan=[plan_line(ActionName.REVOKE_SESSIONS)])
    run = case(revoke_sessions=revoke, decide_response=lambda _payload: only)
    respond(run, containment_seconds=60)
    wait_for_phase(run, "completed")
    close(run)
    assert ("L2", "notification_to_containment") in calls(run)
    assert record(run)["sla"]["contained_at"]


def test_a_containment_beside_an_open_question_stops_its_clock(case: NewCase) -> None:
    plan = [
        plan_line(ActionName.REVOKE_SESSIONS),
        plan_line(ActionName.FORCE_PASSWORD_RESET, Disposition.ASK),
    ]
    run = case(decide_response=lambda _payload: decided(Confidence.HIGH, plan))
    respond(run, {"approval_deadline_minutes": 60_000}, containment_seconds=NEVER)
    until(lambda: record(run)["sla"].get("contained_at"))
    assert not run.called("force_password_reset"), "the question is still open"
    run.tell("Decision", answer(ActionName.FORCE_PASSWORD_RESET))
    wait_for_phase(run, "completed")
    close(run)
    assert clocks_over(run) == {"told": 0}


def test_a_question_reminds_of_the_review_and_nobody_is_told_the_same_twice(case: NewCase) -> None:
    run = case(decide_response=question())
    waits = {
        "approval_deadline_minutes": 60_000,
        "reminder_minutes": 9000,
        "escalate_minutes": 9500,
    }
    respond(run, waits, review_seconds=60)
    reminder = wait_for_phase(run, "reminder")
    assert reminder["why"].startswith("nobody has answered for")
    wait_for_phase(run, "escalated")
    until(lambda: ("L2", "notification_to_review") in calls(run))
    run.tell("Decision", answer())
    wait_for_phase(run, "completed")
    close(run)
    assert sorted(phases(run)) == ["completed", "decision_needed", "escalated", "reminder"]
    clocks_over(run)
    assert calls(run)[("L2", "notification_to_review")]["channels"] == {}
    assert calls(run)[("L2", "decision")]["channels"] == {"slack": "sent", "email": "sent"}
    saved = record(run)["sla"]
    assert saved["reviewed_by"] == "kim", "who decides has looked"


def test_who_takes_the_case_is_reminded_of_the_question_at_its_own_time(case: NewCase) -> None:
    run = case(decide_response=question())
    waits = {"approval_deadline_minutes": 60_000, "reminder_minutes": 6, "escalate_minutes": 9500}
    respond(run, waits, review_seconds=NEVER)
    run.wait_for_call("notify_analysts")
    run.tell("Acknowledged", {"by": "ana"})
    reminder = wait_for_phase(run, "reminder")
    waited = re.match(r"nobody has answered for (\d+) minutes", reminder["why"])
    assert waited is not None and int(waited[1]) >= 6
    run.tell("Decision", answer())
    wait_for_phase(run, "completed")
    close(run)
    assert record(run)["sla"]["reviewed_by"] in ("ana", "kim")
    assert phases(run).count("reminder") == 1


def test_the_response_team_is_called_by_the_facts_of_the_record(case: NewCase) -> None:
    facts = [{"criterion": "persistence", "tier": "IRT", "why": "signs of persistence: a rule"}]
    run = case(
        evaluate_escalation=lambda _payload: {"confidence": "High", "reasons": facts},
    )
    respond(run)
    told = wait_for_phase(run, "escalated_irt")
    assert told["why"] == "signs of persistence: a rule"
    close(run)
    assert clocks_over(run) == {"told": 1}
    assert "to be escalated (IRT): signs of persistence: a rule" in events(run)


def test_a_message_that_does_not_get_through_delays_no_case(case: NewCase) -> None:
    def ticket(payload: Json) -> Any:
        if payload["phase"] == "sla_missed":
            raise RuntimeError("the ITSM is away")
        return {"ticket_id": "INC1", "url": None, "tickets": [], "missing": {}}

    run = case(open_ticket=ticket)
    respond(run, review_seconds=30)
    wait_for_phase(run, "sla_missed")
    run.tell("Acknowledged", {"by": "kim"})
    close(run)
    clocks_over(run)
    told = calls(run)[("L2", "notification_to_review")]
    assert told["ticket"] is None and told["channels"]["slack"] == "sent"


def test_one_that_did_not_hold_has_its_remediation_measured_anew(case: NewCase) -> None:
    broken = {"held": False, "detail": "it did NOT hold"}
    run = case(recheck_sign_ins=lambda _payload: broken)
    respond(run, {"recheck_minutes": 0.5})
    wait_for_phase(run, "not_held")
    close(run)
    clocks_over(run)
    saved = record(run)["sla"]
    assert len(saved["reopenings"]) == 1
    assert saved["reopenings"][0] <= saved["closed_at"]


def test_a_watch_that_ends_leaves_no_clock_behind(case: NewCase) -> None:
    run = case()
    respond(run, SOON)
    run.wait()
    assert clocks_over(run) == {"told": 0}


def test_a_response_that_breaks_off_leaves_no_clock_behind(case: NewCase) -> None:
    run = case(take_joined=fail("unforeseen"), decide_response=lambda _payload: {"not": "a plan"})
    respond(run)
    with pytest.raises(Exception, match="validation error"):
        run.wait()
    assert clocks_over(run) == {"told": 0}
    assert "broke_off" in phases(run)


def test_an_acknowledgement_counts_from_when_it_was_given(case: NewCase) -> None:
    run = case()
    respond(run)
    wait_for_phase(run, "completed")
    early = engine_now() - timedelta(minutes=2)
    run.tell("Acknowledged", {"by": "kim", "at": format_utc(early)})
    run.tell("Acknowledged", {"by": "ana", "at": "2999-01-01T00:00:00Z"})
    close(run)
    first, second = [one for one in sla_patches(run) if one.get("reviewed_by") in ("kim", "ana")][
        :2
    ]
    assert first["reviewed_at"] == format_utc(early)
    assert second["reviewed_at"] < "2999", "nobody takes a case in the future"


def test_a_containment_that_is_not_in_force_is_none(case: NewCase) -> None:
    def denied(payload: Json) -> Json:
        return {"outcomes": [one | {"verified": False} for one in payload["outcomes"]]}

    only = decided(plan=[plan_line(ActionName.REVOKE_SESSIONS)])
    run = case(verify_account=denied, decide_response=lambda _payload: only)
    respond(run)
    wait_for_phase(run, "completed")
    close(run)
    assert not [one for one in sla_patches(run) if one.get("contained_at")]
