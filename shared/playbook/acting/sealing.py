"""What a manifest is made of: the case's own documents, and the list of all items."""

from collections.abc import Iterable

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import EVENTS, is_manifest
from shared.models.message import EvidenceItem

_DECIDED_FROM = (
    BlockName.USER,
    BlockName.ADDRESS,
    BlockName.SIGN_INS,
    BlockName.ACTIVITY,
    BlockName.SCORING,
)
"""The blocks that the decision was made from: what the vendors answered, as it was used."""


def case_documents(record: Json) -> dict[str, Json | list[Json]]:
    """Return what the case knows of itself, by the name of the item."""
    verdict = record.get("verdict")
    return {
        "facts.json": {
            "incident": record["incident"],
            "account": record["account"],
            "addresses": record["addresses"],
            "blocks": {str(name): record["blocks"].get(name) for name in _DECIDED_FROM},
        },
        "verdict.json": {
            "ruleset": verdict["ruleset"] if verdict else None,
            "verdict": verdict,
            "plan": record["plan"],
            "mode": record["mode"],
            "alert_type": record["alert_type"],
        },
        "decision.json": {
            "decision": record["decision"],
            "question": record.get("question"),
        },
        "actions.json": {
            "actions": record["actions"],
            "undos": record["undos"],
            "recheck": record["recheck"],
            "containment": record["blocks"].get(BlockName.CONTAINMENT),
            "firewall": record["blocks"].get(BlockName.FIREWALL),
        },
        EVENTS: record["events"],
    }


def with_items(*lists: Iterable[EvidenceItem]) -> list[EvidenceItem]:
    """Return every item once, by name; the first list that has it knows most about it.

    Manifests are not among them: each names the one before it.
    """
    every: dict[str, EvidenceItem] = {}
    for items in lists:
        for item in items:
            if not is_manifest(item.name):
                every.setdefault(item.name, item)
    return [every[name] for name in sorted(every)]
