"""The block ``Evidence_Preservation``: what was kept of which log, and what was not."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from shared.models.base import Json
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.case import CaseRequest
from shared.models.evidence import NO_ADDRESS_AT_ALL, LeftOut, Missing
from shared.models.message import EvidenceItem
from shared.playbook.acting.exports import (
    AZURE_FIREWALL_EXPORTS,
    EXPORTS,
    OKTA_EXPORTS,
    EvidenceExport,
)
from shared.playbook.acting.exports_by_address import IN_NAME
from shared.playbook.acting.exports_udm import UDM_EXPORTS, UDM_OKTA

NOT_SEALED = "no manifest of the evidence"
STILL_EXPORTING = "still being exported"
"""Why a log is missing in a manifest that is made while its export goes on."""
SEALED = ("manifest", "items", "events", "counted")
"""What the block's details say of the newest manifest."""
RECEIVED = "incident-as-received.json"
"""The incident as it arrived: written by the trigger before the case starts."""


_MAIN_EXPORT = {
    "exported_ad_logs_link": "SigninLogs",
    "exported_firewall_logs_link": "CommonSecurityLog",
    "exported_edr_logs_link": "DeviceLogonEvents",
}
"""The export that a link of the seed's block leads to; another when it was not kept or is empty."""
_ALL_EXPORTS = (
    *EXPORTS,
    *AZURE_FIREWALL_EXPORTS,
    *OKTA_EXPORTS.values(),
    *UDM_EXPORTS,
    UDM_OKTA,
)


def missing_export(export: EvidenceExport, reason: str, start: datetime, end: datetime) -> Missing:
    """Return the line of a source that could not be exported, or not whole."""
    return Missing(
        source=export.source,
        reason=reason,
        by_hand=export.by_hand(start, end),
    )


def evidence_block(
    case: CaseRequest,
    *,
    user_principal_name: str | None,
    parameters: Json,
    items: list[EvidenceItem],
    missing: list[Missing],
    left_out: Sequence[LeftOut] = (),
) -> Json:
    """Return the block ``Evidence_Preservation`` before it is sealed: no manifest yet."""
    lines = [_missing_line(one) for one in missing]
    empty = [item.source for item in items if item.rows == 0]
    if any(item.name != RECEIVED for item in items):
        status = BlockStatus.PARTIAL if lines else BlockStatus.COMPLETE
    else:
        status = BlockStatus.FAILED
    login_time = case.to_json()["successful_login_time"]
    return make_block(
        BlockName.EVIDENCE,
        status,
        inputs={
            "user_id": case.account.user_id if case.account else None,
            "successful_login_ip": case.successful_login_ip,
            "successful_login_time": login_time,
            "detection_time_window": case.detection_time_window_minutes,
            "user_principal_name": user_principal_name,
        },
        outputs=_links(items),
        notes=[
            *lines,
            *([f"exported, 0 rows: {', '.join(empty)}"] if empty else []),
            *_left_out_notes(left_out),
        ],
        details={
            "items": [item.to_json() for item in items],
            "missing": [one.to_json() for one in missing],
            "left_out": [one.to_json() for one in left_out],
            "parameters": parameters,
            "counted": counted(item.to_json() for item in items),
            "manifest": None,
        },
    ).block.to_json()


def unexported_block(
    case: CaseRequest,
    parameters: Json,
    reason: str,
    missing: list[Missing],
    left_out: Sequence[LeftOut] = (),
) -> Json:
    """Return the block when there are no logs: none could be exported, or they still are.

    Args:
        case: the case.
        parameters: by what the logs are to be asked.
        reason: why; ``STILL_EXPORTING`` when the hand-over does not wait for it.
        missing: a line for each log.
        left_out: what is left out whatever becomes of the logs.
    """
    note = f"evidence was not collected, collect the logs by hand: {reason}"
    if reason == STILL_EXPORTING:
        note = "the logs are still being exported; they are complete when the case is closed"
    return make_block(
        BlockName.EVIDENCE,
        BlockStatus.PARTIAL if reason == STILL_EXPORTING else BlockStatus.FAILED,
        inputs={
            "user_id": case.account.user_id if case.account else None,
            "successful_login_ip": case.successful_login_ip,
            "detection_time_window": case.detection_time_window_minutes,
        },
        notes=[note, *map(_missing_line, missing), *_left_out_notes(left_out)],
        details={
            "missing": [one.to_json() for one in missing],
            "left_out": [one.to_json() for one in left_out],
            "parameters": parameters,
        },
    ).block.to_json()


def sealed_block(block: Json, sealed: Json | None, error: str | None) -> Json:
    """Return the patch of the block: its manifest, or the note that there is none.

    It completes the block that is stored, unless that has to say something else now.

    Args:
        block: the block so far.
        sealed: what ``seal_evidence`` returned: ``{"manifest", "items", "events", "counted",
            "missing"}``; ``items`` are those that the record does not list.
        error: why it returned nothing.
    """
    if not sealed or not sealed.get("manifest"):
        why = error or (sealed or {}).get("error") or "no answer"
        status = BlockStatus.PARTIAL if _has_items(block["details"]) else BlockStatus.FAILED
        return block | {"status": status, "notes": [*block["notes"], f"{NOT_SEALED}: {why}"]}
    missing = [_missing_line(Missing.model_validate(one)) for one in sealed["missing"]]
    notes = [note for note in block["notes"] if not note.startswith(NOT_SEALED)]
    notes += [line for line in missing if line not in notes]
    status = block["status"]
    if missing and status == BlockStatus.COMPLETE:
        status = BlockStatus.PARTIAL
    new = sealed_details(sealed)
    if (notes, status) == (block["notes"], block["status"]):
        return {"details": new}
    items = all_items(block["details"].get("items"), new["items"])
    details = block["details"] | new | {"items": items}
    return block | {"notes": notes, "status": status, "details": details}


def sealed_details(sealed: Json) -> Json:
    """Return what the block says of a manifest: the part of it that ``seal_evidence`` returned."""
    return {key: sealed[key] for key in SEALED if key in sealed}


def sealed_line(sealed: Json | None, error: str | None) -> str:
    """Return the event of a seal, or of one that failed."""
    if not sealed:
        return f"evidence not sealed: {error or 'no answer'}"
    manifest = sealed["manifest"]
    return f"evidence sealed: {manifest['name']}, SHA-256 {manifest['sha256']}"


def without_items(block: Json) -> Json:
    """Return the block of an export whose items the record lists; merging keeps them there."""
    details = {key: value for key, value in block["details"].items() if key != "items"}
    return block | {"details": details}


def counted(items: Iterable[Json]) -> dict[str, int]:
    """Return how many items of evidence there are, their rows, and how many of these by address."""
    rows = {item["name"]: item.get("rows") or 0 for item in items}
    by_address = sum(number for name, number in rows.items() if IN_NAME in name)
    return {"items": len(rows), "rows": sum(rows.values()), "by_address": by_address}


def _has_items(details: Json) -> bool:
    return bool(details.get("items") or (details.get("counted") or {}).get("items"))


def all_items(known: Sequence[Json] | None, more: Sequence[Json] | None) -> list[Json]:
    """Return items of evidence by name; what is known of one later counts."""
    every = {item["name"]: item for item in (*(known or ()), *(more or ()))}
    return [every[name] for name in sorted(every)]


def _missing_line(one: Missing) -> str:
    if one.reason == STILL_EXPORTING:
        return f"{STILL_EXPORTING}: {one.source}"
    return f"not exported, collect by hand: {one.source}: {one.reason}"


def _left_out_notes(left_out: Sequence[LeftOut]) -> list[str]:
    """Return one note for each reason why logs were not asked by addresses."""
    reasons: dict[str, list[str]] = {}
    for address, why in {one.address: one.reason for one in left_out}.items():
        reasons.setdefault(why, []).append(address)
    return [
        f"not exported by address{_named(addresses)}: {why}" for why, addresses in reasons.items()
    ]


def _named(addresses: list[str]) -> str:
    return "" if addresses == [NO_ADDRESS_AT_ALL] else f" {', '.join(addresses)}"


def _links(items: list[EvidenceItem]) -> dict[str, str]:
    """Return the links of the seed's block: each to its main export, else to one with rows."""
    first: dict[str, EvidenceItem] = {}
    for item in items:
        first.setdefault(item.source, item)
    links: dict[str, str] = {}
    for output, main in _MAIN_EXPORT.items():
        kept = [
            first[export.table]
            for export in _ALL_EXPORTS
            if export.output == output and export.table in first
        ]
        # A log without rows is no use to whoever follows the link, while another has some.
        kept.sort(key=lambda item: (not item.rows, item.source != main))
        if kept:
            links[output] = kept[0].url
    if items:
        links["evidence_storage_location"] = items[0].url.removesuffix(f"/{items[0].name}")
    return links
