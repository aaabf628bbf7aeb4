"""Deciding early on what has been gathered by then, and in full afterwards."""

from collections.abc import Callable
from itertools import chain, combinations

import pytest

from activities.addresses import check_address
from activities.analysis import analyse_activity
from activities.deciding import decide_response
from activities.deciding_early import decide_early
from activities.enrichment import enrich_user
from activities.sign_ins import analyse_sign_ins
from shared.models.base import Json, parse_utc
from shared.models.block import BlockName
from shared.models.directory import Memberships
from shared.models.plan import Disposition
from shared.models.signin import SignInLogResult
from shared.playbook.planning.decided import Decided, only_decisive
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME
from tests.unit.activities.calls import call
from tests.unit.activities.test_deciding import DOWN, attack, automatic, case
from tests.unit.playbook.builders import ATTACKER, SUCCESS_AT, finding, history

__all__ = ["attack"]

NIGHT, DAY = "2026-11-20T22:00:00Z", "2026-11-20T10:00:00Z"
BY_DAY = {"time_zone": "UTC", "from": "08:00", "to": "18:00", "during": "approve"}
LATER = (BlockName.ADDRESS, BlockName.ACTIVITY)
SOME = list(chain.from_iterable(combinations(LATER, number) for number in (0, 1, 2)))


async def gathered(given: Json) -> dict[str, Json]:
    """Return what every block answers."""
    blocks: dict[str, Json] = {
        name: (await call(activity, case=given))["block"]
        for name, activity in (
            (BlockName.USER, enrich_user),
            (BlockName.SIGN_INS, analyse_sign_ins),
            (BlockName.ACTIVITY, analyse_activity),
        )
    }
    return blocks | {BlockName.ADDRESS: (await call(check_address, address=ATTACKER))["block"]}


async def early(given: Json, blocks: dict[str, Json], *missing: BlockName) -> Json:
    known = only_decisive({name: one for name, one in blocks.items() if name not in missing})
    return await call(decide_early, case=given, blocks=known)


@pytest.mark.parametrize("missing", SOME, ids=lambda names: "+".join(names) or "nothing")
async def test_what_is_certain_is_what_is_planned_in_the_end(missing: tuple[BlockName]) -> None:
    given = case()
    blocks = await gathered(given)
    found = Decided.model_validate(await early(given, blocks, *missing))
    full = Decided.model_validate(await call(decide_response, case=given, blocks=blocks))
    assert [str(line.action) for line in found.plan] == ["ForcePasswordReset", "RevokeSessions"]
    assert [line for line in found.plan if line not in full.plan] == []
    for name in ("object_id", "directory", "user_principal_name", "limits", "compromised_since"):
        assert getattr(found, name) == getattr(full, name), name
    assert found.attacked_at == full.attacked_at
    assert found.account["kinds"] == full.account["kinds"]
    assert full.with_begun(found) == full


async def test_what_has_begun_stays_so_when_the_hour_changes_the_mode(
    govern: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Business hours may begin between both; nobody is asked about what is done already."""
    govern(business_hours=BY_DAY)
    given = case()
    blocks = await gathered(given)
    monkeypatch.setattr("activities.deciding_early.utc_now", lambda: parse_utc(NIGHT))
    monkeypatch.setattr("activities.deciding.utc_now", lambda: parse_utc(DAY))
    found = Decided.model_validate(await early(given, blocks, *LATER))
    full = Decided.model_validate(await call(decide_response, case=given, blocks=blocks))
    assert {line.disposition for line in full.plan} == {Disposition.ASK}
    plan = {str(line.action): line.disposition for line in full.with_begun(found).plan}
    assert plan == {
        "ForcePasswordReset": Disposition.AUTOMATIC,
        "RevokeSessions": Disposition.AUTOMATIC,
        "BlockIP": Disposition.ASK,
    }


async def test_only_what_locks_out_begins_early(govern: Callable[..., None]) -> None:
    """What has no order waits for those, and for the hunts that call for it."""
    allowed = ["RevokeSessions", "ForcePasswordReset", "DisableInboxRules"]
    govern(automatic={"ordinary": {"High": allowed}})
    given = case()
    blocks = await gathered(given)
    rules = finding("inbox_rules", "2026-11-20T12:20:00Z").to_json()
    blocks[BlockName.ACTIVITY]["outputs"]["findings"] = [rules]
    full = Decided.model_validate(await call(decide_response, case=given, blocks=blocks))
    assert "DisableInboxRules" in automatic(full)
    found = Decided.model_validate(await early(given, blocks, BlockName.ADDRESS))
    assert [str(line.action) for line in found.plan] == ["ForcePasswordReset", "RevokeSessions"]


async def test_by_day_nothing_begins_early_where_a_person_is_asked_by_day(
    govern: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    govern(business_hours=BY_DAY)
    monkeypatch.setattr("activities.deciding_early.utc_now", lambda: parse_utc(DAY))
    given = case()
    assert not await early(given, await gathered(given))


@pytest.mark.parametrize("mode", ["observe", "approve"])
async def test_nothing_begins_early_where_nothing_is_automatic(mode: str) -> None:
    given = case(mode=mode)
    assert not await early(given, await gathered(given), *LATER)


@pytest.mark.parametrize("kind", ["vip", "break_glass", "service"])
async def test_nothing_begins_early_on_an_account_that_a_person_is_asked_about(
    govern: Callable[..., None], kind: str
) -> None:
    govern(accounts={kind: [NAME]})
    given = case()
    assert not await early(given, await gathered(given), *LATER)


async def test_nothing_begins_early_on_an_administrator(house: FakeHouse) -> None:
    house.directory.memberships = Memberships(roles=["Global Administrator"])
    given = case()
    assert not await early(given, await gathered(given), *LATER)


@pytest.mark.parametrize("name", [BlockName.USER, BlockName.SIGN_INS])
async def test_nothing_is_certain_without_the_account_or_its_sign_ins(name: BlockName) -> None:
    given = case()
    assert not await early(given, await gathered(given), name)


async def test_nothing_is_certain_of_an_account_that_was_not_read(house: FakeHouse) -> None:
    house.directory.failing["get_user"] = DOWN
    given = case()
    assert not await early(given, await gathered(given), *LATER)


async def test_nothing_is_certain_of_an_ordinary_sign_in(house: FakeHouse) -> None:
    rows = history()
    house.sign_in_log.result = SignInLogResult(events=rows, rows=len(rows))
    given = case(detected_at=SUCCESS_AT.isoformat())
    assert not await early(given, await gathered(given), *LATER)
