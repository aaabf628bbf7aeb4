"""Keeping the evidence: the block ``Evidence_Preservation``."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from durabletask import task

from activities.evidence_export import TableExport
from activities.record import note_in_record
from activities.support import explain, utc_now
from shared.bootstrap import get_providers
from shared.errors import NotConfigured, PermanentError, RetryableError, Unauthenticated
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.evidence import LeftOut, Missing
from shared.models.message import EvidenceItem
from shared.playbook.acting.evidence import (
    RECEIVED,
    evidence_block,
    missing_export,
    unexported_block,
    without_items,
)
from shared.playbook.acting.exports import (
    AZURE_FIREWALL_EXPORTS,
    EXPORTS,
    OKTA_EXPORTS,
    EvidenceExport,
)
from shared.playbook.acting.exports_by_address import PARAMETER, left_out, with_addresses
from shared.playbook.acting.exports_udm import UDM_EXPORTS, UDM_OKTA
from shared.playbook.acting.subject import query_parameters, why_in_doubt, why_unanswerable
from shared.ports import EvidenceStore, Siem
from shared.settings import Settings, get_settings

AT_ONCE = 3
"""Tables that are exported at the same time: so many pages are in memory."""
STORE = "blob"
"""Name by which errors of the evidence store say where they come from."""


async def preserve_evidence(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Export the logs about the account and its addresses.

    Input: ``{"case": CaseRequest, "user_principal_name", "on_premises_name", "round": 1, "hostile":
    addresses that nothing protects, "spared": {address: why it is not asked by}}``; output
    ``{"block"}``, without a manifest (``seal_evidence`` makes it); the items are left out once the
    record lists them, as they are most of it. The window is the look-back before the case's "now".
    A source that fails is listed with what to do by hand.

    Effect: blobs under ``<case_id>/<run>/`` in the evidence container; none is ever overwritten.
    The block is in the record, if that can be written.
    Idempotency: parts that are stored are not exported again; a run that was interrupted goes on
    behind its last part.
    Permission: Log Analytics Reader, or Chronicle API Editor (``roles/chronicle.editor``); Storage
    Blob Data Contributor on the case container, and on the evidence container, where a role that
    only reads and adds is enough.

    Raises:
        RetryableError: the store does not answer; what is stored by then stays.
        Unauthenticated: our token for the store is refused, or there is none now; the same.
    """
    case = CaseRequest.model_validate(payload["case"])
    name = payload.get("user_principal_name")
    started = utc_now()
    parameters = parameters_of(case, payload)
    items, missing = await _export_all(case, parameters, payload)
    block = evidence_block(
        case,
        user_principal_name=name,
        parameters=parameters,
        items=items,
        missing=missing,
        left_out=_left_out(payload),
    )
    stamps = {"started_at": started, "finished_at": utc_now()}
    block |= {key: value.isoformat() for key, value in stamps.items()}
    if items and await note_in_record(case.case_id, {"blocks": {BlockName.EVIDENCE: block}}):
        block = without_items(block)
    return {"block": block}


async def list_unexported(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Say of every log that it is not among the evidence, why, and how to get it by hand.

    Input: as ``preserve_evidence``, and ``reason``; output ``{"block"}``. For an export that failed
    as a whole, or that goes on while a manifest is made.

    Effect: none.
    Idempotency: a pure function of input and settings.
    Permission: none.
    """
    case = CaseRequest.model_validate(payload["case"])
    settings, reason = get_settings(), str(payload["reason"])
    start, end = case.now - timedelta(hours=settings.look_back_hours), case.now
    exports = exports_of(get_providers().siem, settings, hostile_in(payload))
    missing = [missing_export(export, reason, start, end) for export in exports]
    parameters, left = parameters_of(case, payload), _left_out(payload)
    return {"block": unexported_block(case, parameters, reason, missing, left)}


async def _export_all(
    case: CaseRequest, parameters: Json, payload: Json
) -> tuple[list[EvidenceItem], list[Missing]]:
    settings, providers = get_settings(), get_providers()
    start, end = case.now - timedelta(hours=settings.look_back_hours), case.now
    try:
        store, siem = providers.require("evidence"), providers.require("siem")
    except NotConfigured as error:
        why = error.describe()
        exports = exports_of(providers.siem, settings, hostile_in(payload))
        return [], [missing_export(export, why, start, end) for export in exports]
    exports = exports_of(siem, settings, hostile_in(payload))
    found = await stored(store, case.case_id)
    gate = asyncio.Semaphore(AT_ONCE)

    async def export_one(export: EvidenceExport) -> list[EvidenceItem]:
        async with gate:
            return await TableExport(
                siem,
                store,
                case.case_id,
                export,
                parameters,
                start,
                end,
                folder=folder_of(case.run, int(payload.get("round", 1))),
            ).run(found)

    done = await asyncio.gather(*map(export_one, exports), return_exceptions=True)
    items = [found[RECEIVED]] if RECEIVED in found else []
    missing = [] if items else [_NOT_RECEIVED]
    for export, parts in zip(exports, done, strict=True):
        if isinstance(parts, BaseException):
            raise_if_store_is_away(parts)
            missing.append(missing_export(export, explain(parts), start, end))
            continue
        items += parts
        missing += [
            missing_export(export, f"partial, {part.partial}", start, end)
            for part in parts
            if part.partial
        ]
        asked = ([export.table], export.query, parameters)
        if unknown := why_unanswerable(*asked) or why_in_doubt(*asked):
            missing.append(missing_export(export, unknown, start, end))
    return items, missing


_NOT_RECEIVED = Missing(
    source=RECEIVED,
    reason="the incident was not kept as it was received",
    by_hand="Export the incident with its alerts and entities from the product that sent it.",
)


def parameters_of(case: CaseRequest, payload: Json) -> Json:
    """Return by what the logs are asked: the account's names as the directory told them."""
    name = payload.get("user_principal_name")
    names = query_parameters(case, name, payload.get("on_premises_name", ""))
    return names | {PARAMETER: list(hostile_in(payload)) or ["-"]}


def hostile_in(payload: Json) -> Sequence[str]:
    """Return the addresses by which logs are asked for everybody's rows."""
    return payload.get("hostile") or ()


def folder_of(run: str, number: int = 1) -> str:
    """Return the folder of what one round of one run of a case exports, with a slash at its end.

    A run that follows another under the same id takes none of that one's parts for its own.
    """
    whole = f"{run}/" if run else ""
    return f"{whole}{number}/" if number > 1 else whole


def exports_of(
    siem: Siem | None, settings: Settings, hostile: Sequence[str] = ()
) -> tuple[EvidenceExport, ...]:
    """Return the logs that are kept, as they are asked for where they are."""
    return tuple(with_addresses(_by_account(siem, settings), hostile))


def _left_out(payload: Json) -> list[LeftOut]:
    by_account = _by_account(get_providers().siem, get_settings())
    return left_out(by_account, hostile_in(payload), payload.get("spared") or {})


def _by_account(siem: Siem | None, settings: Settings) -> tuple[EvidenceExport, ...]:
    if siem is not None and siem.language == "udm":
        return (*UDM_EXPORTS, UDM_OKTA) if settings.okta_url else UDM_EXPORTS
    okta = (OKTA_EXPORTS[settings.okta_log_table],) if settings.okta_url else ()
    azure_firewall = AZURE_FIREWALL_EXPORTS if settings.firewall_ip_group_id else ()
    return (*EXPORTS, *azure_firewall, *okta)


async def stored(store: EvidenceStore, case_id: str) -> dict[str, EvidenceItem]:
    """Return what is stored about the case by name; nothing when there is no container yet.

    A store that refuses for good is found out by each export, which then says so.

    Raises:
        RetryableError: the store does not answer.
        Unauthenticated: our token for the store is refused, or there is none now.
    """
    try:
        return {item.name: item for item in await store.list_items(case_id)}
    except Unauthenticated:
        raise
    except PermanentError:
        return {}


def raise_if_store_is_away(error: BaseException) -> None:
    """Let the whole activity be tried again when the store, not a source, was away."""
    if isinstance(error, asyncio.CancelledError) or (
        isinstance(error, RetryableError | Unauthenticated) and error.vendor == STORE
    ):
        raise error
