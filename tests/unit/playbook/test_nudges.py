"""When a question reminds: its own times, or the review's where that is sooner."""

from typing import Any

import pytest

from shared.models.case import Timing
from shared.models.sla import SlaTargets
from shared.playbook.planning.nudges import nudge_minutes

LINE = SlaTargets(second_line=True)


def timing(**changes: Any) -> Timing:
    given = {"reminder_minutes": 15, "escalate_minutes": 30, "sla": LINE} | changes
    return Timing.model_validate(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (timing(), {"reminder": 12, "escalated": 15}),
        (timing(reminder_minutes=5), {"reminder": 5, "escalated": 15}),
        (timing(escalate_minutes=10), {"reminder": 12, "escalated": 10}),
        (timing(reminder_minutes=None), {"reminder": 12, "escalated": 15}),
        (timing(approval_deadline_minutes=14), {"reminder": 12}),
        (timing(sla=SlaTargets(), escalate_minutes=None), {"reminder": 12}),
        (timing(sla=SlaTargets(warn_share=None)), {"reminder": 15, "escalated": 30}),
        (timing(sla=None), {"reminder": 15, "escalated": 30}),
        (timing(sla=None, reminder_minutes=None, escalate_minutes=None), {}),
    ],
)
def test_the_earlier_time_counts(given: Timing, expected: dict[str, float]) -> None:
    assert nudge_minutes(given, reviewed=False) == expected


def test_once_somebody_has_taken_the_case_the_questions_own_times_count() -> None:
    assert nudge_minutes(timing(), reviewed=True) == {"reminder": 15, "escalated": 30}
