"""kill -9 in the middle of an export to the blob store: it goes on, no row twice, none missing."""

import asyncio
import gzip
import json
import os
import sys
import uuid
from collections.abc import Callable

import pytest

from lab.bench.big_log import BigLog
from shared.errors import NotFound
from shared.models.message import EvidenceItem
from shared.providers.blob import BlobEvidenceStore
from shared.settings import Settings
from tests.contract.export_worker import CASE_ID, ROWS, HalfLog, export, whole_log
from tests.contract.processes import PATIENCE_SECONDS, ROOT

PARTS = 2
"""So many parts are made when the worker dies."""


@pytest.fixture
def store(
    make_settings: Callable[..., Settings], azurite: str, monkeypatch: pytest.MonkeyPatch
) -> BlobEvidenceStore:
    monkeypatch.setenv("TOURNIQUET_BLOB_URL", azurite)
    container = f"evidence-{uuid.uuid4().hex[:12]}"
    return BlobEvidenceStore(make_settings(blob_url=azurite, evidence_container=container))


async def listed(store: BlobEvidenceStore) -> list[EvidenceItem]:
    try:
        return await store.list_items(CASE_ID)
    except NotFound:
        return []


async def killed(store: BlobEvidenceStore, which: str) -> None:
    """Export in a process of its own, and kill it when it has made some parts."""
    before = len(await listed(store))
    command = ("-m", "tests.contract.export_worker", store._container.name, which)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=dict(os.environ)
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(await listed(store)) < before + PARTS:
                assert worker.returncode is None, "the worker ended by itself"
                await asyncio.sleep(0.05)
    finally:
        worker.kill()
        await worker.wait()


async def ids(store: BlobEvidenceStore, parts: list[EvidenceItem]) -> list[int]:
    packed = [await store.get(CASE_ID, part.name) for part in parts]
    return [json.loads(line)["Id"] for one in packed for line in gzip.decompress(one).splitlines()]


async def goes_on(store: BlobEvidenceStore, log: BigLog, *, late: bool) -> list[int]:
    """Export again in this process; return the rows of all parts of the pass."""
    kept = {item.name: item.sha256 for item in await listed(store)}
    parts = await export(store, log, late=late)
    now = {item.name: item.sha256 for item in await listed(store)}
    assert kept.items() <= now.items() and len(now) > len(kept)
    return await ids(store, parts)


async def test_both_passes_go_on_behind_what_a_killed_worker_made(store: BlobEvidenceStore) -> None:
    await killed(store, "first")
    first = await goes_on(store, HalfLog(), late=False)
    assert first == sorted(set(first)) and set(first) < set(range(0, ROWS, 2))
    await killed(store, "late")
    late = await goes_on(store, whole_log(), late=True)
    assert late == sorted(set(late)), "in order, none twice"
    assert sorted(first + late) == list(range(ROWS)), "none missing, none in both"
    assert {int(one) % 2 for one in late} == {0, 1}, "what came late, and what happened since"
