"""Whom a case concerns beyond the first line, by the facts in its record."""

from typing import Any

from durabletask import task

from activities.support import read_record
from shared.playbook.reporting.escalation import reasons_to_escalate


async def evaluate_escalation(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Return by which criteria of seed 004, section 9, a case is to be escalated.

    Input: ``{"case_id"}``. Output: ``{"confidence": the verdict's or None, "reasons":
    [{"criterion", "tier", "why"}]}``.

    Effect: none.
    Idempotency: reads only.
    Permission: Storage Blob Data Contributor on the case container.
    """
    record = await read_record(payload)
    verdict = record.get("verdict") or {}
    return {
        "confidence": verdict.get("compromise_confidence_score"),
        "reasons": [
            {"criterion": one.criterion, "tier": str(one.tier), "why": one.why}
            for one in reasons_to_escalate(record)
        ],
    }
