import asyncio
import gzip
import hashlib
import json
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import (
    Conflict,
    NotConfigured,
    NotFound,
    PermanentError,
    RetryableError,
    Unauthenticated,
)
from shared.models.base import Json
from shared.models.evidence import COLLECTOR
from shared.models.message import EvidenceItem
from shared.providers.blob import BlobEvidenceStore
from shared.providers.blob.container import BLOCK_BYTES
from shared.providers.blob.evidence import READ_BYTES
from shared.settings import Settings
from tests.support.ports import free_port

START, END = datetime(2026, 11, 17, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def store(make_settings: Callable[..., Settings], azurite: str) -> BlobEvidenceStore:
    container = f"evidence-{uuid.uuid4().hex[:12]}"
    return BlobEvidenceStore(make_settings(blob_url=azurite, evidence_container=container))


async def put(
    store: BlobEvidenceStore, content: bytes, name: str = "incident.json"
) -> EvidenceItem:
    return await store.put(
        "case-1", name, content, content_type="application/json", source="Sentinel, ünicode"
    )


async def put_rows(
    store: BlobEvidenceStore, *pages: list[Json], start: datetime = START, end: datetime = END
) -> EvidenceItem:
    writer = store.write_rows(
        "case-1",
        "signins.jsonl.gz",
        source="SigninLogs",
        query="SigninLogs\n| take 10",
        start=start,
    )
    for page in pages:
        await writer.write(page)
    return await writer.commit(end=end)


async def test_an_item_is_kept_as_it_is_with_its_hash(store: BlobEvidenceStore) -> None:
    content = b'{"id": 1}'
    item = await put(store, content)
    assert item.sha256 == hashlib.sha256(content).hexdigest()
    assert (item.name, item.size, item.source) == ("incident.json", 9, "Sentinel, ünicode")
    assert item.url.endswith("/case-1/incident.json")
    assert await store.get("case-1", "incident.json") == content


async def test_the_same_again_is_the_same_item(store: BlobEvidenceStore) -> None:
    first = await put(store, b"one")
    assert await put(store, b"one") == first


async def test_other_content_is_stored_beside_never_over(store: BlobEvidenceStore) -> None:
    await put(store, b"one")
    second = await put(store, b"two")
    digest = hashlib.sha256(b"two").hexdigest()[:16]
    assert second.name == f"incident-{digest}.json"
    assert await store.get("case-1", "incident.json") == b"one"
    assert await store.get("case-1", second.name) == b"two"
    assert (await put(store, b"two")).name == second.name


async def test_two_at_once_both_keep_theirs(store: BlobEvidenceStore) -> None:
    items = await asyncio.gather(*(put(store, f"{n}".encode()) for n in range(4)))
    assert len({item.name for item in items}) == 4


async def test_rows_are_gzip_json_lines_and_reproducible(store: BlobEvidenceStore) -> None:
    rows: list[Json] = [
        {"TimeGenerated": "2026-11-20T12:00:00Z", "Location": "São Paulo", "n": 1, "x": None},
        {"TimeGenerated": datetime(2026, 11, 20, tzinfo=UTC), "score": float("nan")},
    ]
    item = await put_rows(store, rows)
    packed = await store.get("case-1", "signins.jsonl.gz")
    assert hashlib.sha256(packed).hexdigest() == item.sha256
    lines = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert lines[0] == rows[0]
    assert lines[1] == {"TimeGenerated": "2026-11-20T00:00:00Z", "score": "NaN"}
    assert (item.rows, item.query, item.time_range) == (2, "SigninLogs\n| take 10", (START, END))
    assert (await put_rows(store, rows)).name == item.name


async def test_no_rows_are_evidence_too(store: BlobEvidenceStore) -> None:
    item = await put_rows(store, [])
    assert item.rows == 0
    assert gzip.decompress(await store.get("case-1", item.name)) == b""


def incompressible(count: int) -> list[Json]:
    """Rows of a kilobyte each that do not get smaller."""
    draw = random.Random(1)
    return [{"n": n, "text": draw.randbytes(500).hex()} for n in range(count)]


async def test_many_blocks_are_one_item_in_order(store: BlobEvidenceStore) -> None:
    rows = incompressible(9_000)
    item = await put_rows(store, rows[:5_000], rows[5_000:])
    assert item.size > 3 * BLOCK_BYTES
    packed = await store.get("case-1", item.name)
    assert (len(packed), hashlib.sha256(packed).hexdigest()) == (item.size, item.sha256)
    assert [json.loads(line) for line in gzip.decompress(packed).splitlines()] == rows
    parts = [part async for part in store.read("case-1", item.name)]
    assert b"".join(parts) == packed
    assert max(map(len, parts)) <= READ_BYTES and len(parts) > 1


@pytest.mark.parametrize("count", [1, 4_000])
async def test_of_two_writers_the_first_to_finish_makes_the_item(
    store: BlobEvidenceStore, count: int
) -> None:
    rows = incompressible(count)
    late = store.write_rows(
        "case-1", "signins.jsonl.gz", source="SigninLogs", query="q", start=START
    )
    await late.write(rows)
    middle = START + (END - START) / 2
    first = await put_rows(store, rows, end=middle)
    given = await late.commit(end=END)
    assert (given.sha256, given.time_range) == (first.sha256, (START, middle))
    packed = await store.get("case-1", first.name)
    assert hashlib.sha256(packed).hexdigest() == first.sha256


async def test_a_writer_that_died_leaves_nothing(store: BlobEvidenceStore) -> None:
    dead = store.write_rows("case-1", "signins.jsonl.gz", source="s", query="q", start=START)
    await dead.write(incompressible(4_000))
    assert [item.name for item in await store.list_items("case-1")] == []
    item = await put_rows(store, [{"n": 1}])
    assert gzip.decompress(await store.get("case-1", item.name)) == b'{"n":1}\n'


async def test_what_is_stored_is_listed_as_it_was_said(
    store: BlobEvidenceStore, azurite: str
) -> None:
    kept = await put(store, b"one")
    rows = await put_rows(store, [{"n": 1}], end=END + timedelta(microseconds=1))
    assert rows.time_range == (START, END + timedelta(microseconds=1)), "to the microsecond"
    assert await store.list_items("case-1") == [
        kept,
        rows.model_copy(update={"query": None}),
    ]
    assert await store.list_items("case-2") == []
    assert kept.collector == rows.collector == COLLECTOR


async def test_with_no_container_nothing_can_be_listed(store: BlobEvidenceStore) -> None:
    with pytest.raises(NotFound):
        await store.list_items("case-1")


async def test_other_content_can_be_refused(store: BlobEvidenceStore) -> None:
    await put(store, b"one", "manifest.json")
    with pytest.raises(Conflict):
        await store.put(
            "case-1", "manifest.json", b"two", content_type="a/b", source="s", beside=False
        )
    assert [item.name for item in await store.list_items("case-1")] == ["manifest.json"]


async def test_megabytes_pass(store: BlobEvidenceStore) -> None:
    content = b"x" * 12_000_000
    await put(store, content)
    assert await store.get("case-1", "incident.json") == content


async def test_what_is_not_there_is_not_found(store: BlobEvidenceStore) -> None:
    with pytest.raises(NotFound):
        await store.get("case-1", "incident.json")
    await put(store, b"one")
    with pytest.raises(NotFound):
        await store.get("case-2", "incident.json")


@pytest.mark.parametrize("name", ["", "../case-2/x", "/x", "a//b", "a/../b", "a b", "a\\b", "ø"])
async def test_a_name_cannot_leave_its_case(store: BlobEvidenceStore, name: str) -> None:
    with pytest.raises(PermanentError, match="not a name"):
        await put(store, b"one", name)


async def test_a_folder_may_be_part_of_a_name(store: BlobEvidenceStore) -> None:
    assert (await put(store, b"one", "logs/edr.json")).name == "logs/edr.json"
    assert (await put(store, b"two", "logs/edr.json")).name.startswith("logs/edr-")


async def test_no_account_is_not_configured(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(NotConfigured, match="TOURNIQUET_BLOB_URL"):
        await put(BlobEvidenceStore(make_settings(blob_url=None)), b"one")
    with pytest.raises(NotConfigured, match="https"):
        await put(BlobEvidenceStore(make_settings(blob_url="http://127.0.0.1:1/a")), b"one")


async def test_no_server_is_for_later(make_settings: Callable[..., Settings]) -> None:
    port = free_port()
    settings = make_settings(blob_url=f"https://127.0.0.1:{port}/a", call_attempts=1)
    with pytest.raises(RetryableError):
        await put(BlobEvidenceStore(settings), b"one")


async def test_a_refused_identity_is_denied(
    make_settings: Callable[..., Settings], azurite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong-secret-value")
    with pytest.raises(Unauthenticated) as raised:
        await put(BlobEvidenceStore(make_settings(blob_url=azurite)), b"one")
    assert "wrong-secret-value" not in raised.value.describe()
