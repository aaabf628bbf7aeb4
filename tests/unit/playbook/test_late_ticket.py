from datetime import UTC, datetime
from typing import Any

import pytest

from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.playbook.reporting.handover import NO_TICKET_YET, notification_block
from shared.playbook.reporting.record import initial_record, merge_record
from tests.support.scripts import case_payload

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATE = {
    "outputs": {"incident_ticket_id": "INC0010042"},
    "details": {"ticket_url": "https://itsm.example/42"},
    "resolved_notes": [NO_TICKET_YET, "unknown: incident_ticket_id"],
}


HALF = LATE | {"notes": [f"{NO_TICKET_YET} in jira: HTTP 503"]}


def test_the_system_that_is_still_without_a_ticket_is_named_in_place_of_all() -> None:
    told = {"ticket": {"error": "servicenow: HTTP 503; jira: HTTP 503"}, "channels": {}}
    block = notification_block(told, NOW, NOW)
    first = initial_record(CaseRequest.model_validate(case_payload()))
    record = merge_record(first, {"blocks": {BlockName.NOTIFICATION: block}})
    for _twice in range(2):
        record = merge_record(record, {"blocks": {BlockName.NOTIFICATION: HALF}})
    found = record["blocks"][BlockName.NOTIFICATION]
    assert found["notes"] == HALF["notes"] and found["status"] != "complete"
    done = merge_record(record, {"blocks": {BlockName.NOTIFICATION: LATE}})
    assert done["blocks"][BlockName.NOTIFICATION]["notes"] == []


@pytest.mark.parametrize(
    ("comment", "status", "notes"),
    [
        ({"key": "k"}, "complete", []),
        ({"error": "HTTP 500"}, "partial", ["incident comment not written: HTTP 500"]),
    ],
)
def test_what_was_said_about_a_missing_ticket_goes_when_it_is_opened(
    comment: dict[str, Any], status: str, notes: list[str]
) -> None:
    told = {"ticket": {"error": "HTTP 503"}, "channels": {"email": "sent"}, "comment": comment}
    block = notification_block(told, NOW, NOW)
    first = initial_record(CaseRequest.model_validate(case_payload()))
    record = merge_record(first, {"blocks": {BlockName.NOTIFICATION: block}})
    for _twice in range(2):
        record = merge_record(record, {"blocks": {BlockName.NOTIFICATION: LATE}})
    found = record["blocks"][BlockName.NOTIFICATION]
    assert (found["status"], found["notes"]) == (status, notes)
    assert found["outputs"]["incident_ticket_id"] == "INC0010042"
    told = found["outputs"]["analyst_notification_status"]
    assert [(name, one["status"]) for name, one in told.items()] == [("email", "sent")]
    assert found["details"]["ticket_url"] == "https://itsm.example/42"
