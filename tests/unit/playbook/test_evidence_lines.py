"""What the ticket says about the evidence counts no row twice without saying so."""

from typing import Any

import pytest

from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRecord
from shared.playbook.acting.exports import EXPORTS
from shared.playbook.acting.exports_by_address import BY_ADDRESS, IN_NAME
from shared.playbook.reporting.evidence_lines import evidence_lines
from tests.unit.playbook.records import record

ACCOUNT = {"name": "sign-ins-interactive.jsonl.gz", "rows": 5}
INCIDENT = {"name": "incident.json", "rows": None}
ADDRESS = {"name": "r/late/sign-ins-interactive-by-address-2.jsonl.gz", "rows": 3}


def first_line(items: list[dict[str, Any]]) -> str:
    manifest = {"name": "manifest.json", "sha256": "0" * 64}
    details = {"items": items, "manifest": manifest}
    made = make_block(BlockName.EVIDENCE, BlockStatus.COMPLETE, inputs={}, details=details)
    found = record() | {"blocks": {BlockName.EVIDENCE: made.block.to_json()}}
    return evidence_lines(CaseRecord.model_validate(found))[0]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([INCIDENT, ACCOUNT], "2 items, 5 log rows"),
        (
            [INCIDENT, ACCOUNT, ADDRESS],
            "3 items, 8 log rows, 3 of them by address (an account's own are by account, too)",
        ),
        ([INCIDENT, ADDRESS | {"rows": 0}], "2 items, 0 log rows"),
    ],
)
def test_rows_that_may_be_in_two_items_are_told(items: list[dict[str, Any]], said: str) -> None:
    assert first_line(items) == said


def test_by_their_names_items_by_address_are_told_from_others() -> None:
    assert all(IN_NAME in one.part_name(2) for one in BY_ADDRESS.values())
    assert not any(IN_NAME in one.name for one in EXPORTS if not one.by_address)
