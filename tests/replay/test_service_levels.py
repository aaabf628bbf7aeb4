"""The clocks of a case, step by step: every step replays it, as a worker that starts anew does."""

from datetime import timedelta
from typing import Any

from orchestrators.service_levels import keep_service_levels
from shared.models.base import Json, format_utc
from shared.models.sla import SlaTargets
from tests.support.scripts import default_scripts
from tests.support.stepper import START, Stepper

TOLD = {"references": {}, "reached": True}
IRT = {"criterion": "persistence", "tier": "IRT", "why": "signs of persistence: New inbox rule"}
FAILED = {"criterion": "containment_failed", "tier": "L2", "why": "containment failed (BlockIP)"}


def at(minutes: float) -> str:
    return format_utc(START + timedelta(minutes=minutes))


def keeping(
    *reasons: Json, confidence: str | None = "High", told: Json | None = None, **targets: Any
) -> Stepper:
    """The clocks of a case that has just begun."""
    goals = SlaTargets.model_validate({"second_line": True, "response_team": True} | targets)
    found = {"confidence": confidence, "reasons": list(reasons)}
    scripts = default_scripts() | {"evaluate_escalation": lambda _payload: found}
    payload = {
        "case_id": "case-0123456789abcdef01234567",
        "started_at": at(0),
        "received_at": at(0),
        "targets": goals.to_json(),
    }
    return Stepper(keep_service_levels, payload, scripts, {"tell_again": told or TOLD})


def say(clocks: Stepper, what: str, minutes: float = 0, **more: Any) -> None:
    clocks.now = START + timedelta(minutes=minutes)
    clocks.tell("ServiceLevel", {"what": what, "at": at(minutes)} | more)


def ring(clocks: Stepper) -> float:
    """Let time pass until the next timer; return when that was, in minutes."""
    timer = min(clocks.timers, key=lambda one: clocks.timers[one])
    due = clocks.timers[timer]
    clocks.fire(timer)
    return (due - START) / timedelta(minutes=1)


def told(clocks: Stepper) -> list[tuple[str, str]]:
    return [(call["phase"], call["escalated"]["about"]) for call in clocks.called("tell_again")]


def written(clocks: Stepper) -> list[Json]:
    patches = [call["patch"] for call in clocks.called("save_case")]
    return [one for patch in patches for one in patch["sla"]["escalations"]]


def settled(clocks: Stepper) -> None:
    """Fire every timer that is left: those that lost say nothing any more."""
    known = told(clocks)
    while clocks.timers:
        ring(clocks)
    assert told(clocks) == known


REVIEW = "notification_to_review"


def test_the_review_is_warned_of_and_then_the_second_line_is_told_each_once() -> None:
    clocks = keeping()
    say(clocks, "notified", 1)
    assert ring(clocks) == 4, "the timer of the notification, which nobody waits for any more"
    assert told(clocks) == []
    assert ring(clocks) == 13
    assert told(clocks) == [("sla_warning", REVIEW)]
    assert ring(clocks) == 16
    assert told(clocks) == [("sla_warning", REVIEW), ("sla_missed", REVIEW)]
    warning, missed = written(clocks)
    assert (warning["tier"], missed["tier"], missed["kind"]) == ("L1", "L2", "missed")
    assert missed["why"] == "nobody has taken the case within 15 minutes of being told"
    [entry] = clocks.called("save_case")[1]["patch"]["timeline"]
    assert entry["event"] == f"service level missed (L2): {missed['why']}"
    say(clocks, "reviewed", 17)
    say(clocks, "closed", 18)
    settled(clocks)


def test_who_takes_the_case_in_time_is_not_reminded() -> None:
    clocks = keeping()
    say(clocks, "notified", 1)
    say(clocks, "reviewed", 12.9)
    say(clocks, "closed", 20)
    settled(clocks)
    assert told(clocks) == []


def test_who_takes_it_after_the_warning_spares_the_second_line() -> None:
    clocks = keeping()
    say(clocks, "notified", 0)
    while not told(clocks):
        ring(clocks)
    say(clocks, "reviewed", 14.9)
    assert ring(clocks) == 15
    assert told(clocks) == [("sla_warning", REVIEW)]
    say(clocks, "closed", 60)
    settled(clocks)


def test_who_takes_it_in_the_same_instant_is_heard_first() -> None:
    clocks = keeping(warn_share=None)
    say(clocks, "notified", 0)
    say(clocks, "reviewed", 15)
    ring(clocks)
    assert told(clocks) == []


def test_a_closed_case_waits_for_no_timer_and_can_be_opened_again() -> None:
    clocks = keeping()
    say(clocks, "notified", 0)
    say(clocks, "closed", 3)
    settled(clocks)
    say(clocks, "reopened", 60)
    assert ring(clocks) == 60 + 192
    assert ring(clocks) == 60 + 240
    again = "remediation_after_reopening:1"
    assert told(clocks) == [("sla_warning", again), ("sla_missed", again)]
    say(clocks, "over", 400)
    assert clocks.output == {"told": 2}


def test_a_case_of_which_nobody_was_told_tells_people_itself() -> None:
    clocks = keeping()
    assert ring(clocks) == 4
    assert told(clocks) == [("sla_warning", "detection_to_notification")]
    clocks.fire(min(clocks.timers, key=lambda one: clocks.timers[one]))
    assert len(told(clocks)) == 1, "the warning was the notification"


def test_a_warning_that_reached_nobody_is_none() -> None:
    clocks = keeping(told=TOLD | {"reached": False})
    ring(clocks)
    assert ring(clocks) == 5
    assert told(clocks)[-1] == ("sla_missed", "detection_to_notification")


def test_the_response_team_is_called_once_by_facts_when_it_is_sure() -> None:
    clocks = keeping(IRT)
    say(clocks, "notified", 0)
    say(clocks, "handed_over", 1)
    say(clocks, "handed_over", 2)
    assert told(clocks) == [("escalated_irt", "persistence")]
    [call] = written(clocks)
    assert (call["tier"], call["kind"], call["why"]) == ("IRT", "criterion", IRT["why"])


def test_at_medium_confidence_a_person_looks_first_but_not_too_long() -> None:
    clocks = keeping(IRT, confidence="Medium")
    say(clocks, "notified", 0)
    say(clocks, "handed_over", 1)
    assert told(clocks) == []
    while ("sla_missed", REVIEW) not in told(clocks):
        ring(clocks)
    assert told(clocks)[1:] == [("sla_missed", REVIEW), ("escalated_irt", "persistence")]


def test_the_second_line_hears_at_once_that_containment_failed() -> None:
    clocks = keeping(FAILED, IRT, confidence="Medium")
    say(clocks, "notified", 0, containment_due=True)
    say(clocks, "handed_over", 1)
    assert told(clocks) == [("escalated_l2", "containment_failed")]


def test_where_the_policy_names_nobody_it_is_only_written_down() -> None:
    clocks = keeping(FAILED, IRT, second_line=False, response_team=False)
    say(clocks, "notified", 0)
    say(clocks, "handed_over", 1)
    assert told(clocks) == []
    assert [one["tier"] for one in written(clocks)] == ["L2", "IRT"]
    assert {one["why"].rpartition("; ")[2] for one in written(clocks)} == {
        "the policy names nobody to call"
    }
    while ("sla_missed", REVIEW) not in told(clocks):
        ring(clocks)
    assert written(clocks)[-1]["tier"] == "L1", "the first line hears of what was missed"


def test_a_remediation_of_many_days_is_waited_for_in_parts() -> None:
    clocks = keeping(remediation_seconds=10 * 24 * 3600.0, warn_share=None)
    say(clocks, "notified", 0)
    say(clocks, "reviewed", 1)
    days = []
    while not told(clocks):
        days.append(ring(clocks) / 60 / 24)
    assert [round(one, 2) for one in days[-4:]] == [3, 6, 9, 10]
    assert told(clocks) == [("sla_missed", "full_remediation")]


def test_storage_that_is_away_silences_no_clock() -> None:
    def away(_payload: Json) -> Json:
        return {"error": "down"}

    clocks = keeping()
    clocks._scripts["save_case"] = away
    say(clocks, "notified", 0)
    while len(told(clocks)) < 2:
        ring(clocks)
    assert told(clocks)[-1] == ("sla_missed", REVIEW)


def test_what_is_not_understood_is_not_heard() -> None:
    clocks = keeping()
    clocks.tell("ServiceLevel", {"what": "nonsense"})
    clocks.tell("ServiceLevel", {})
    assert ring(clocks) == 4
