"""Sealing the evidence: what the case itself knows, and the manifest over everything."""

import asyncio
import json
import logging
from collections.abc import Container, Iterable, Sequence
from itertools import count
from typing import Any

from durabletask import task
from pydantic import ValidationError

from activities.record import note_in_record
from activities.support import explain
from shared.bootstrap import get_providers
from shared.errors import (
    Conflict,
    NotConfigured,
    PermanentError,
    RetryableError,
    Unauthenticated,
)
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import (
    EVENTS,
    LeftOut,
    Manifest,
    ManifestReference,
    Missing,
    chain_head,
    is_manifest,
    manifest_name,
    revision_of,
)
from shared.models.message import EvidenceItem
from shared.playbook.acting.evidence import counted, sealed_block, sealed_details, sealed_line
from shared.playbook.acting.sealing import case_documents, unkept_answers, with_items
from shared.ports import EvidenceStore

_log = logging.getLogger("tourniquet.activities")
SOURCE = "tourniquet"
TRIES = 3
"""How often another manifest of the same revision may be made under our eyes."""
_JSON = "application/json"


async def seal_evidence(_: task.ActivityContext, payload: dict[str, Any]) -> dict[str, Any]:
    """Keep what the case knows of itself, and write the manifest that lists all evidence.

    Input: ``{"case_id", "why", "at"}``; ``why`` names what had happened and the try that asks;
    with ``missing`` true what the manifest misses is noted in the block, too. Output:
    ``{"manifest": EvidenceItem, "items", "missing", "events", "counted", "stored"}``, of the items
    those that the record does not list; ``stored``: the record says all that, and when. From a
    store that refuses for good, which is not worth another try, ``{"manifest": None, "error"}``.

    What is kept: the facts that the decision was made from, verdict and plan, the decision, the
    actions with what was there before, and the case's events as a chain. Everything else that lies
    in the case's folder is listed, too.

    Effect: blobs under ``<case_id>/`` in the evidence container; none is ever overwritten. The
    record names the manifest, if it can be written.
    Idempotency: a manifest that was made for the same ``why`` is returned again, and merging the
    same into the record changes nothing.
    Permission: Storage Blob Data Contributor on the case container; on the evidence container a
    role that reads and adds is enough.

    Raises:
        RetryableError: the store or the case record cannot be read or written now.
        Unauthenticated: our token is refused, or there is none now.
    """
    try:
        return await _try_to_seal(payload)
    except Unauthenticated:
        raise
    except (NotConfigured, PermanentError) as error:
        return {"manifest": None, "error": explain(error)}


async def _try_to_seal(payload: dict[str, Any]) -> Json:
    providers = get_providers()
    store, cases = providers.require("evidence"), providers.require("cases")
    found = await cases.load(payload["case_id"])
    if found is None:
        raise RetryableError("the case record is not there yet", operation="seal_evidence")
    for _try in range(TRIES):
        try:
            sealed = await _seal(store, found[0], str(payload["why"]), str(payload["at"]))
        except Conflict:
            continue
        return await _tell_record(payload, found[0]["blocks"][BlockName.EVIDENCE], sealed)
    raise RetryableError("other manifests were always faster", operation="seal_evidence")


async def _tell_record(payload: dict[str, Any], block: Json, sealed: Json) -> Json:
    """Write into the record what was sealed; what it lists then need not be returned."""
    patch = sealed_details(sealed)
    new = sealed_block(block, sealed, None) if payload.get("missing") else {"details": patch}
    event = {"at": payload["at"], "event": sealed_line(sealed, None)}
    wanted = {"blocks": {BlockName.EVIDENCE: new}, "timeline": [event]}
    if not await note_in_record(payload["case_id"], wanted):
        return sealed | {"stored": False}
    return sealed | {"items": [], "stored": True}


async def _seal(store: EvidenceStore, record: Json, why: str, at: str) -> Json:
    case_id = record["case_id"]
    stored = {item.name: item for item in await store.list_items(case_id)}
    before = await _newest(store, case_id, stored)
    newest = None if before is None else manifest_name(before.revision)
    details = record["blocks"][BlockName.EVIDENCE]["details"]
    listed: list[Json] = details.get("items") or []
    if newest is not None and before is not None and before.why == why:
        return _answer(stored[newest], before, listed)
    own = await _keep_documents(store, record)
    exported = [EvidenceItem.model_validate(one) for one in (*listed, *details.get("late", []))]
    missing = [*details.get("missing", []), *details.get("late_missing", [])]
    earlier = before.items if before else []
    revision = _next_revision(before, stored)
    manifest = Manifest(
        case_id=case_id,
        revision=revision,
        why=why,
        made_at=at,  # type: ignore[arg-type] # parsed by the model
        previous=ManifestReference(name=newest, sha256=stored[newest].sha256) if newest else None,
        parameters=details.get("parameters", {}),
        items=with_items(earlier, exported, list(own.values()), _with_hash(stored.values())),
        left_out=[LeftOut.model_validate(one) for one in details.get("left_out", [])],
        missing=[*(Missing.model_validate(one) for one in missing), *unkept_answers(record)],
        events=chain_head(record["events"], own[EVENTS].name),
    )
    content = manifest.model_dump_json(indent=1).encode()
    item = await store.put(
        case_id,
        manifest_name(revision),
        content,
        content_type=_JSON,
        source=SOURCE,
        beside=False,
    )
    return _answer(item, manifest, listed)


async def _keep_documents(store: EvidenceStore, record: Json) -> dict[str, EvidenceItem]:
    """Keep the case's own documents; return each by the name that it was to have."""

    async def keep(name: str, document: Any) -> EvidenceItem:
        content = _lines(document) if name == EVENTS else _pretty(document)
        case_id = record["case_id"]
        return await store.put(case_id, name, content, content_type=_JSON, source=SOURCE)

    documents = case_documents(record)
    kept = await asyncio.gather(*(keep(name, one) for name, one in documents.items()))
    return dict(zip(documents, kept, strict=True))


def _lines(events: list[Json]) -> bytes:
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in events)


def _pretty(document: Json) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True).encode()


def _with_hash(stored: Iterable[EvidenceItem]) -> list[EvidenceItem]:
    """Leave out what was not stored by us: nobody can say what it is."""
    return [item for item in stored if item.sha256]


async def _newest(store: EvidenceStore, case_id: str, stored: Iterable[str]) -> Manifest | None:
    """The newest manifest of this case; what else bears such a name is left to the check."""
    for name in sorted(filter(is_manifest, stored), key=revision_of, reverse=True):
        try:
            manifest = Manifest.model_validate_json(await store.get(case_id, name))
        except ValidationError:
            _log.warning("%s of %s cannot be read as a manifest", name, case_id)
            continue
        if (manifest.case_id, manifest.revision) == (case_id, revision_of(name)):
            return manifest
    return None


def _next_revision(before: Manifest | None, stored: Container[str]) -> int:
    """The first number after the newest manifest's that nobody has taken."""
    first = 1 if before is None else before.revision + 1
    return next(number for number in count(first) if manifest_name(number) not in stored)


def _answer(item: EvidenceItem, manifest: Manifest, listed: Sequence[Json]) -> Json:
    content = manifest.to_json()
    known = {one["name"] for one in listed}
    kept = {key: content[key] for key in ("missing", "events")}
    kept["items"] = [one for one in content["items"] if one["name"] not in known]
    kept["counted"] = counted(content["items"])
    return kept | {"manifest": item.to_json() | {"revision": manifest.revision}}
