"""Evidence is sealed, then something happens to it, and the check names what."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.evidence_seal import seal_evidence
from activities.record import save_case
from shared.bootstrap import set_providers
from shared.evidence_check import Anchor, anchor_of, check_evidence
from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.evidence import LAST_SEAL, EvidenceCheck, State, extend_chain, first_broken
from tests.support.fakes import FakeHouse
from tests.unit.activities.calls import CASE, CASE_ID, call

AT = "2026-11-20T12:10:00.000Z"
PREFIX = f"{CASE_ID}/"


async def seal(house: FakeHouse, why: str) -> Json:
    """Seal; the record names the manifest then, and says when."""
    sealed = await call(seal_evidence, why=why, at=AT)
    assert sealed["stored"]
    return sealed


async def sealed_twice(house: FakeHouse) -> Json:
    """A case with logs, sealed after the response and at its end; returns its record."""
    store = house.evidence
    await call(save_case, patch={"case": CASE, "timeline": [{"at": AT, "event": "case opened"}]})
    for name in (*RECEIVED, *LOGS):
        store.keep(CASE_ID, name, f'{{"of": "{name}"}}'.encode(), source="intake")
    items = [store.keep(CASE_ID, "logs.jsonl.gz", bytes(range(256)) * 10, source="SigninLogs")]
    details = {"items": [item.to_json() for item in items], "missing": [], "parameters": {}}
    await call(save_case, patch={"blocks": {BlockName.EVIDENCE: {"details": details}}})
    await seal(house, "response completed")
    await call(save_case, patch={"timeline": [{"at": AT, "event": "closed by Ada"}]})
    await seal(house, "response completed, round 2")
    return house.cases.records[CASE_ID]


async def check(house: FakeHouse, record: Json, **more: str) -> EvidenceCheck:
    anchor = anchor_of(record)
    if more:
        anchor = Anchor(**{**vars(anchor), **more})
    return await check_evidence(house.evidence, CASE_ID, anchor)


RECEIVED = ("incident-as-received.json", "joined/case-1.json")
LOGS = (
    "sign-ins-interactive.jsonl.gz",
    "sign-ins-interactive-2.jsonl.gz",
    "2/sign-ins-interactive.jsonl.gz",
    "late/sign-ins-interactive.jsonl.gz",
    "answers/enrich_user-1.jsonl.gz",
)
OWN = ("facts.json", "verdict.json", "decision.json", "actions.json", "events.jsonl")
MANIFESTS = ("manifest.json", "manifest-2.json")


def wrong(found: EvidenceCheck) -> dict[str, State]:
    return {one.name: one.state for one in found.findings if one.state is not State.OK}


async def test_untouched_evidence_is_sound(house: FakeHouse) -> None:
    record = await sealed_twice(house)
    found = await check(house, record)
    assert wrong(found) == {} and found.is_sound
    assert (found.manifest, found.revision) == ("manifest-2.json", 2)
    stored = {name.removeprefix(PREFIX) for name in house.evidence.blobs}
    assert stored <= {one.name for one in found.findings}, "everything was looked at"


async def test_the_manifest_lists_what_the_case_knows_of_itself(house: FakeHouse) -> None:
    await sealed_twice(house)
    manifest = json.loads(house.evidence.blobs[f"{PREFIX}manifest-2.json"])
    names = {item["name"] for item in manifest["items"]}
    documents = {"facts.json", "verdict.json", "decision.json", "actions.json", "events.jsonl"}
    assert documents | {"incident-as-received.json", "logs.jsonl.gz"} <= names
    assert manifest["previous"]["name"] == "manifest.json"
    for item in manifest["items"]:
        assert item["sha256"] and item["collector"] and item["source"], item["name"]


async def test_sealing_again_for_the_same_reason_makes_nothing_new(house: FakeHouse) -> None:
    await sealed_twice(house)
    before = dict(house.evidence.blobs)
    again = await call(seal_evidence, why="response completed, round 2", at=AT)
    assert again["manifest"]["name"] == "manifest-2.json"
    assert house.evidence.blobs == before


@pytest.mark.parametrize("name", ["manifest-3.json", "manifest-99999.json"])
@pytest.mark.parametrize("content", [b"not ours", b"{}"])
async def test_a_manifest_that_is_not_ours_keeps_no_case_from_being_sealed(
    name: str, content: bytes, house: FakeHouse
) -> None:
    await sealed_twice(house)
    house.evidence.blobs[PREFIX + name] = content

    await seal(house, LAST_SEAL)

    found = await check(house, house.cases.records[CASE_ID])
    assert list(wrong(found)) == [name], "the stranger is named, and nothing else"
    assert found.manifest == ("manifest-4.json" if "3" in name else "manifest-3.json")


@pytest.fixture(scope="module")
def sealed() -> tuple[FakeHouse, Json]:
    """One sealed case that every example alters and puts right again."""
    house = FakeHouse()
    set_providers(house.providers)
    record = asyncio.run(sealed_twice(house))
    set_providers(None)
    return house, record


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_altered_byte_anywhere_is_named(
    sealed: tuple[FakeHouse, Json], data: st.DataObject
) -> None:
    house, record = sealed
    blobs = house.evidence.blobs
    name = data.draw(st.sampled_from(sorted(name for name in blobs if blobs[name])))
    place = data.draw(st.integers(0, len(blobs[name]) - 1))
    other = data.draw(st.integers(1, 255))
    whole = blobs[name]
    blobs[name] = whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :]
    try:
        found = wrong(asyncio.run(check(house, record)))
    finally:
        blobs[name] = whole
    assert found.get(name.removeprefix(PREFIX)) is State.ALTERED
    allowed = {name.removeprefix(PREFIX)}
    if "manifest" in name:
        # What only an altered manifest lists cannot be told from what was put there.
        later = (State.ADDED, State.UNSEALED)
        allowed |= {one for one, state in found.items() if state in later}
    assert set(found) <= allowed


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_removed_or_added_item_is_named(
    sealed: tuple[FakeHouse, Json], data: st.DataObject
) -> None:
    house, record = sealed
    blobs = house.evidence.blobs
    before = dict(blobs)
    name = data.draw(st.sampled_from(sorted(blobs)))
    extra = data.draw(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.json", fullmatch=True))
    adds = data.draw(st.booleans()) and PREFIX + extra not in blobs
    if adds:
        blobs[PREFIX + extra] = b"{}"
    else:
        del blobs[name]
    try:
        found = wrong(asyncio.run(check(house, record)))
    finally:
        blobs.clear()
        blobs.update(before)
    expected = (extra, State.ADDED) if adds else (name.removeprefix(PREFIX), State.MISSING)
    assert expected in found.items()


async def test_a_forged_later_manifest_is_named(house: FakeHouse) -> None:
    record = await sealed_twice(house)
    blobs = house.evidence.blobs
    forged = json.loads(blobs[f"{PREFIX}manifest-2.json"]) | {"revision": 3, "items": []}
    blobs[f"{PREFIX}manifest-3.json"] = json.dumps(forged).encode()
    found = await check(house, record)
    assert wrong(found) == {"manifest-3.json": State.ADDED}
    assert found.manifest == "manifest-2.json"


async def test_evidence_and_record_forged_together_are_found_by_the_ticket(
    house: FakeHouse,
) -> None:
    record = await sealed_twice(house)
    genuine = (await check(house, record)).findings
    said = next(one.sha256 for one in genuine if one.name == "manifest.json")
    assert said is not None
    assert (await check(house, record, ticket_sha256=said)).is_sound
    found = await check(house, record, ticket_sha256="f" * 64)
    assert wrong(found) == {"manifest named in the ticket": State.MISSING}


async def test_what_the_case_kept_since_is_told_from_what_was_put_there(house: FakeHouse) -> None:
    record = await sealed_twice(house)
    house.evidence.keep(CASE_ID, "joined-1.json", b"{}", source="intake")
    found = await check(house, record)
    assert wrong(found) == {"joined-1.json": State.UNSEALED} and found.is_sound
    house.evidence.blobs[f"{PREFIX}joined-1.json"] = b"[]"
    assert wrong(await check(house, record)) == {"joined-1.json": State.ADDED}
    house.evidence.blobs[f"{PREFIX}joined-1.json"] = b"{}"
    await seal(house, LAST_SEAL)
    found = await check(house, record := house.cases.records[CASE_ID])
    assert wrong(found) == {}
    house.evidence.keep(CASE_ID, "joined-2.json", b"{}", source="intake")
    found = await check(house, record)
    assert wrong(found) == {"joined-2.json": State.ADDED} and not found.is_sound


async def test_a_case_without_evidence_is_not_sound(house: FakeHouse) -> None:
    found = await check_evidence(house.evidence, CASE_ID, Anchor())
    assert wrong(found) == {"manifest.json": State.MISSING}


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_change_of_the_records_events_is_named(
    sealed: tuple[FakeHouse, Json], data: st.DataObject
) -> None:
    house, record = sealed
    events: list[Json] = json.loads(json.dumps(record["events"]))
    place = data.draw(st.integers(0, len(events) - 1))
    match data.draw(st.sampled_from(["text", "time", "hash", "gone", "twice", "swapped"])):
        case "text":
            events[place]["event"] += "!"
        case "time":
            events[place]["at"] = "2026-11-20T12:10:00.001Z"
        case "hash":
            events[place]["sha256"] = "0" * 64
        case "gone":
            # The last event was written after the seal; what was never sealed can be lost.
            place = data.draw(st.integers(0, len(events) - 2))
            del events[place]
        case "twice":
            events.insert(place, events[place])
        case _:
            place = data.draw(st.integers(0, len(events) - 2))
            events[place : place + 2] = reversed(events[place : place + 2])
    found = wrong(asyncio.run(check(house, record | {"events": events})))
    assert found == {"events of the case record": State.ALTERED}


async def test_a_chain_rewritten_from_an_altered_event_on_does_not_meet_the_sealed_head(
    house: FakeHouse,
) -> None:
    record = await sealed_twice(house)
    told = [{"at": one["at"], "event": one["event"]} for one in record["events"]]
    assert wrong(await check(house, record | {"events": extend_chain([], told)})) == {}
    for place in range(len(told) - 1):
        other = [*told[:place], told[place] | {"event": "nothing happened"}, *told[place + 1 :]]
        forged = extend_chain([], other)
        assert first_broken(forged) is None, "a forger can make a chain that fits"
        found = wrong(await check(house, record | {"events": forged}))
        assert found == {"events of the case record": State.ALTERED}, place


def test_a_chain_grows_at_its_end_whatever_the_time() -> None:
    first = extend_chain([], [{"at": "2026-11-20T12:00:05Z", "event": "later"}])
    both = [{"at": "2026-11-20T12:00:01Z", "event": "earlier"}, *first]
    longer = extend_chain(first, both)
    assert longer[:1] == first
    assert [one["event"] for one in longer] == ["later", "earlier"]
    assert extend_chain(longer, both) == longer
