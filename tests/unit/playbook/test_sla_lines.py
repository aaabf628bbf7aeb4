"""Service levels in ticket and messages."""

import pytest

from shared.models.base import Json, format_utc, parse_utc
from shared.playbook.reporting.case_text import ticket_for
from shared.playbook.reporting.case_view import CaseView
from shared.playbook.reporting.channels import message_for
from shared.playbook.reporting.sla import with_measures
from shared.playbook.reporting.sla_lines import sla_brief, sla_lines
from tests.unit.playbook.records import record

TIMES = {
    "detected_at": "2026-11-20T12:00:00.000Z",
    "received_at": "2026-11-20T12:00:10.000Z",
    "notified_at": "2026-11-20T12:00:30.000Z",
}
CALL = {
    "tier": "L2",
    "kind": "missed",
    "about": "notification_to_review",
    "at": "2026-11-20T12:15:30.000Z",
    "why": "nobody has taken the case\n<script>",
    "channels": {"slack": "sent", "email": "timed out"},
    "ticket": "INC1",
}


def case(at: str, **sla: object) -> Json:
    return record(sla=with_measures(TIMES | sla, now=parse_utc(at), containment_due=False))


LATE = case("2026-11-20T12:16:00Z", escalations=[CALL])


def test_each_measure_that_has_begun_is_a_line() -> None:
    assert sla_lines(CaseView(LATE))[:4] == [
        "detection to notification: 30 s, target under 5 min: met",
        "notification to containment: open until 2026-11-20 12:10:30Z (target under 10 min)",
        "notification to review: MISSED, was due 2026-11-20 12:15:30Z (target under 15 min)",
        "full remediation: open until 2026-11-20 16:00:00Z (target under 4.0 h)",
    ]
    late = case("2026-11-20T12:30:00Z", reviewed_at="2026-11-20T12:20:30.000Z")
    assert "notification to review: 20 min, target under 15 min: MISSED" in sla_lines(
        CaseView(late)
    )


def test_who_was_called_is_a_line_that_nothing_breaks() -> None:
    line = sla_lines(CaseView(LATE))[-1]
    assert line.startswith("2026-11-20 12:15:30Z L2: nobody has taken the case")
    assert line.endswith("(told by slack)") and "\n" not in line


def test_ticket_and_messages_say_it() -> None:
    note = ticket_for(LATE, phase="sla_missed", why="nobody has taken the case").work_note
    assert note.startswith("SERVICE LEVEL MISSED: nobody has taken the case")
    assert "\nSERVICE LEVELS\n" in note
    facts = dict(message_for(LATE, "sla_missed", "nobody has taken the case").facts)
    assert facts["Service levels"] == "MISSED: notification to review"


@pytest.mark.parametrize(
    ("phase", "wake"),
    [
        ("sla_warning", None),
        ("sla_missed", "trigger"),
        ("escalated_l2", "trigger"),
        ("escalated_irt", "trigger"),
    ],
)
def test_what_was_missed_wakes_somebody(phase: str, wake: str | None) -> None:
    assert message_for(LATE, phase, "why").wake == wake


def test_in_brief() -> None:
    assert sla_brief(CaseView(case("2026-11-20T12:01:00Z"))) == "kept so far"
    assert sla_brief(CaseView(record())) == ""
    assert sla_lines(CaseView(record())) == []
    assert "Service levels" not in dict(message_for(record(), "opened").facts)


def test_a_time_reads_the_same_whatever_its_zone() -> None:
    moved = TIMES | {"detected_at": "2026-11-20T13:00:00+01:00"}
    there = record(sla=with_measures(moved, containment_due=False))
    here = record(sla=with_measures(TIMES, containment_due=False))
    assert sla_lines(CaseView(there)) == sla_lines(CaseView(here))
    assert format_utc(parse_utc(moved["detected_at"])) == TIMES["detected_at"]
