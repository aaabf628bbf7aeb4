"""Rows that come late: a second pass takes what the first did not have, and no row twice."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.evidence import preserve_evidence
from activities.evidence_export import TableExport
from activities.evidence_late import LatePass, export_late_rows, first_parts
from shared.errors import RetryableError, TourniquetError, Unauthenticated
from shared.models.base import Json, format_utc
from shared.models.message import EvidenceItem
from shared.models.query import QueryResult
from shared.playbook.acting.exports import EXPORTS
from shared.ports import Siem
from tests.support.fake_stores import FakeEvidence
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID, call

START = datetime(2026, 11, 17, 12, tzinfo=UTC)
NOW = START + timedelta(hours=72)
UNTIL = NOW + timedelta(hours=24)
SIGN_INS = next(export for export in EXPORTS if export.table == "SigninLogs")
AWAY = RetryableError("timed out", vendor="log_analytics", operation="query")


class Log:
    """A log that has these rows now, and is away after ``fail_after`` answers."""

    language = "kql"

    def __init__(self, rows: list[Json]) -> None:
        self.rows = rows
        self.asked: list[str] = []
        self.fail_after: int | None = None

    async def run_query(
        self, query: str, *, parameters: Json, start: datetime, end: datetime
    ) -> QueryResult:
        if self.fail_after is not None and len(self.asked) >= self.fail_after:
            raise AWAY
        self.asked.append(query)
        begin, until = parameters["pageStart"], parameters["pageEnd"]
        found = [row for row in self.rows if begin <= at(row) < until]
        if "summarize" in query:
            return QueryResult(rows=_counted(found, parameters["pageStep"]))
        most = int(query.rpartition("take ")[2]) if "take " in query else len(found)
        return QueryResult(rows=found[:most])


def _counted(rows: list[Json], step: timedelta) -> list[Json]:
    epoch = datetime(1, 1, 1, tzinfo=UTC)
    starts = [at(row) - (at(row) - epoch) % step for row in rows]
    return [{"Start": one.isoformat(), "Rows": starts.count(one)} for one in sorted({*starts})]


def at(row: Json) -> datetime:
    return datetime.fromisoformat(row["TimeGenerated"])


def row(number: int, minutes: float) -> Json:
    moment = START + timedelta(minutes=minutes)
    return {"TimeGenerated": moment.isoformat(), "Id": number, "Note": None}


def sign_ins(log: Log, store: FakeEvidence, *, part: int = 35) -> TableExport:
    siem = cast(Siem, log)  # asked for nothing else
    return TableExport(siem, store, CASE_ID, SIGN_INS, {}, START, NOW, page_rows=10, part_rows=part)


def late(log: Log, store: FakeEvidence, *, part: int = 35, page: int = 10) -> LatePass:
    return LatePass(
        cast(Siem, log),
        store,
        CASE_ID,
        SIGN_INS,
        {},
        START,
        UNTIL,
        folder="late/",
        page_rows=page,
        part_rows=part,
        since=NOW,
        known=first_parts(SIGN_INS, stored(store), 1),
    )


def stored(store: FakeEvidence) -> dict[str, EvidenceItem]:
    return {item.name: item for item in asyncio.run(store.list_items(CASE_ID))}


def ids(store: FakeEvidence, prefix: str = "") -> list[int]:
    """The rows of all items below a folder, in order of the items."""
    names = sorted(one for one in store.blobs if one.startswith(f"{CASE_ID}/{prefix}"))
    lines = b"".join(gzip.decompress(store.blobs[name]) for name in names).splitlines()
    return [json.loads(line)["Id"] for line in lines]


def both(first: list[Json], then: list[Json], **sizes: int) -> FakeEvidence:
    store = FakeEvidence()
    part = sizes.get("part", 35)
    asyncio.run(sign_ins(Log(first), store, part=part).run({}))
    asyncio.run(late(Log(then), store, **sizes).run(stored(store)))
    return store


def test_rows_that_came_late_and_rows_since_are_an_item_of_their_own() -> None:
    first = [row(n, n * 10.0) for n in range(0, 40, 2)]
    every = [row(n, n * 10.0) for n in range(40)] + [row(99, 73 * 60)]
    store = both(first, every)
    assert ids(store, "late/") == [*range(1, 40, 2), 99]
    [item] = [one for name, one in stored(store).items() if name.startswith("late/")]
    assert item.name == "late/sign-ins-interactive.jsonl.gz"
    assert (item.rows, item.time_range) == (21, (START, UNTIL))


def test_when_nothing_came_there_is_no_item_and_one_question_about_the_past() -> None:
    rows = [row(n, n) for n in range(30)]
    store = FakeEvidence()
    asyncio.run(sign_ins(Log(rows), store).run({}))
    log = Log(rows)
    assert asyncio.run(late(log, store).run(stored(store))) == []
    assert ["summarize" in query for query in log.asked] == [True, False]
    assert not [name for name in store.blobs if "/late/" in name]


def test_of_equal_rows_as_many_come_as_are_new() -> None:
    """Nothing tells two equal rows apart but that there are two."""
    store = both([row(1, 5)] * 3, [row(1, 5)] * 5)
    assert ids(store, "late/") == [1, 1]


def test_a_column_that_is_new_and_empty_makes_no_row_new() -> None:
    first = [row(n, n) for n in range(5)]
    then = [one | {"NewColumn": "", "Other": None} for one in first] + [row(7, 7)]
    assert ids(both(first, then), "late/") == [7]


def test_rows_that_are_gone_from_the_log_make_nothing_twice() -> None:
    """As many are gone, purged say, as came; then more came than went."""
    first = [row(n, n) for n in range(10)]
    assert ids(both(first, first[5:] + [row(n, n) for n in range(20, 26)]), "late/") == [
        *range(20, 26)
    ]


def test_what_the_first_pass_never_exported_is_exported_whole() -> None:
    store = FakeEvidence()
    asyncio.run(late(Log([row(n, n) for n in range(90)]), store).run({}))
    assert sorted(ids(store, "late/")) == list(range(90))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 39), st.booleans()), max_size=120),
    page=st.integers(1, 20),
    part=st.integers(1, 60),
)
def test_whatever_came_when_both_passes_have_each_row_once(
    rows: list[tuple[int, bool]], page: int, part: int
) -> None:
    """Many at the same moment, some of them late; the last hours are after the first pass."""
    every = [row(number, hours * 144.0) for number, (hours, _) in enumerate(sorted(rows))]
    there = [one for one, (_, early) in zip(every, sorted(rows), strict=True) if early]
    first = [one for one in there if at(one) < NOW]
    store = both(first, every, part=part, page=page)
    assert sorted(ids(store)) == list(range(len(every)))


@pytest.mark.parametrize("answers", [1, 3, 6, 9, 14])
def test_an_interrupted_pass_goes_on_behind_its_last_part(answers: int) -> None:
    first = [row(n, n * 20.0) for n in range(0, 200, 2)]
    every = [row(n, n * 20.0) for n in range(200)]
    store = FakeEvidence()
    asyncio.run(sign_ins(Log(first), store).run({}))
    log = Log(every)
    log.fail_after = answers
    with pytest.raises(RetryableError):
        asyncio.run(late(log, store, part=20).run(stored(store)))
    kept = dict(store.blobs)
    asyncio.run(late(Log(every), store, part=20).run(stored(store)))
    assert sorted(ids(store)) == list(range(200)), "none twice, none missing"
    assert kept.items() <= store.blobs.items(), "what was there is as it was"


async def test_the_activity_takes_up_where_the_export_was(house: FakeHouse) -> None:
    before = {"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": NAME, "Id": 1}
    house.siem.answers = {"SigninLogs": QueryResult(rows=[before])}
    await call(preserve_evidence, case=CASE, user_principal_name=NAME, round=1)
    after = before | {"TimeGenerated": "2026-11-20T11:58:00Z", "Id": 2}
    house.siem.answers = {"SigninLogs": QueryResult(rows=[after, before])}
    house.siem.answers["AuditLogs"] = AWAY
    until = format_utc(datetime(2026, 11, 21, 12, tzinfo=UTC))
    request = {"case": CASE, "user_principal_name": NAME, "round": 1, "until": until}
    found = await call(export_late_rows, **request)
    assert {item["source"] for item in found["items"]} == {"SigninLogs"}
    assert 2 in ids(house.evidence, "late/sign-ins-interactive")
    [missing] = found["missing"]
    assert missing["source"] == "AuditLogs" and "rows that came late" in missing["reason"]
    house.siem.answers = {}
    again = await call(export_late_rows, **request)
    assert again["items"] == found["items"], "a redelivered activity keeps what is there"


@pytest.mark.parametrize("call_", ["commit", "list_items"])
@pytest.mark.parametrize("kind", [RetryableError, Unauthenticated])
async def test_a_store_that_is_away_is_asked_again_later(
    house: FakeHouse, call_: str, kind: type[TourniquetError]
) -> None:
    rows = [{"TimeGenerated": "2026-11-20T11:59:00Z", "Id": 1}]
    house.siem.answers = {"SigninLogs": QueryResult(rows=rows)}
    house.evidence.failing = {call_: kind("not now", vendor="blob", operation="evidence.put")}
    with pytest.raises(kind):
        await call(export_late_rows, case=CASE, round=1, until=CASE["now"])


@pytest.mark.parametrize("rows", [0, 1], ids=["no row", "a row"])
async def test_what_the_second_pass_had_a_partial_answer_about_is_missing(
    house: FakeHouse, rows: int
) -> None:
    payload = {"case": CASE, "user_principal_name": NAME, "round": 1}
    await call(preserve_evidence, **payload)
    row_ = {"TimeGenerated": "2026-11-20T11:59:00Z", "UserPrincipalName": NAME}
    detail = "a cluster did not answer"
    answer = QueryResult(rows=[row_] * rows, partial=True, detail=detail)
    house.siem.answers = {"": answer}
    for _again in range(2):
        found = await call(export_late_rows, until="2026-11-21T12:00:00.000Z", **payload)
        assert found["items"] and {one["rows"] for one in found["items"]} == {rows}
        assert {one["partial"] for one in found["items"]} == {detail}
        reasons = {one["source"]: one["reason"] for one in found["missing"]}
        assert len(reasons) == len(found["items"])
        assert set(reasons.values()) == {f"rows that came late: partial, {detail}"}
        assert all(one["by_hand"] for one in found["missing"])
