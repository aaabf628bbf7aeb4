"""What vendors answered is kept as they said it, and nothing waits for that."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from pydantic_core import PydanticSerializationError

from activities.answers import keeps_answers, settle_answers
from activities.evidence_seal import seal_evidence
from activities.record import save_case
from activities.registry import ACTIVITIES
from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.query import QueryResult
from shared.providers.response import VendorResponse
from shared.providers.retry import CallPolicy, call_with_retries
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE, CASE_ID, call

POLICY = CallPolicy(attempt_timeout=5, budget=5, attempts=1)


async def ask(vendor: str, operation: str, answer: object) -> None:
    async def attempt() -> object:
        return answer

    await call_with_retries(attempt, POLICY, vendor=vendor, operation=operation)


def asking(*asked: tuple[str, str, object]) -> Any:
    async def look_around(_: object, payload: Json) -> Json:
        await asyncio.gather(*(ask(*one) for one in asked))
        return {"seen": len(asked), "case": payload.get("case_id")}

    return keeps_answers(look_around)


def kept(house: FakeHouse) -> list[Json]:
    names = [name for name in house.evidence.blobs if name.startswith(f"{CASE_ID}/answers/")]
    packed = [gzip.decompress(house.evidence.blobs[name]) for name in names]
    return [json.loads(line) for one in packed for line in one.splitlines()]


async def test_every_answer_is_kept_in_the_vendors_words(house: FakeHouse) -> None:
    headers = {"Set-Cookie": "sid=secret-1"}
    reputation = VendorResponse(status=200, body={"data": {"score": 97}}, headers=headers)
    rows = QueryResult(rows=[{"ResultType": "0", "n": 1}])
    activity = asking(("abuseipdb", "check", reputation), ("log_analytics", "query", rows))
    result = await call(activity, case=CASE)
    assert result["seen"] == 2
    await settle_answers()
    lines = {line["vendor"]: line for line in kept(house)}
    assert lines["abuseipdb"]["answer"] == {"status": 200, "body": {"data": {"score": 97}}}
    assert lines["log_analytics"]["answer"]["rows"] == [{"ResultType": "0", "n": 1}]
    assert lines["abuseipdb"]["operation"] == "check" and lines["abuseipdb"]["at"].endswith("Z")


async def test_what_proves_who_we_are_is_never_kept(house: FakeHouse) -> None:
    secret = VendorResponse(status=200, body={"access_token": "secret-1"}, headers={})
    await call(asking(("okta", "token", secret), ("slack", "post", secret)), case=CASE)
    await settle_answers()
    assert house.evidence.blobs == {}


async def test_the_activity_does_not_wait_for_the_store(house: FakeHouse) -> None:
    gate = asyncio.Event()
    put = house.evidence.put

    async def slow(*args: Any, **more: Any) -> Any:
        await gate.wait()
        return await put(*args, **more)

    house.evidence.put = slow  # type: ignore[method-assign] # a store that takes its time
    answer = QueryResult(rows=[])
    async with asyncio.timeout(60):
        await call(asking(("log_analytics", "query", answer)), case=CASE)
    assert kept(house) == []
    gate.set()
    await settle_answers()
    assert len(kept(house)) == 1


async def test_a_store_that_is_away_changes_nothing(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house.evidence.failing = {"put": RetryableError("away", vendor="blob")}
    result = await call(asking(("log_analytics", "query", QueryResult())), case=CASE)
    await settle_answers()
    assert result["seen"] == 1
    assert "were not kept" in caplog.text


def test_what_the_decision_is_made_from_is_kept() -> None:
    gathering = {
        "enrich_user",
        "check_address",
        "analyse_sign_ins",
        "analyse_activity",
        "get_case_context",
    }
    wrapped = {one.__name__ for one in ACTIVITIES if hasattr(one, "__wrapped__")}
    assert gathering <= wrapped


async def test_answers_that_the_store_refuses_are_missing_in_the_manifest(house: FakeHouse) -> None:
    at = "2026-11-20T12:10:00.000Z"
    opened = {"case": CASE, "timeline": [{"at": at, "event": "case opened"}]}
    await call(save_case, patch=opened)
    house.evidence.failing = {"put": RetryableError("away", vendor="blob")}
    await call(asking(("log_analytics", "query", QueryResult())), case=CASE)
    await settle_answers()
    house.evidence.failing = {}
    await call(seal_evidence, why="response completed, round 1", at=at)
    manifest = json.loads(house.evidence.blobs[f"{CASE_ID}/manifest.json"])
    assert [(one["source"], one["reason"]) for one in manifest["missing"]] == [
        ("answers/look_around", "blob: away")
    ]
    timeline = [one["event"] for one in house.cases.records[CASE_ID]["timeline"]]
    assert "vendors' answers were not kept: answers/look_around: blob: away" in timeline


async def test_what_was_answered_before_an_activity_failed_is_kept(house: FakeHouse) -> None:
    async def fails_late(_: object, payload: Json) -> Json:
        await ask("abuseipdb", "check", {"score": 97})
        raise RetryableError("timed out", vendor="entra")

    with pytest.raises(RetryableError):
        await call(keeps_answers(fails_late), case=CASE)
    await settle_answers()
    assert [line["answer"] for line in kept(house)] == [{"score": 97}]


async def test_an_answer_that_cannot_be_written_is_missing_in_the_record(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_heard: object) -> bytes:
        raise PydanticSerializationError("a lone surrogate")

    await call(save_case, patch={"case": CASE, "timeline": []})
    monkeypatch.setattr("activities.answers._pack", refuse)
    await call(asking(("log_analytics", "query", QueryResult())), case=CASE)
    await settle_answers()
    timeline = [one["event"] for one in house.cases.records[CASE_ID]["timeline"]]
    assert any(one.startswith("vendors' answers were not kept: answers/look") for one in timeline)
