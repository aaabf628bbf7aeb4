"""What would change the verdict, and impact, reach the people who read ticket and pages."""

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.pages import render_decision, render_report
from shared.playbook.reporting.case_text import incident_comment_for, ticket_for
from tests.unit.playbook.records import record

LINE = "Low (21) if this turns out not to be so: Ten or more wrong passwords before the success."
WHY = "VIP: listed as such; mail and decisions of weight."


def scored(level: str = "high", line: str = LINE) -> Json:
    details = {"what_would_change": [line], "impact": {"level": level, "why": [WHY]}}
    block = make_block(BlockName.SCORING, BlockStatus.COMPLETE, inputs={}, details=details)
    blocks: Json = record()["blocks"] | {BlockName.SCORING: block.block.to_json()}
    return record(blocks=blocks)


def test_ticket_says_what_would_change_the_verdict_and_what_is_at_stake() -> None:
    note = ticket_for(scored()).work_note
    assert f"WHAT WOULD CHANGE THIS VERDICT\n{LINE}" in note
    assert f"IMPACT\n{WHY}" in note
    assert "IMPACT" not in ticket_for(scored("ordinary")).work_note
    assert "What would change this verdict" in incident_comment_for(scored())


def test_pages_say_it_in_one_section_and_only_when_there_is_something() -> None:
    for page in (render_report(scored()), render_decision(scored())):
        assert page.count("What would change this verdict") == 1
        assert LINE in page
    assert "What would change this verdict" not in render_report(record())


def test_hostile_lines_stay_text() -> None:
    page = render_report(scored(line="<script>alert(1)</script>"))
    assert "<script>" not in page
