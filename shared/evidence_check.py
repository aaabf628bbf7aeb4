"""Checking the evidence of a case against its manifest, and the manifest against the record.

Everything is read through and hashed again; what is altered, missing or added is named. What makes
the newest manifest trustworthy lies outside of the store of evidence: its hash in the case record
and in the ticket. Each earlier one is named, with its hash, by the one after it.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.errors import NotFound
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import (
    EvidenceCheck,
    Finding,
    Manifest,
    State,
    chain_head,
    first_broken,
    is_last_seal,
    is_manifest,
    manifest_name,
    revision_of,
)
from shared.models.message import EvidenceItem
from shared.ports import EvidenceReader

AT_ONCE = 4
"""Items that are read through at the same time."""


@dataclass(frozen=True)
class Anchor:
    """What is known of the evidence elsewhere than in its own store."""

    manifest: str | None = None
    """Name of the newest manifest, as the case record has it."""
    manifest_sha256: str | None = None
    """Its hash, likewise."""
    ticket_sha256: str | None = None
    """Hash of a manifest, as the ticket has it."""
    events: list[Json] | None = None
    """The case's events as the record has them."""
    run: str = ""
    """The run of the case that writes the record now."""


@dataclass
class _Read:
    """The manifests of a case as they were read."""

    hashes: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def anchor_of(record: Json) -> Anchor:
    """Return what a case record knows of its evidence."""
    block = record["blocks"].get(BlockName.EVIDENCE) or {}
    manifest = (block.get("details") or {}).get("manifest") or {}
    return Anchor(
        manifest=manifest.get("name"),
        manifest_sha256=manifest.get("sha256"),
        events=record.get("events") or [],
        run=record.get("run") or "",
    )


async def check_evidence(store: EvidenceReader, case_id: str, anchor: Anchor) -> EvidenceCheck:
    """Read everything that is kept about a case and compare it with its manifest.

    Memory is bounded however large the items are.

    Raises:
        TourniquetError: the store cannot be read; nothing is known then.
    """
    try:
        stored = {item.name: item for item in await store.list_items(case_id)}
    except NotFound:
        stored = {}
    names = sorted(filter(is_manifest, stored), key=revision_of)
    if not names:
        return _without_manifest(case_id, anchor)
    read = await _read_manifests(store, case_id, names)
    newest = _judge_manifests(read, names, anchor)
    read.findings += _unvouched(read, newest, anchor)
    if newest is None:
        return EvidenceCheck(case_id=case_id, findings=read.findings)
    manifest = read.manifests[newest]
    ended = any(is_last_seal(one.why, anchor.run) for one in read.manifests.values())
    gate = asyncio.Semaphore(AT_ONCE)

    async def check(item: EvidenceItem) -> Finding:
        async with gate:
            return await _check_item(store, case_id, item, stored.get(item.name))

    async def check_unlisted(item: EvidenceItem) -> Finding:
        async with gate:
            return await _check_unlisted(store, case_id, manifest, item, ended=ended)

    listed = {item.name for item in manifest.items}
    others = [
        one for one in stored.values() if one.name not in listed and not is_manifest(one.name)
    ]
    findings = read.findings + list(await asyncio.gather(*map(check, manifest.items)))
    findings += await asyncio.gather(*map(check_unlisted, others))
    findings += await _check_events(store, case_id, manifest, anchor)
    return EvidenceCheck(
        case_id=case_id,
        manifest=newest,
        manifest_sha256=read.hashes[newest],
        revision=manifest.revision,
        made_at=manifest.made_at,
        not_collected=manifest.missing,
        findings=findings,
    )


def _without_manifest(case_id: str, anchor: Anchor) -> EvidenceCheck:
    name = anchor.manifest or manifest_name(1)
    finding = Finding(name=name, state=State.MISSING, detail="there is no manifest at all")
    return EvidenceCheck(case_id=case_id, findings=[finding])


async def _read_manifests(store: EvidenceReader, case_id: str, names: list[str]) -> _Read:
    read = _Read()
    for name in names:
        content = await store.get(case_id, name)
        read.hashes[name] = hashlib.sha256(content).hexdigest()
        try:
            manifest = Manifest.model_validate_json(content)
        except ValidationError:
            read.findings.append(_altered(name, "it cannot be read as a manifest"))
            continue
        if manifest.case_id != case_id or manifest.revision != revision_of(name):
            read.findings.append(_altered(name, "it is the manifest of something else"))
            continue
        read.manifests[name] = manifest
    return read


def _judge_manifests(read: _Read, names: list[str], anchor: Anchor) -> str | None:
    """Find what is wrong with the manifests; return the newest that is what it was."""
    top = revision_of(names[-1])
    if anchor.manifest is not None:
        top = _judge_newest(read, names, anchor, anchor.manifest)
    genuine: list[str] = []
    expected: str | None = None
    for number in range(top, 0, -1):
        name = manifest_name(number)
        manifest = read.manifests.get(name)
        if name not in read.hashes:
            detail = "later manifests build on it"
            read.findings.append(Finding(name=name, state=State.MISSING, detail=detail))
        elif expected not in (None, read.hashes[name]):
            read.findings.append(_altered(name, "its SHA-256 is not what the next one says"))
            manifest = None
        elif manifest is not None:
            read.findings.append(Finding(name=name, state=State.OK, sha256=read.hashes[name]))
            genuine.append(name)
        expected = manifest.previous.sha256 if manifest and manifest.previous else None
    if anchor.ticket_sha256 and anchor.ticket_sha256 not in {read.hashes[one] for one in genuine}:
        detail = f"no manifest has the SHA-256 {anchor.ticket_sha256}"
        name = "manifest named in the ticket"
        read.findings.append(Finding(name=name, state=State.MISSING, detail=detail))
    return genuine[0] if genuine else None


def _unvouched(read: _Read, newest: str | None, anchor: Anchor) -> list[Finding]:
    """Say so when the record was read and neither it nor the ticket vouches for the newest."""
    if anchor.events is None or anchor.manifest is not None or newest is None:
        return []
    if anchor.ticket_sha256 == read.hashes[newest]:
        return []
    detail = f"the case record names none, so that nothing vouches for {newest}"
    return [Finding(name="manifest named in the case record", state=State.MISSING, detail=detail)]


def _judge_newest(read: _Read, names: list[str], anchor: Anchor, newest: str) -> int:
    """Compare the newest manifest with what is said of it elsewhere.

    Returns the revision of the newest that can be believed, if all before it are in order.
    """
    revision = revision_of(newest)
    for name in names:
        if revision_of(name) > revision:
            detail = f"the case record names {newest} as the newest"
            read.findings.append(Finding(name=name, state=State.ADDED, detail=detail))
    if newest not in read.hashes:
        detail = "the case record names it as the newest"
        read.findings.append(Finding(name=newest, state=State.MISSING, detail=detail))
    elif read.hashes[newest] != anchor.manifest_sha256:
        read.findings.append(_altered(newest, "its SHA-256 is not what the case record says"))
    else:
        return revision
    return revision - 1


async def _check_item(
    store: EvidenceReader, case_id: str, item: EvidenceItem, stored: EvidenceItem | None
) -> Finding:
    if stored is None:
        detail = f"{item.size} bytes from {item.source} were kept"
        return Finding(name=item.name, state=State.MISSING, detail=detail, sha256=item.sha256)
    digest, size = hashlib.sha256(), 0
    try:
        async for part in store.read(case_id, item.name):
            digest.update(part)
            size += len(part)
    except NotFound:
        return Finding(name=item.name, state=State.MISSING, detail="it went away just now")
    if digest.hexdigest() == item.sha256 and size == item.size:
        return Finding(name=item.name, state=State.OK, sha256=item.sha256)
    detail = (
        f"{size} bytes, SHA-256 {digest.hexdigest()}; kept were {item.size} bytes, {item.sha256}"
    )
    return _altered(item.name, detail)


async def _check_unlisted(
    store: EvidenceReader, case_id: str, manifest: Manifest, item: EvidenceItem, *, ended: bool
) -> Finding:
    """Tell what the case kept since its newest manifest from what somebody put there.

    After the end of the watch nothing is kept without a manifest at once. Before, only who can
    write to the store can make something look as if the case had kept it; it is named all the
    same.
    """
    detail = f"not in {manifest_name(manifest.revision)}"
    if item.sha256 and not ended:
        found = await _check_item(store, case_id, item, item)
        if found.state is State.OK:
            since = f"{detail}: kept by the case since"
            return found.model_copy(update={"state": State.UNSEALED, "detail": since})
    return Finding(name=item.name, state=State.ADDED, detail=f"{detail}: somebody put it there")


async def _check_events(
    store: EvidenceReader, case_id: str, manifest: Manifest, anchor: Anchor
) -> list[Finding]:
    """Check the chain that is kept, and the record's, which may have grown since."""
    findings = []
    name = manifest.events.item
    try:
        kept = [json.loads(line) for line in (await store.get(case_id, name)).splitlines()]
        broken = first_broken(kept)
        head = chain_head(kept, name)
    except (NotFound, ValueError, TypeError, KeyError):
        # Said of the item already, by its hash.
        kept, broken, head = [], None, manifest.events
    if broken is not None:
        findings.append(_altered(name, f"event {broken} does not fit the one before it"))
    elif head != manifest.events:
        findings.append(_altered(name, "its last event is not the manifest's"))
    if anchor.events is not None:
        findings.append(_check_record(anchor.events, manifest))
    return findings


def _check_record(events: list[Json], manifest: Manifest) -> Finding:
    name = "events of the case record"
    broken = first_broken(events)
    count = manifest.events.count
    if broken is not None:
        return _altered(name, f"event {broken} does not fit the one before it")
    if len(events) < count:
        return _altered(name, f"{count} events were sealed, {len(events)} are there")
    if count and events[count - 1]["sha256"] != manifest.events.head:
        return _altered(name, f"the first {count} events are not those that were sealed")
    return Finding(name=name, state=State.OK, detail=f"{len(events)} events, {count} sealed")


def _altered(name: str, detail: str) -> Finding:
    return Finding(name=name, state=State.ALTERED, detail=detail)
