"""Who may have the evidence checked, and what the answer looks like."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.errors import RetryableError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import CHAIN_START, ChainHead, Manifest, Missing
from tests.support.fakes import FakeHouse
from tests.unit.playbook.records import record
from tests.unit.triggers.calls import BY_KEY, CASE_ID, FakeClient, answer, handler, request
from triggers import evidence

get_evidence = handler(evidence.get_evidence)
BROWSER = BY_KEY | {"Accept": "text/html,*/*"}
HOSTILE = "<script>alert(1)</script>"


def get(**more: Any) -> Any:
    return request("GET", **more)


@pytest.fixture
def case(house: FakeHouse) -> Json:
    """A stored case with one item and its manifest."""
    item = house.evidence.keep(CASE_ID, "incident.json", b"{}", source="intake")
    manifest = Manifest(
        case_id=CASE_ID,
        revision=1,
        why="response completed, round 1",
        made_at="2026-11-20T12:00:00Z",  # type: ignore[arg-type] # parsed by the model
        items=[item],
        missing=[Missing(source="OfficeActivity", reason=HOSTILE, by_hand="ask Microsoft")],
        events=ChainHead(item="incident.json", count=0, head=CHAIN_START),
    )
    content = manifest.model_dump_json().encode()
    kept = house.evidence.keep(CASE_ID, "manifest.json", content, source="tourniquet")
    stored = record()
    stored["blocks"][BlockName.EVIDENCE]["details"] = {"manifest": kept.to_json()}
    stored["events"] = []
    house.cases.records[CASE_ID] = stored
    return stored


def found_by_name(found: Json) -> dict[str, str]:
    return {one["name"]: one["state"] for one in found["findings"]}


async def test_a_stranger_learns_nothing(house: FakeHouse, client: FakeClient, case: Json) -> None:
    response = await get_evidence(get(headers={}), client)
    assert response.status_code in (401, 403)
    assert not house.evidence.calls


async def test_an_added_item_is_named_to_a_program(
    house: FakeHouse, client: FakeClient, case: Json
) -> None:
    house.evidence.blobs[f"{CASE_ID}/planted.json"] = b"{}"
    response = await get_evidence(get(headers=BY_KEY), client)
    found = answer(response)
    assert (response.status_code, found["sound"]) == (200, False)
    assert found_by_name(found)["planted.json"] == "added"


async def test_the_page_names_what_is_wrong_and_stays_a_page(
    house: FakeHouse, client: FakeClient, case: Json
) -> None:
    house.evidence.blobs[f"{CASE_ID}/{HOSTILE}"] = b"{}"
    response = await get_evidence(get(headers=BROWSER), client)
    html = response.get_body().decode()
    assert response.mimetype == "text/html"
    assert "The evidence is not what was kept" in html and "&lt;script&gt;" in html
    assert HOSTILE not in html
    assert "OfficeActivity" in html and "ask Microsoft" in html


async def test_no_such_case(house: FakeHouse, client: FakeClient) -> None:
    assert (await get_evidence(get(headers=BY_KEY), client)).status_code == 404


async def test_a_store_that_is_away_is_said(
    house: FakeHouse, client: FakeClient, case: Json
) -> None:
    house.evidence.failing["list_items"] = RetryableError("timed out", vendor="blob")
    assert (await get_evidence(get(headers=BY_KEY), client)).status_code == 503


async def test_too_much_for_a_page_is_left_to_the_command(
    house: FakeHouse, client: FakeClient, case: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(_case_id: str, _name: str) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b""

    monkeypatch.setattr(evidence, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(house.evidence, "read", endless)
    response = await get_evidence(get(headers=BY_KEY), client)
    assert response.status_code == 503
    assert f"make verify-evidence CASE={CASE_ID}" in answer(response)["detail"]
