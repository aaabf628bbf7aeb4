"""A record after an undo: nothing forgotten, its status and its containment blocks true."""

from collections.abc import Sequence
from datetime import datetime

from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.case import CaseRecord, CaseStatus
from shared.models.outcome import ActionStatus
from shared.models.plan import ActionName
from shared.models.undoing import did_not_hold, given_back, in_force, let_go

_LIFTED = ", then taken back"
_HANDED_OVER = frozenset({CaseStatus.CONTAINED, CaseStatus.MONITORING, CaseStatus.FAILED})


def merge_undos(old: Sequence[Json] | None, new: Sequence[Json]) -> list[Json]:
    """Return one entry per undo, the later one winning, in order."""
    runs = {item["number"]: item for item in (*(old or []), *new)}
    return [runs[number] for number in sorted(runs)]


def keep_undone(old: Sequence[Json], new: Sequence[Json], merged: Sequence[Json]) -> list[Json]:
    """Return outcomes in which nothing that was taken back is forgotten.

    The response may still write its own memory of an action after an undo of it: the same act has
    the same time. An undo may have been asked for before an action was done again, and have waited
    for it: what was done before the undo ended is undone. What was done after it is not.

    Args:
        old: outcomes of the record.
        new: those that are merged into it.
        merged: one of both for each action and target.
    """
    known: dict[tuple[str, str], Json] = {}
    for item in (*old, *new):
        key = (item["action"], item["target"])
        if item.get("undone") and (key not in known or _undone_at(item) >= _undone_at(known[key])):
            known[key] = item
    kept = []
    for item in merged:
        earlier = known.get((item["action"], item["target"]))
        if earlier is not None and not item.get("undone"):
            same = earlier["at"] == item["at"]
            if same or _undone_at(earlier) > parse_utc(item["at"]):
                item = item | {"undo": None, "undone": earlier["undone"]}
        kept.append(item)
    return kept


def carry_undo(old: Sequence[Json], merged: Sequence[Json]) -> list[Json]:
    """Return outcomes that also take back what an earlier run of the same action changed.

    A second run finds the first one's work ("was so before", "none of 3 rules") and has nothing to
    restore of its own. What was before the case is the first run's; lists of things are joined.
    Blocks are not carried: they are held and lifted by address, not by run.

    Args:
        old: outcomes of the record.
        merged: the newest of each action and target.
    """
    owed = {
        (item["action"], item["target"]): item["undo"]
        for item in old
        if item.get("undo") and not item.get("undone") and item["action"] != ActionName.BLOCK_IP
    }
    carried = []
    for item in merged:
        before = owed.get((item["action"], item["target"]))
        if before is not None and not item.get("undone"):
            item = item | {"undo": _joined(before, item.get("undo") or {})}
        carried.append(item)
    return carried


def _joined(first: Json, then: Json) -> Json:
    both = then | first
    for name, things in first.items():
        more = then.get(name)
        if isinstance(things, list) and isinstance(more, list):
            both[name] = [*things, *(one for one in more if one not in things)]
    return both


def _undone_at(outcome: Json) -> datetime:
    return parse_utc(outcome["undone"]["at"])


def status_now(case: CaseRecord) -> CaseStatus:
    """Return the status that is true after undo and re-check; others have nothing to correct.

    A closed case stays closed, a running response has its own status.
    """
    if case.status not in _HANDED_OVER:
        return case.status
    if did_not_hold(case):
        return CaseStatus.FAILED
    gone = let_go(case)
    if not gone:
        return case.status
    left = [one for one in case.actions if (one.action, one.target) not in gone]
    failed = any(
        one.status is ActionStatus.FAILED
        or (one.status is ActionStatus.SUCCEEDED and one.verified is False)
        for one in left
    )
    if failed:
        return CaseStatus.FAILED
    if given_back(case) or not in_force(case):
        return CaseStatus.MONITORING
    return CaseStatus.CONTAINED


def with_undo(record: Json) -> Json:
    """Return the record with its status and its containment blocks true after an undo.

    The blocks' outputs stay history and gain what became of it; applying it again changes nothing.
    """
    case = CaseRecord.model_validate(record)
    blocks = dict(record["blocks"])
    for one in case.actions:
        if one.undone is None:
            continue
        is_block = one.action is ActionName.BLOCK_IP
        name = BlockName.FIREWALL if is_block else BlockName.CONTAINMENT
        block = blocks[name]
        at = one.to_json()["undone"]["at"]
        note = f"{one.action} on {one.target} was taken back by {one.undone.by} at {at}"
        outputs = block["outputs"]
        word = outputs.get("ip_block_status")
        if is_block and isinstance(word, str) and not word.endswith(_LIFTED):
            outputs = outputs | {"ip_block_status": f"{word}{_LIFTED}"}
        notes = block["notes"] if note in block["notes"] else [*block["notes"], note]
        blocks[name] = block | {"outputs": outputs, "notes": notes}
    return record | {"status": str(status_now(case)), "blocks": blocks}
