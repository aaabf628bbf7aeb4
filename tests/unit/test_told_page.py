"""The report says of every channel what became of its message, and is safe whatever it says."""

from typing import Any

from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRecord, CaseRequest
from shared.pages.report import render_report
from shared.pages.told import told
from shared.playbook.reporting.record import initial_record
from tests.support.scripts import case_payload

AT = "2026-11-20T12:00:00.000Z"


def case(states: Any) -> CaseRecord:
    outputs = {"incident_ticket_id": "INC1", "analyst_notification_status": states}
    block = make_block(
        BlockName.NOTIFICATION, BlockStatus.PARTIAL, inputs={}, outputs=outputs
    ).block.to_json()
    plain = initial_record(CaseRequest.model_validate(case_payload()))
    plain["blocks"][BlockName.NOTIFICATION] = block
    return CaseRecord.model_validate(plain)


def test_each_channel_is_shown_with_when_what_where_and_why() -> None:
    sent = {"status": "sent", "at": AT, "phase": "not_held", "reference": "C1:1.1", "reason": ""}
    evil = {"status": "failed", "at": AT, "phase": "opened", "reason": "<script>alert(1)</script>"}
    found = case({"slack": sent, "teams": evil, "email": "sent"})
    slack, teams = told(found)
    assert slack.detail == "2026-11-20 12:00:00 UTC, not held, C1:1.1"
    assert (teams.status, teams.tone) == ("failed", "bad strong")
    page = render_report(found.to_json())
    assert "Who was told" in page and "C1:1.1" in page
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_nobody_told_is_no_list() -> None:
    assert told(case(None)) == []
    assert "Who was told" not in render_report(case({}).to_json())
