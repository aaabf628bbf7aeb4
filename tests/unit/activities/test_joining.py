from typing import Any

import pytest

from activities.joining import MOST_JUDGED, MOST_TOLD, release_account, take_joined
from shared.errors import RetryableError, TourniquetError, Unauthenticated
from shared.models.base import Json
from shared.models.case import CaseRequest
from shared.models.plan import ActionName
from shared.playbook.intake.joining import waiting_incident, waiting_name
from shared.playbook.reporting.record import initial_record
from tests.support.fakes import FakeHouse
from tests.support.scripts import case_payload, outcome
from tests.unit.activities.calls import call

CASE = "case-0123456789abcdef01234567"
KEY = "a" * 32


async def put(house: FakeHouse, number: int, severity: str = "High", **changes: Any) -> None:
    incident = {
        "source": "sentinel",
        "incident_id": f"/subscriptions/0/incidents/{number}",
        "title": f"No. {number}",
        "severity": severity,
    }
    payload = case_payload(case_id=f"case-{number:024x}", incident=incident, **changes)
    case = CaseRequest.model_validate(payload)
    waiting = waiting_incident(case, case.now)
    await house.open_cases.put_joining(CASE, waiting_name(case), waiting)


async def take(look: int = 1) -> Json:
    taken: Json = await call(take_joined, case_id=CASE, run="one", look=look)
    return taken


async def test_what_waits_is_taken_the_heaviest_first(house: FakeHouse) -> None:
    await put(house, 1, "Low")
    await put(house, 2, "High")
    taken = await take()
    assert taken["count"] == 2
    assert [item["title"] for item in taken["incidents"]] == ["No. 2", "No. 1"]
    assert taken["incidents"][0]["evidence"] == f"joined/case-{2:024x}.json"
    assert [CaseRequest.model_validate(item).incident.title for item in taken["cases"]] == [
        "No. 2",
        "No. 1",
    ]
    assert (await take(2))["count"] == 0


async def test_the_same_look_again_brings_the_same(house: FakeHouse) -> None:
    await put(house, 1)
    first = await take()
    await put(house, 2)
    assert await take() == first | {"more": True}
    assert (await take(2))["incidents"][0]["title"] == "No. 2", "what came later is not lost"


async def test_a_worker_that_died_before_taking_away_loses_and_doubles_nothing(
    house: FakeHouse,
) -> None:
    await put(house, 1)
    house.open_cases.failing["drop_joining"] = RetryableError("killed")
    with pytest.raises(RetryableError):
        await take()
    house.open_cases.failing.clear()
    assert (await take())["count"] == 1
    assert (await take(2))["count"] == 0


async def test_the_same_look_again_says_that_more_has_come_meanwhile(house: FakeHouse) -> None:
    await put(house, 1)
    assert not (await take())["more"]
    await put(house, 2)
    again = await take()
    assert (again["count"], again["more"]) == (1, True)


@pytest.mark.parametrize("waiting", [{}, {"case": {"case_id": 7}, "at": "now"}, {"at": "now"}])
async def test_what_cannot_be_read_does_not_stop_the_others(
    house: FakeHouse, waiting: Json
) -> None:
    await put(house, 1)
    await house.open_cases.put_joining(CASE, "0-case-damaged", waiting)
    taken = await take()
    assert (taken["count"], len(taken["cases"])) == (2, 1)
    assert house.open_cases.joining[CASE] == {}


@pytest.mark.parametrize("kind", [RetryableError, Unauthenticated])
async def test_what_cannot_be_read_now_goes_on_waiting(
    house: FakeHouse, kind: type[TourniquetError]
) -> None:
    await put(house, 1)
    house.open_cases.failing["get_joining"] = kind("away", vendor="blob")
    with pytest.raises(kind):
        await take()
    house.open_cases.failing.clear()
    assert len((await take())["cases"]) == 1


async def test_a_look_learns_what_was_taken_back(house: FakeHouse) -> None:
    at, later = "2026-11-20T12:05:00.000Z", "2026-11-20T12:10:00.000Z"
    reset, disable = outcome(ActionName.FORCE_PASSWORD_RESET), outcome(ActionName.DISABLE_ACCOUNT)
    undone = {"at": at, "by": "kim", "comment": "her own phone", "verified": True, "detail": ""}
    record = initial_record(CaseRequest.model_validate(case_payload(case_id=CASE)))
    impossible = {"action": reset["action"], "target": reset["target"], "status": "impossible"}
    undo = {"number": 1, "at": later, "by": "lee", "comment": "", "results": [impossible]}
    actions = {"actions": [reset, disable | {"undone": undone}], "undos": [undo]}
    house.cases.records[CASE] = record | actions
    await put(house, 1)
    found = {one["action"]: one for one in (await take())["taken_back"]}
    assert (found["DisableAccount"]["by"], found["DisableAccount"]["at"]) == ("kim", at)
    assert (found["ForcePasswordReset"]["by"], found["ForcePasswordReset"]["at"]) == ("lee", later)


async def test_nothing_is_judged_while_the_record_cannot_be_read(house: FakeHouse) -> None:
    await put(house, 1)
    house.cases.failing["load"] = RetryableError("away", vendor="blob")
    with pytest.raises(RetryableError):
        await take()
    house.cases.failing.clear()
    assert (await take())["count"] == 1


async def test_a_storm_brings_a_bounded_answer_and_every_name_is_kept(house: FakeHouse) -> None:
    for number in range(60):
        await put(house, number)
    taken = await take()
    assert taken["count"] == 60
    assert (len(taken["incidents"]), len(taken["cases"])) == (MOST_TOLD, MOST_JUDGED)
    assert len(house.cases.claims[f"{CASE}/one-joined-1"]["names"]) == 60
    assert house.open_cases.joining[CASE] == {}


async def test_an_account_is_given_free_and_what_waits_is_told(house: FakeHouse) -> None:
    request = {"case_id": CASE, "account_key": KEY}
    await house.open_cases.claim(KEY, {"case_id": CASE})
    assert await call(release_account, **request) == {"waiting": False}
    assert house.open_cases.claims == {}
    await house.open_cases.claim(KEY, {"case_id": "case-of-later"})
    await put(house, 1)
    assert await call(release_account, **request) == {"waiting": True}
    assert house.open_cases.claims[KEY]["case_id"] == "case-of-later"
