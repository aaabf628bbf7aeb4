"""Exports of any size: every row once, in parts that appear whole, with flat memory."""

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.evidence_export import TableExport
from lab.bench.big_log import START, BigLog
from shared.errors import RetryableError
from shared.models.message import EvidenceItem
from shared.playbook.acting.exports import EXPORTS
from shared.providers.blob.rows import BlobRowsWriter, Staged
from tests.support.fake_stores import FakeEvidence
from tests.unit.activities.calls import CASE_ID

HOUR = timedelta(hours=1)
LONG = 72 * HOUR
SIGN_INS = next(export for export in EXPORTS if export.table == "SigninLogs")


def exporter(log: BigLog, store: FakeEvidence, *, page: int = 10, part: int = 35) -> TableExport:
    return TableExport(
        log, store, CASE_ID, SIGN_INS, {}, START, START + LONG, page_rows=page, part_rows=part
    )


async def run(export: TableExport, store: FakeEvidence) -> list[EvidenceItem]:
    return await export.run({item.name: item for item in await store.list_items(CASE_ID)})


def ids(store: FakeEvidence, parts: list[EvidenceItem]) -> list[int]:
    """The rows of all parts, in order."""
    packed = [store.blobs[f"{CASE_ID}/{part.name}"] for part in parts]
    lines = b"".join(map(gzip.decompress, packed)).splitlines()
    return [json.loads(line)["Id"] for line in lines]


def evenly(rows: int) -> Callable[[int], timedelta]:
    return lambda n: LONG * n / max(rows, 1)


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 35, 36, 500])
async def test_every_row_once_in_order(rows: int) -> None:
    log, store = BigLog(rows, evenly(rows)), FakeEvidence()
    parts = await run(exporter(log, store), store)
    assert ids(store, parts) == list(range(rows))
    assert sum(part.rows or 0 for part in parts) == rows
    assert log.largest <= 11, "no answer is larger than a page and the row that says there is more"


async def test_what_fits_into_a_page_is_one_question_and_one_item() -> None:
    log, store = BigLog(10, evenly(10)), FakeEvidence()
    parts = await run(exporter(log, store), store)
    assert (len(log.asked), [part.name for part in parts]) == (1, [SIGN_INS.name])


async def test_parts_meet_without_gap_or_overlap() -> None:
    log, store = BigLog(500, evenly(500)), FakeEvidence()
    parts = await run(exporter(log, store), store)
    assert len(parts) > 10
    assert parts[1].name == "sign-ins-interactive-2.jsonl.gz"
    ranges = [part.time_range for part in parts if part.time_range]
    assert (ranges[0][0], ranges[-1][1]) == (START, START + LONG)
    assert all(one[1] == following[0] for one, following in pairwise(ranges))


async def test_a_burst_in_one_instant_is_exported_whole() -> None:
    """Cutting the window does not help when all rows have the same time."""
    log, store = BigLog(120, lambda _n: HOUR), FakeEvidence()
    parts = await run(exporter(log, store), store)
    assert sorted(ids(store, parts)) == list(range(120))
    assert not any(part.partial for part in parts)


async def test_a_burst_that_even_the_log_does_not_give_is_called_partial() -> None:
    log, store = BigLog(120, lambda _n: HOUR, service_limit=60), FakeEvidence()
    parts = await run(exporter(log, store), store)
    assert "TOO_LARGE" in "".join(part.partial for part in parts)


async def test_an_answer_cut_by_the_log_is_asked_for_in_smaller_windows() -> None:
    """Few but large rows: the log's limit comes before ours."""
    log, store = BigLog(100, evenly(100), service_limit=7), FakeEvidence()
    parts = await run(exporter(log, store, page=50), store)
    assert ids(store, parts) == list(range(100))
    assert not any(part.partial for part in parts)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(0, 3_600_000_000), max_size=120),
    page=st.integers(1, 20),
    part=st.integers(1, 60),
)
def test_whatever_the_times_every_row_is_there_once(gaps: list[int], page: int, part: int) -> None:
    moments = [sum(gaps[: n + 1]) % 200_000_000_000 for n in range(len(gaps))]
    moments.sort()
    log = BigLog(len(moments), lambda n: timedelta(microseconds=moments[n]))
    store = FakeEvidence()
    parts = asyncio.run(run(exporter(log, store, page=page, part=part), store))
    assert sorted(ids(store, parts)) == list(range(len(moments)))


@pytest.mark.parametrize("answers", [1, 2, 5, 9, 17, 30])
async def test_an_interrupted_export_goes_on_behind_its_last_part(answers: int) -> None:
    log, store = BigLog(500, evenly(500)), FakeEvidence()
    log.fail_after = answers
    with pytest.raises(RetryableError):
        await run(exporter(log, store), store)
    kept = dict(store.blobs)
    before = sum(item.rows or 0 for item in await store.list_items(CASE_ID))
    log.fail_after, log.asked = None, []
    parts = await run(exporter(log, store), store)
    assert ids(store, parts) == list(range(500)), "none twice, none missing"
    assert kept.items() <= store.blobs.items(), "what was there is as it was"
    if before:
        assert min(begin for begin, _end in log.asked) > START, "not from the beginning"


async def test_two_that_export_at_once_make_each_row_once() -> None:
    """An activity that is delivered again while its first run still goes on."""
    store = FakeEvidence()
    first, second = (exporter(BigLog(500, evenly(500)), store, page=page) for page in (7, 10))
    one, other = await asyncio.gather(run(first, store), run(second, store))
    assert [part.sha256 for part in one] == [part.sha256 for part in other]
    assert ids(store, one) == list(range(500))
    assert len(store.blobs) == len(one)


async def test_the_same_log_gives_the_same_bytes() -> None:
    stores = [FakeEvidence(), FakeEvidence()]
    for store in stores:
        await run(exporter(BigLog(200, evenly(200)), store), store)
    assert stores[0].blobs == stores[1].blobs


class _Counting:
    """Takes blocks and forgets them."""

    def __init__(self) -> None:
        self.blocks: list[int] = []

    async def write(self, _operation: str, _work: object, *, size: int) -> None:
        self.blocks.append(size)

    async def small(self, name: str, content: bytes, facts: dict[str, str]) -> EvidenceItem:
        raise AssertionError("too much for one upload")

    async def staged(self, name: str, staged: Staged, facts: dict[str, str]) -> EvidenceItem:
        end = facts["end"]
        return EvidenceItem(
            name=name,
            url=f"https://blobs.example/{name}",
            sha256=staged.sha256,
            size=staged.size,
            rows=int(facts["rows"]),
            source=facts["source"],
            time_range=(facts["start"], end),  # type: ignore[arg-type] # parsed by the model
            collected_at=end,  # type: ignore[arg-type] # parsed by the model
        )


class _Sink(FakeEvidence):
    """A store whose rows go through the real writer, and nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = _Counting()

    def write_rows(  # type: ignore[override] # the real writer in the place of the fake one
        self, case_id: str, name: str, *, source: str, query: str, start: object
    ) -> BlobRowsWriter:
        return BlobRowsWriter(
            self.sink,  # type: ignore[arg-type] # takes what a container takes
            self.sink,
            name,
            source=source,
            query=query,
            start=start,  # type: ignore[arg-type]
        )


async def _peak(rows: int) -> int:
    """The most memory that an export of so many rows of a kilobyte held, in bytes."""
    log, store = BigLog(rows, evenly(rows), filler=1024), _Sink()
    export = exporter(log, store, page=500, part=1_000_000)
    tracemalloc.start()
    try:
        parts = await export.run({})
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(part.rows or 0 for part in parts) == rows
    assert sum(store.sink.blocks) == sum(part.size for part in parts)
    return peak


async def test_memory_does_not_grow_with_the_rows() -> None:
    """Ten times the rows, the same memory: a page, a block, and what is being packed."""
    few, many = await _peak(3_000), await _peak(30_000)
    assert many < few * 1.5 + 2 * 1024 * 1024
