"""What a manifest is made of: the case's own documents, and the list of all items."""

from collections.abc import Iterable

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import EVENTS, Missing, is_manifest
from shared.models.message import EvidenceItem

_DECIDED_FROM = (
    BlockName.USER,
    BlockName.ADDRESS,
    BlockName.SIGN_INS,
    BlockName.ACTIVITY,
    BlockName.SCORING,
)
"""The blocks that the decision was made from: what the vendors answered, as it was used."""

_NOT_KEPT = "vendors' answers were not kept: "


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


def not_kept(item: str, why: str) -> str:
    """Return the event that tells that vendors' answers, ``item``, could not be kept."""
    return f"{_NOT_KEPT}{item}: {why}"


def unkept_answers(record: Json) -> list[Missing]:
    """Return the lines of vendors' answers that could not be kept, by the record's events."""
    told = [one["event"].removeprefix(_NOT_KEPT).partition(": ") for one in record["events"]
            if one["event"].startswith(_NOT_KEPT)]  # fmt: skip
    by_hand = "Nothing: what was made of them is in facts.json; the vendor's own log may have more."
    return [Missing(source=item, reason=why, by_hand=by_hand) for item, _, why in told]


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
