"""What a manifest is made of: the case's own documents, and the list of all items."""

import re
from collections.abc import Iterable

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import EVENTS
from shared.models.message import EvidenceItem

_MANIFEST = re.compile(r"manifest(?:-([1-9][0-9]{0,4}))?\.json")
_DECIDED_FROM = (
    BlockName.USER,
    BlockName.ADDRESS,
    BlockName.SIGN_INS,
    BlockName.ACTIVITY,
    BlockName.SCORING,
)
"""The blocks that the decision was made from: what the vendors answered, as it was used."""


def manifest_name(revision: int) -> str:
    """Return the name of a manifest: ``manifest.json``, then ``manifest-2.json`` and so on."""
    return "manifest.json" if revision == 1 else f"manifest-{revision}.json"


def is_manifest(name: str) -> bool:
    """Return whether an item's name is a manifest's."""
    return _MANIFEST.fullmatch(name) is not None


def revision_of(name: str) -> int:
    """Return the revision of a manifest by its name; 0 when it is no manifest."""
    found = _MANIFEST.fullmatch(name)
    return int(found[1] or 1) if found else 0


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
