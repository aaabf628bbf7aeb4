"""The case record: how it starts and how a patch is merged into it. An activity stores it."""

from collections.abc import Sequence
from typing import Any

from shared.models.base import Json, format_utc
from shared.models.block import (
    BLOCK_INPUTS,
    BLOCK_OUTPUTS,
    BlockName,
    BlockStatus,
    make_block,
)
from shared.models.case import CaseRecord, CaseRequest, CaseStatus
from shared.models.run import run_started
from shared.playbook.acting.containment import merge_outcomes, status_after
from shared.playbook.acting.evidence import SEALED, all_items
from shared.playbook.acting.undoing import carry_undo, keep_undone, merge_undos
from shared.playbook.reporting.sla import merge_sla
from shared.playbook.reporting.tickets_kept import keep_tickets
from shared.playbook.reporting.told import STATUS, merge_told

MOST_JOINED = 100
"""Joined incidents that the record names; the others are counted in its timeline."""

MOST_CAMPAIGN = 50
"""Other accounts of a campaign that the record names, the latest; ``campaign_count`` counts all."""

_OUTLIVE = ("actions", "undos", "events", "joined", "campaign", "campaign_count")
_BLOCKS_THAT_OUTLIVE = (BlockName.EVIDENCE, BlockName.NOTIFICATION)


def initial_record(case: CaseRequest) -> Json:
    """Return the record of a case that has just been accepted; every block is there, skipped."""
    blocks = {
        name: make_block(name, BlockStatus.SKIPPED, inputs={}, notes=["not run yet"]).block
        for name in BLOCK_OUTPUTS
    }
    record = CaseRecord(
        case_id=case.case_id,
        status=CaseStatus.GATHERING,
        mode=case.mode,
        alert_type=case.alert_type,
        run=case.run,
        incident=case.incident.to_json(),
        account=case.account.to_json() if case.account else None,
        addresses=list(case.addresses),
        blocks={str(name): block for name, block in blocks.items()},
    )
    given = case.to_json()
    sla = {name: given[name] for name in ("detected_at", "received_at")}
    targets = case.timing.sla
    return record.to_json() | {"sla": sla | ({"targets": targets.to_json()} if targets else {})}


def begin_run(record: Json, case: CaseRequest) -> Json:
    """Return the record with which a case runs again under the same id (``shared.models.run``).

    Nothing is judged, asked or decided in it yet. What is still true of the world is kept: what was
    done to the account and can be taken back, the tickets, the evidence with the manifest that
    vouches for it, whom the address hit, and the history of the case. A record of this run, or of
    a later one, is returned as it is.
    """
    before = record.get("run", "")
    if case.run <= before:
        return record
    first = initial_record(case)
    event = f"the case runs anew, as the engine no longer knew its run of {before or 'before'}"
    lines = [*record["timeline"], {"at": format_utc(run_started(case.run)), "event": event}]
    kept = {name: record[name] for name in _OUTLIVE if name in record}
    blocks = {name: record["blocks"][name] for name in _BLOCKS_THAT_OUTLIVE}
    changed = {"timeline": lines, "blocks": first["blocks"] | blocks}
    return CaseRecord.model_validate(first | kept | changed).to_json()


def merge_record(record: Json, patch: Json) -> Json:
    """Return ``record`` with ``patch`` merged in; the same patch twice changes nothing more.

    ``blocks`` merge by name (one without a status completes what is there), ``actions`` by action
    and target (what was taken back stays so), ``undos`` by number, ``timeline`` by time and text,
    ``campaign`` by account, ``campaign_count`` never falls,
    ``account``, ``incident`` and ``links`` by key, ``sla`` so that no clock moves; everything else
    is replaced. A status that says that an action failed ends when that action is made good.

    Raises:
        pydantic.ValidationError: the result is not a case record.
    """
    merged = dict(record)
    for key, value in patch.items():
        merge = _MERGES.get(key)
        merged[key] = merge(record.get(key), value) if merge else value
    if "actions" in patch and "status" not in patch:
        known = record.get("actions") or []
        merged["status"] = status_after(record["status"], known, merged["actions"])
    return CaseRecord.model_validate(merged).to_json()


def _merge_keys(old: Json | None, new: Json | None) -> Json | None:
    if not old or not new:
        return new or old
    return old | {key: value for key, value in new.items() if value is not None}


def _merge_blocks(old: dict[str, Json] | None, new: dict[str, Json]) -> dict[str, Json]:
    merged = dict(old or {})
    for name, block in new.items():
        before = merged.get(name) or _not_run(name)
        merged[name] = block if "status" in block else _completed(before, block)
        if name == BlockName.EVIDENCE:
            merged[name] = _with_newest_manifest(before, _with_known_items(before, merged[name]))
        if name == BlockName.NOTIFICATION:
            merged[name] = keep_tickets(before, _with_told(before, merged[name], block))
    return merged


def _not_run(name: str) -> Json:
    notes = ["not run yet"]
    return make_block(BlockName(name), BlockStatus.SKIPPED, inputs={}, notes=notes).block.to_json()


def _with_told(before: Json, merged: Json, new: Json) -> Json:
    """Keep what became of the messages on channels that a patch does not name."""
    old, more = (((one.get("outputs") or {}).get(STATUS) or {}) for one in (before, new))
    if not old and not more:
        return merged
    outputs = (merged.get("outputs") or {}) | {STATUS: merge_told(old, more)}
    return merged | {"outputs": outputs}


def _completed(before: Json, more: Json) -> Json:
    """Add late ``outputs``, ``details`` and ``notes``.

    ``resolved_notes`` are the starts of notes that are now untrue; the new ones stand for them.
    A block whose last note is resolved has nothing left to say against it: it is complete.
    """
    resolved = tuple(more.get("resolved_notes", ()))
    old_notes = before.get("notes", [])
    notes = [note for note in old_notes if not note.startswith(resolved)]
    notes += more.get("notes", ())
    return (
        before
        | {
            "outputs": before.get("outputs", {}) | more.get("outputs", {}),
            "details": before.get("details", {}) | more.get("details", {}),
            "notes": notes,
        }
        | ({"status": BlockStatus.COMPLETE} if old_notes and not notes else {})
    )


def _with_known_items(before: Json, merged: Json) -> Json:
    """Keep the items that are listed already: a patch names only new ones, and none is dropped."""
    known, details = (before.get("details") or {}).get("items"), merged.get("details") or {}
    if not known:
        return merged
    return merged | {"details": details | {"items": all_items(known, details.get("items"))}}


def _with_newest_manifest(before: Json, merged: Json) -> Json:
    """Keep the later of two manifests: a case and an undo of it may seal at the same time.

    A block of a new export has none yet. Until it is sealed, the old one vouches for the evidence.
    """
    old, new = before.get("details") or {}, merged.get("details") or {}
    revisions = [(one.get("manifest") or {}).get("revision", 0) for one in (old, new)]
    if revisions[0] <= revisions[1]:
        return merged
    kept = {key: old[key] for key in SEALED if key in old}
    if not revisions[1]:
        kept["items"] = all_items(old.get("items"), new.get("items"))
    return merged | {"details": new | kept}


def _merge_timeline(old: Sequence[Json] | None, new: Sequence[Json]) -> list[Json]:
    entries = {(item["at"], item["event"]): item for item in (*(old or []), *new)}
    return sorted(entries.values(), key=lambda item: item["at"])


def _keep_events(old: Sequence[Json] | None, _new: Sequence[Json]) -> list[Json]:
    """The chain grows where the record is stored, and only there."""
    return list(old or [])


def _merge_actions(old: Sequence[Json] | None, new: Sequence[Json]) -> list[Json]:
    merged = carry_undo(old or [], merge_outcomes(old or [], new))
    return keep_undone(old or [], new, merged)


def _merge_joined(old: Sequence[Json] | None, new: Sequence[Json]) -> list[Json]:
    every = {item["case_id"]: item for item in (*new, *(old or []))}
    return sorted(every.values(), key=lambda item: str(item["at"]))[:MOST_JOINED]


def _merge_campaign(old: Sequence[Json] | None, new: Sequence[Json]) -> list[Json]:
    latest = {item["account"]: item for item in sorted((*(old or []), *new), key=_by_time)}
    return sorted(latest.values(), key=_by_time)[-MOST_CAMPAIGN:]


def _by_time(item: Json) -> tuple[str, str]:
    return str(item["opened_at"]), str(item["case_id"])


def _merge_count(old: int | None, new: int) -> int:
    return max(old or 0, new)


_MERGES: dict[str, Any] = {
    "campaign": _merge_campaign,
    "campaign_count": _merge_count,
    "joined": _merge_joined,
    "account": _merge_keys,
    "incident": _merge_keys,
    "sla": merge_sla,
    "links": _merge_keys,
    "blocks": _merge_blocks,
    "actions": _merge_actions,
    "undos": merge_undos,
    "timeline": _merge_timeline,
    "events": _keep_events,
}


def with_notification_inputs(record: Json) -> Json:
    """Return the record with the inputs of ``Incident_Creation_Notification`` from its blocks.

    What the ticket is made of is known only once the other blocks are there.
    """
    blocks: dict[str, Json] = record["blocks"]
    known: Json = {}
    for name in BLOCK_OUTPUTS:
        if name is not BlockName.NOTIFICATION and name in blocks:
            fields = blocks[name]["inputs"] | blocks[name]["outputs"]
            known |= {key: value for key, value in fields.items() if value is not None}
    notification = blocks[BlockName.NOTIFICATION]
    inputs = {name: known.get(name) for name in BLOCK_INPUTS[BlockName.NOTIFICATION]}
    return record | {"blocks": blocks | {BlockName.NOTIFICATION: notification | {"inputs": inputs}}}
