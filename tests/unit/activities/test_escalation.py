"""The facts of a stored record, as the clocks ask for them."""

from activities.escalation import evaluate_escalation
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.playbook.records import action, record


async def test_the_criteria_that_hold_are_named_with_their_sentences(house: FakeHouse) -> None:
    failed = [action("RevokeSessions", "failed")]
    house.cases.records[CASE_ID] = record(actions=failed)
    assert await call(evaluate_escalation) == {
        "confidence": "High",
        "reasons": [
            {
                "criterion": "containment_failed",
                "tier": "L2",
                "why": "containment failed (RevokeSessions)",
            },
            {
                "criterion": "persistence",
                "tier": "IRT",
                "why": "signs of persistence: New inbox rule",
            },
        ],
    }


async def test_before_the_verdict_there_is_nothing_to_escalate(house: FakeHouse) -> None:
    house.cases.records[CASE_ID] = record(verdict=None)
    assert await call(evaluate_escalation) == {"confidence": None, "reasons": []}
