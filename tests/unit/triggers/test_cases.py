from typing import Any

import pytest

from shared.case_links import Purpose
from shared.dependency_states import memory
from shared.errors import RetryableError
from tests.support.fakes import FakeHouse
from tests.support.scripts import case_payload
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import (
    BY_KEY,
    CASE_ID,
    FakeClient,
    answer,
    handler,
    person,
    request,
    session,
    token,
)
from triggers import cases, health

list_cases = handler(cases.list_cases)
get_case = handler(cases.get_case)
get_report = handler(cases.get_report)
get_health = handler(health.health)

OTHER = "case-fedcba9876543210fedcba98"


def get(**more: Any) -> Any:
    return request("GET", **more)


async def test_a_case_is_returned_as_it_is_stored(house: FakeHouse, client: FakeClient) -> None:
    house.cases.records[CASE_ID] = record()
    response = await get_case(get(), client)
    assert response.status_code == 200
    assert answer(response) == record()
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_case_that_was_only_just_accepted_is_there(
    house: FakeHouse, client: FakeClient
) -> None:
    client.started[CASE_ID] = {"input": case_payload()}
    found = answer(await get_case(get(), client))
    assert (found["case_id"], found["status"]) == (CASE_ID, "gathering")


@pytest.mark.parametrize("case_id", [OTHER, "", "../secrets", "case-0123", CASE_ID + "\n", "*"])
async def test_no_such_case(house: FakeHouse, client: FakeClient, case_id: str) -> None:
    house.cases.records[CASE_ID] = record()
    response = await get_case(get(case_id=case_id), client)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


async def test_a_made_up_id_never_reaches_the_store(house: FakeHouse, client: FakeClient) -> None:
    await get_case(get(case_id="../../evidence"), client)
    assert not house.cases.calls


@pytest.mark.parametrize("read", [get_case, get_report])
async def test_a_store_that_is_down_is_said(
    house: FakeHouse, client: FakeClient, read: Any
) -> None:
    house.cases.failing["load"] = RetryableError("timed out", vendor="blob", operation="load")
    response = await read(get(headers=BY_KEY), client)
    assert response.status_code == 503


async def test_a_store_that_is_not_configured_is_said(house: FakeHouse, client: FakeClient) -> None:
    house.providers.cases = None
    response = await get_case(get(), client)
    assert response.status_code == 503
    assert "TOURNIQUET_BLOB_URL" in answer(response)["detail"]
    assert (await list_cases(get())).status_code == 503


async def test_cases_are_listed_in_pages(house: FakeHouse) -> None:
    for number in range(3):
        house.cases.records[f"case-{number:024x}"] = record()
    found = answer(await list_cases(get(page_size="2")))
    assert [case["case_id"] for case in found["cases"]] == [f"case-{n:024x}" for n in (0, 1)]
    found = answer(await list_cases(get(page_size="2", token="2")))
    for wrong in ("x", "\ud800", "2,2", "/../record.json"):
        assert (await list_cases(get(token=wrong))).status_code == 400
    assert [case["case_id"] for case in found["cases"]] == [f"case-{2:024x}"]


@pytest.mark.parametrize(
    "size", ["0", "201", "-1", "", "ten", "1e2", "٣", "0000019999", "9" * 5000]
)
async def test_a_wrong_page_size_is_a_problem(house: FakeHouse, size: str) -> None:
    assert (await list_cases(get(page_size=size))).status_code == 400


async def test_the_report_opens_with_its_link_only(house: FakeHouse, client: FakeClient) -> None:
    house.cases.records[CASE_ID] = record()
    opened, _mark = session(Purpose.REPORT)
    response = await get_report(get(headers=opened), client)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    for wrong in (
        "",
        "nonsense",
        token(Purpose.DECISION),
        token(Purpose.REPORT, OTHER),
        token(Purpose.REPORT, seconds=-5),
    ):
        response = await get_report(get(token=wrong), client)
        assert response.status_code == 401
        assert b"ann@contoso.com" not in response.get_body()


async def test_a_report_runs_nothing_and_loads_nothing(
    house: FakeHouse, client: FakeClient
) -> None:
    house.cases.records[CASE_ID] = record()
    opened, _mark = session(Purpose.REPORT)
    response = await get_report(get(headers=opened), client)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy and "base-uri 'none'" in policy
    assert "script-src" not in policy and "unsafe-eval" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert b"<script" not in response.get_body().lower()


async def test_approvers_need_no_link(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.cases.records[CASE_ID] = record()
    response = await get_report(get(headers=person()), client)
    assert response.status_code == 401, "anyone can send the header where nobody checks it"
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    assert (await get_report(get(headers=person()), client)).status_code == 200
    assert (await get_report(get(), client)).status_code == 401
    assert (await get_report(get(headers=person(roles=())), client)).status_code == 403
    opened, _mark = session(Purpose.REPORT)
    reader = person(roles=()) | opened
    assert (await get_report(get(headers=reader), client)).status_code == 200


async def test_the_automation_key_counts_only_when_one_is_configured(
    house: FakeHouse, client: FakeClient, configure: Any
) -> None:
    house.cases.records[CASE_ID] = record()
    key = {"x-functions-key": "automation"}
    assert (await get_report(get(headers=key), client)).status_code == 401
    configure(automation_key="automation")
    assert (await get_report(get(headers=key), client)).status_code == 200
    for wrong in ("", "Automation", "automation ", "ключ"):
        response = await get_report(get(headers={"x-functions-key": wrong}), client)
        assert response.status_code == 401


async def test_without_a_signing_key_no_link_works(
    house: FakeHouse, client: FakeClient, configure: Any
) -> None:
    configure(link_signing_key="")
    house.cases.records[CASE_ID] = record()
    response = await get_report(get(token=token(Purpose.REPORT)), client)
    assert response.status_code == 401


async def test_health_names_parts_and_no_secrets(house: FakeHouse, client: FakeClient) -> None:
    house.providers.firewalls = []
    memory.forget()
    found = answer(await get_health(get(headers=BY_KEY), client))
    assert (found["status"], found["mode"]) == ("ok", "automatic")
    assert found["configured"]["firewall"] is False
    assert found["configured"]["cases"] is True
    assert all(isinstance(value, bool) for value in found["configured"].values())


async def test_health_tells_strangers_only_that_the_app_runs(
    house: FakeHouse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for headers in ({}, person(), {"x-functions-key": "guessed"}):
        assert answer(await get_health(get(headers=headers), client)) == {"status": "ok"}
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "true")
    assert answer(await get_health(get(headers=person(roles=())), client)) == {"status": "ok"}
    assert "mode" in answer(await get_health(get(headers=person()), client))
