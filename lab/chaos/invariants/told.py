"""No failure is kept to the app."""

import re
from collections.abc import Iterator

from lab.chaos.invariants.found import Found
from lab.chaos.models import PlannedCase
from lab.chaos.observed import Observed
from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus
from shared.models.case import CaseStatus
from shared.models.outcome import ActionStatus
from shared.playbook.reporting.case_view import BLOCK_WORDS

_PEOPLE_READ = frozenset({"servicenow", "slack", "email", "teams", "sentinel"})


def someone_was_told_of_every_failure(observed: Observed) -> Iterator[Found]:
    """Yield failed actions and failed steps of which no delivered text tells."""
    for case in observed.planned.cases:
        said = _delivered(observed, case)
        for record in observed.records_of(case):
            for what, words in _failures(record):
                if not any(words.search(text) for text in said):
                    yield Found(case, f"nobody was told: {what}")


def _failures(record: Json) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield what failed and the words that a text about it contains."""
    for one in record["actions"]:
        failed = one["status"] == ActionStatus.FAILED or one["verified"] is False
        if failed and not one["undone"]:
            name = f"{one['action']} on {one['target']}"
            yield f"{name} failed", _failed(name)
    for block, words in BLOCK_WORDS.items():
        if block is BlockName.NOTIFICATION:
            # Of a message that failed the other channels, or the next message, cannot always tell.
            continue
        if block is BlockName.EVIDENCE and record["status"] == CaseStatus.AWAITING_DECISION:
            # It is exported beside the question: the record shows it, the next message says it.
            continue
        status = (record["blocks"].get(block) or {}).get("status")
        if status == BlockStatus.FAILED:
            yield f"{words[0]} failed", re.compile(f"{words[0]} failed")
        elif status == BlockStatus.PARTIAL:
            yield f"{words[0]} is partial", re.compile(f"{words[0]} is partial")


def _failed(name: str) -> re.Pattern[str]:
    """Return how a text says that an action failed: of this action, not of something near it."""
    action = re.escape(name)
    # A line break is written as \\n in a body that is shown as Python writes it.
    before = r"FAILED(?:, do by hand now)?: (?:(?!\\n|\n).)*?"
    return re.compile(rf"{action} FAILED|{before}{action}")


def _delivered(observed: Observed, case: PlannedCase) -> list[str]:
    words = (case.name, case.object_id, case.incident, *observed.case_ids[case.number])
    return [
        str(line["body"])
        for line in observed.ledger
        if line["vendor"] in _PEOPLE_READ
        and line["effect"]
        and any(word in f"{line['path']} {line['body']}" for word in words)
    ]
