"""Keeping the evidence: the block ``Evidence_Preservation``."""

import json
from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from activities.support import gather_parts, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, TourniquetError
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.message import EvidenceItem
from shared.playbook.acting.evidence import (
    EXPORTS,
    OKTA_EXPORTS,
    RECEIVED,
    EvidenceExport,
    evidence_block,
    query_parameters,
)
from shared.ports import EvidenceStore, Siem
from shared.settings import get_settings


async def preserve_evidence(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Export the logs about the account and its addresses, with a manifest of hashes.

    Input: ``{"case": CaseRequest, "user_principal_name"}``; output ``{"block"}``. The window is
    the look-back before the case's "now". A source that fails is listed with what to do by hand.

    Effect: blobs under ``<case_id>/`` in the evidence container; none is ever overwritten.
    Idempotency: the same rows under the same name are stored once.
    Permission: Log Analytics Reader; Storage Blob Data Contributor on the evidence container.
    """
    case = CaseRequest.model_validate(payload["case"])
    name = payload.get("user_principal_name")
    started = utc_now()
    providers = get_providers()
    start, end = case.now - timedelta(hours=get_settings().look_back_hours), case.now
    try:
        store, siem = providers.require("evidence"), providers.require("siem")
    except NotConfigured as error:
        block = evidence_block(
            case, user_principal_name=name, items=[], manifest=None, notes=[error.describe()]
        )
        return {"block": block}
    exporter = _Exporter(case, store, siem, query_parameters(case, name), start, end)
    settings = get_settings()
    okta = (OKTA_EXPORTS[settings.okta_log_table],) if settings.okta_url else ()
    exports = (*EXPORTS, *okta)
    parts = await gather_parts({export.table: exporter.run(export) for export in exports})
    notes = [f"not exported, collect by hand: {note}" for note in parts.notes]
    items: list[tuple[EvidenceExport, EvidenceItem]] = []
    for export in exports:
        if export.table in parts.results:
            item, partial = parts.results[export.table]
            items.append((export, item))
            notes += [f"{export.table}: partial, {partial}"] if partial else []
    received = await gather_parts({RECEIVED: _received(store, case.case_id)})
    notes += [f"not kept as received: {note}" for note in received.notes]
    kept = [*received.results.values(), *(item for _export, item in items)]
    manifest = await _write_manifest(store, case, kept, notes)
    block = evidence_block(
        case, user_principal_name=name, items=items, manifest=manifest, notes=notes
    )
    stamps = {"started_at": started, "finished_at": utc_now()}
    return {"block": block | {key: value.isoformat() for key, value in stamps.items()}}


class _Exporter:
    """Runs one export after another against the same case, window and values."""

    def __init__(
        self,
        case: CaseRequest,
        store: EvidenceStore,
        siem: Siem,
        parameters: Json,
        start: datetime,
        end: datetime,
    ) -> None:
        self._case, self._store, self._siem = case, store, siem
        self._parameters, self._start, self._end = parameters, start, end

    async def run(self, export: EvidenceExport) -> tuple[EvidenceItem, str]:
        """Query one table and store its rows; the text says what is missing, if anything."""
        result = await self._siem.run_query(
            export.query, parameters=self._parameters, start=self._start, end=self._end
        )
        item = await self._store.put_rows(
            self._case.case_id,
            export.name,
            result.rows,
            source=export.table,
            query=export.query,
            start=self._start,
            end=self._end,
        )
        return item, result.detail if result.partial else ""


async def _received(store: EvidenceStore, case_id: str) -> EvidenceItem:
    """Return the item that the trigger kept; storing the same bytes again changes nothing."""
    content = await store.get(case_id, RECEIVED)
    return await store.put(
        case_id, RECEIVED, content, content_type="application/json", source="intake"
    )


async def _write_manifest(
    store: EvidenceStore, case: CaseRequest, items: list[EvidenceItem], notes: list[str]
) -> EvidenceItem | None:
    content = {
        "case_id": case.case_id,
        "items": [item.to_json() for item in items],
        "missing": notes,
    }
    try:
        return await store.put(
            case.case_id,
            "manifest.json",
            json.dumps(content, indent=1, sort_keys=True).encode(),
            content_type="application/json",
            source="tourniquet",
        )
    except TourniquetError as error:
        notes.append(f"manifest not written: {error.describe()}")
        return None
