"""Evidence of every kind: a flipped byte is named, and what is sealed after the end is in order."""

import asyncio
import json

import pytest

from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import LAST_SEAL, State
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import outcome
from tests.unit.activities.calls import CASE_ID, call
from tests.unit.test_evidence_check import (
    AT,
    LOGS,
    MANIFESTS,
    OWN,
    PREFIX,
    RECEIVED,
    check,
    seal,
    sealed,
    sealed_twice,
    wrong,
)

__all__ = ["sealed"]


def test_every_kind_of_item_is_among_them(sealed: tuple[FakeHouse, Json]) -> None:
    house, record = sealed
    [listed] = [one for one in asyncio.run(check(house, record)).findings if "log" in one.name]
    kinds = {PREFIX + name for name in (*RECEIVED, *LOGS, *OWN, *MANIFESTS, listed.name)}
    more = set(house.evidence.blobs) - kinds
    assert kinds <= set(house.evidence.blobs)
    assert all("events-" in name for name in more), "the chain has grown"


@pytest.mark.parametrize("name", [*RECEIVED, *LOGS, *OWN, *MANIFESTS])
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
def test_a_flipped_byte_of_every_kind_of_item_is_named(
    sealed: tuple[FakeHouse, Json], name: str, place: float
) -> None:
    house, record = sealed
    blobs = house.evidence.blobs
    whole = blobs[PREFIX + name]
    at = int((len(whole) - 1) * place)
    blobs[PREFIX + name] = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    try:
        found = asyncio.run(check(house, record))
    finally:
        blobs[PREFIX + name] = whole
    assert wrong(found)[name] is State.ALTERED and not found.is_sound


async def test_what_is_sealed_after_the_end_is_in_order_and_nothing_else_is(
    house: FakeHouse,
) -> None:
    """An undo days after the watch: its own manifest lists it, and nothing is kept beside it."""
    await sealed_twice(house)
    await seal(house, LAST_SEAL)
    undone = {"at": AT, "by": "kim", "comment": "it was her", "verified": True, "detail": ""}
    taken = outcome(ActionName.DISABLE_ACCOUNT, undone=undone)
    await call(save_case, patch={"actions": [taken]})
    again = await seal(house, "taken back, undo 1")
    assert again["manifest"]["name"] == "manifest-4.json"
    record = house.cases.records[CASE_ID]
    found = await check(house, record)
    assert wrong(found) == {} and found.revision == 4
    kept = [json.loads(one) for name, one in house.evidence.blobs.items() if "actions" in name]
    assert [bool(one["actions"]) for one in kept].count(True) == 1, "what came after is evidence"
    house.evidence.keep(CASE_ID, "joined/case-2.json", b"{}", source="intake")
    assert wrong(await check(house, record)) == {"joined/case-2.json": State.ADDED}


async def test_the_record_names_the_later_of_two_manifests(house: FakeHouse) -> None:
    """The case and an undo of it seal at the same time, and the first to seal writes last."""
    await sealed_twice(house)
    first = await call(seal_evidence, why="taken back, undo 1", at=AT)
    await seal(house, LAST_SEAL)
    details = {key: first[key] for key in ("manifest", "items", "events")}
    await call(save_case, patch={"blocks": {BlockName.EVIDENCE: {"details": details}}})
    record = house.cases.records[CASE_ID]
    assert record["blocks"][BlockName.EVIDENCE]["details"]["manifest"]["revision"] == 4
    assert wrong(await check(house, record)) == {}
