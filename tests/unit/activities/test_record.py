import json
import logging
from collections.abc import Callable

import pytest

from activities.record import WRITE_ATTEMPTS, save_case
from shared.errors import PermissionDenied, RetryableError, Unauthenticated
from shared.models.base import Json
from shared.models.block import BLOCK_OUTPUTS
from shared.models.case import CaseRequest
from shared.playbook.reporting.record import initial_record
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE, CASE_ID, call

ASKED = {"at": "2026-11-20T12:00:00Z", "answer_by": "2026-11-20T13:00:00Z"}


async def save(**patch: object) -> Json:
    return await call(save_case, patch=patch)


def entry(event: str) -> list[Json]:
    return [{"at": "2026-11-20T12:00:01.000Z", "event": event}]


async def test_the_first_patch_makes_the_record(house: FakeHouse) -> None:
    assert await save(case=CASE, timeline=entry("case opened")) == {"case_id": CASE_ID}
    record = house.cases.records[CASE_ID]
    assert set(record["blocks"]) == set(BLOCK_OUTPUTS)
    assert [item["event"] for item in record["timeline"]] == ["case opened"]
    assert record["next_steps"], "people are told what to do from the first moment"
    assert record["sla"]["measures"]
    assert record["links"]["status"].endswith(CASE_ID)


async def test_a_redelivered_first_patch_does_not_start_anew(house: FakeHouse) -> None:
    await save(case=CASE, timeline=entry("case opened"))
    await save(status="deciding")
    await save(case=CASE, timeline=entry("case opened"))
    record = house.cases.records[CASE_ID]
    assert record["status"] == "deciding"
    assert len(record["timeline"]) == 1


async def test_the_first_patch_of_a_later_run_begins_anew_once(house: FakeHouse) -> None:
    first, second = (CASE | {"run": f"2026112{day}T120000000Z"} for day in (0, 1))
    await save(case=first, timeline=entry("case opened"))
    decision = {"actions": ["NoAction"], "decided_by": "kim", "decided_at": ASKED["at"]}
    await save(status="closed", decision=decision, question=3, asked=ASKED, watched=False)
    for _ in range(2):
        await save(case=second, timeline=entry("case opened again"))
    record = house.cases.records[CASE_ID]
    assert (record["status"], record["decision"], record["question"]) == ("gathering", None, 1)
    assert record["asked"] is None and record["watched"]
    assert [item["event"] for item in record["timeline"]] == [
        "case opened",
        "case opened again",
        f"the case runs anew, as the engine no longer knew its run of {first['run']}",
    ]
    await save(status="deciding")
    for late in (first, second):
        await save(case=late, timeline=entry("case opened"))
    assert house.cases.records[CASE_ID] == record | {"status": "deciding"} | {
        name: house.cases.records[CASE_ID][name] for name in ("next_steps", "hand_over", "sla")
    }, "neither its own first patch again nor one of an earlier run takes anything back"


async def test_a_patch_that_comes_before_the_record_is_tried_again(house: FakeHouse) -> None:
    with pytest.raises(RetryableError, match="not there yet"):
        await save(status="deciding")


async def test_what_ends_is_measured_once(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="tourniquet.measurements")
    await save(case=CASE)
    for _ in range(2):
        await save(status="monitoring")
    said = [json.loads(entry.getMessage())["name"] for entry in caplog.records]
    assert said.count("tourniquet.case.finished") == 1


async def test_what_another_writer_wrote_meanwhile_is_kept(house: FakeHouse) -> None:
    await save(case=CASE)
    rival = house.cases.records[CASE_ID] | {"timeline": entry("by the other")}
    house.cases.rivals = [rival]
    await save(timeline=entry("by us"))
    events = [item["event"] for item in house.cases.records[CASE_ID]["timeline"]]
    assert sorted(events) == ["by the other", "by us"]


async def test_two_that_open_at_once_make_one_record(house: FakeHouse) -> None:
    house.cases.rivals = [initial_record(CaseRequest.model_validate(CASE)) | {"status": "deciding"}]
    await save(case=CASE, timeline=entry("case opened"))
    record = house.cases.records[CASE_ID]
    assert record["status"] == "deciding"
    assert [item["event"] for item in record["timeline"]] == ["case opened"]


async def test_when_others_are_always_faster_it_is_tried_again_later(house: FakeHouse) -> None:
    await save(case=CASE)
    record = house.cases.records[CASE_ID]
    house.cases.rivals = [
        record | {"timeline": entry(f"rival {number}")} for number in range(WRITE_ATTEMPTS)
    ]
    with pytest.raises(RetryableError, match="faster"):
        await save(status="deciding")


async def test_storage_that_is_away_is_tried_again_and_one_that_refuses_is_said(
    house: FakeHouse,
) -> None:
    house.cases.failing["load"] = RetryableError("timed out", vendor="blob")
    with pytest.raises(RetryableError):
        await save(case=CASE)
    house.cases.failing["load"] = Unauthenticated("no token now", vendor="blob", status=401)
    with pytest.raises(Unauthenticated, match="no token now"):
        await save(case=CASE)
    house.cases.failing["load"] = PermissionDenied("no role", vendor="blob", status=403)
    assert "no role" in (await save(case=CASE))["error"]
    house.providers.cases = None
    assert "TOURNIQUET_BLOB_URL" in (await save(case=CASE))["error"]


async def test_the_record_holds_addresses_and_no_tokens(
    house: FakeHouse, configure: Callable[..., None]
) -> None:
    await save(case=CASE, status="awaiting_decision", question=1, asked=ASKED)
    assert set(house.cases.records[CASE_ID]["links"]) == {"status"}
    configure(link_signing_key="secret", public_url="https://soc.example")
    house.cases.records[CASE_ID]["links"]["report"] = "https://soc.example/report?token=x"
    await save(timeline=entry("later"))
    base = f"https://soc.example/api/cases/{CASE_ID}"
    pages = {"status": base, "report": f"{base}/report", "decision": f"{base}/decision"}
    assert house.cases.records[CASE_ID]["links"] == pages
    await save(status="contained")
    assert set(house.cases.records[CASE_ID]["links"]) == {"status", "report"}


async def test_the_same_patch_twice_is_once(house: FakeHouse) -> None:
    await save(case=CASE)
    patch = {"status": "deciding", "timeline": entry("x"), "sla": {"notified_at": CASE["now"]}}
    await save(**patch)
    first = house.cases.records[CASE_ID]
    await save(**patch)
    again = house.cases.records[CASE_ID]
    assert {**again, "sla": {}} == {**first, "sla": {}}, "only the clock went on"


async def test_an_undo_corrects_the_status_and_leaves_the_service_levels(house: FakeHouse) -> None:
    at = "2026-11-20T12:05:00.000Z"
    done = {"action": "DisableAccount", "target": "ada", "status": "succeeded", "at": at}
    disabled = done | {"verified": True, "undo": {"account_enabled": True}}
    await save(case=CASE, status="contained", actions=[disabled], sla={"contained_at": at})
    sla = house.cases.records[CASE_ID]["sla"]["contained_at"]
    undone = {"at": "2026-11-20T12:30:00.000Z", "by": "kim", "comment": "rang", "verified": True}
    restored = {"action": "DisableAccount", "target": "ada", "status": "succeeded"}
    run = {"number": 1, "at": undone["at"], "by": "kim", "comment": "rang", "results": [restored]}
    await save(actions=[disabled | {"undo": None, "undone": undone}], undos=[run])
    record = house.cases.records[CASE_ID]
    assert record["status"] == "monitoring"
    assert record["sla"]["contained_at"] == sla
    await save(status="contained", actions=[disabled])
    record = house.cases.records[CASE_ID]
    assert record["status"] == "monitoring", "the response's last write comes later"
    assert record["actions"][0]["undone"]["by"] == "kim"


async def test_a_service_level_is_measured_once_when_it_has_ended(
    house: FakeHouse, caplog: pytest.LogCaptureFixture
) -> None:
    def measured() -> list[Json]:
        lines = [entry.getMessage() for entry in caplog.records]
        return [json.loads(line) for line in lines if line.startswith("{")]

    caplog.set_level(logging.INFO, logger="tourniquet.measurements")
    await save(case=CASE)
    assert measured() == []
    told = {"notified_at": CASE["received_at"]}
    house.cases.rivals = [house.cases.records[CASE_ID] | {"timeline": entry("by the other")}]
    await save(sla=told)
    await save(sla=told)
    await save(timeline=entry("later"))
    [line] = measured()
    assert (line["measure"], line["unit"]) == ("detection_to_notification", "s")


async def test_what_nobody_contains_by_itself_is_not_late(house: FakeHouse) -> None:
    def containment() -> object:
        measures = house.cases.records[CASE_ID]["sla"]["measures"]
        return next(one["met"] for one in measures if one["name"].endswith("to_containment"))

    line = {"action": "RevokeSessions", "target": "ada", "disposition": "ask", "why": "mode"}
    await save(case=CASE, sla={"notified_at": CASE["received_at"]}, plan=[line])
    assert containment() is None
    await save(plan=[line | {"disposition": "automatic"}])
    assert containment() is False
