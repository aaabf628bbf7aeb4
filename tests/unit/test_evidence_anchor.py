"""What vouches for the newest manifest: the record, through later rounds that cannot be sealed."""

from shared.models.base import Json
from shared.models.block import BlockName
from shared.models.case import CaseRequest
from shared.models.evidence import LAST_SEAL, State
from shared.playbook.acting.evidence import STILL_EXPORTING, evidence_block, unexported_block
from shared.playbook.acting.subject import query_parameters
from shared.playbook.reporting.record import merge_record
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import CASE, CASE_ID
from tests.unit.test_evidence_check import PREFIX, check, seal, sealed_twice, wrong

REQUEST = CaseRequest.model_validate(CASE)
NEWEST = f"{PREFIX}manifest-2.json"


def flip(house: FakeHouse) -> None:
    whole = house.evidence.blobs[NEWEST]
    place = whole.index(b"SigninLogs")
    house.evidence.blobs[NEWEST] = whole[:place] + b"X" + whole[place + 1 :]


async def test_a_second_round_that_is_not_sealed_keeps_what_vouches_for_the_first(
    house: FakeHouse,
) -> None:
    record = await sealed_twice(house)
    item = house.evidence.keep(CASE_ID, "2/logs.jsonl.gz", b"{}", source="AuditLogs")
    names = query_parameters(REQUEST, NAME)
    exported = evidence_block(
        REQUEST, user_principal_name=NAME, parameters=names, items=[item], missing=[]
    )
    for block in (unexported_block(REQUEST, names, STILL_EXPORTING, []), exported):
        record = merge_record(record, {"blocks": {BlockName.EVIDENCE: block}})
    details = record["blocks"][BlockName.EVIDENCE]["details"]
    assert details["manifest"]["name"] == "manifest-2.json"
    assert item.name in [one["name"] for one in details["items"]]
    found = await check(house, record)
    assert wrong(found) == {item.name: State.UNSEALED} and found.is_sound
    flip(house)
    found = await check(house, record)
    assert wrong(found)["manifest-2.json"] is State.ALTERED and not found.is_sound


def nameless(record: Json) -> Json:
    """The record as it would be if its manifest had never been saved."""
    blocks = record["blocks"]
    details = blocks[BlockName.EVIDENCE]["details"] | {"manifest": None}
    changed = blocks[BlockName.EVIDENCE] | {"details": details}
    return record | {"blocks": blocks | {BlockName.EVIDENCE: changed}}


async def test_a_record_that_names_no_manifest_is_a_finding_unless_the_ticket_does(
    house: FakeHouse,
) -> None:
    named = await sealed_twice(house)
    sha256 = named["blocks"][BlockName.EVIDENCE]["details"]["manifest"]["sha256"]
    record = nameless(named)
    nothing_vouches = {"manifest named in the case record": State.MISSING}
    assert wrong(await check(house, record)) == nothing_vouches
    assert (await check(house, record, ticket_sha256=sha256)).is_sound
    flip(house)
    assert not (await check(house, record)).is_sound
    assert not (await check(house, record, ticket_sha256=sha256)).is_sound


async def test_what_a_new_run_keeps_is_unsealed_and_not_somebodys(house: FakeHouse) -> None:
    first, second = "20261120T120000000Z", "20261122T080000000Z"
    record = await sealed_twice(house)
    await seal(house, f"{LAST_SEAL}, run {first}")
    record = house.cases.records[CASE_ID] | {"run": first}
    item = house.evidence.keep(CASE_ID, f"{second}/logs.jsonl.gz", b"{}", source="AuditLogs")
    assert wrong(await check(house, record)) == {item.name: State.ADDED}
    found = await check(house, record | {"run": second})
    assert wrong(found) == {item.name: State.UNSEALED} and found.is_sound
