"""Logs that know an account by its name only, and incidents that tell another one."""

import asyncio
from typing import Any

import pytest

from activities.analysis import analyse_activity
from activities.evidence import preserve_evidence
from activities.recheck import recheck_sign_ins
from activities.sign_ins import analyse_sign_ins
from shared.errors import NotFound, PermanentError, RetryableError
from shared.models.base import Json
from shared.models.block import BlockName
from shared.playbook.acting.subject import NOBODY, asks_on_premises
from shared.playbook.hunts import load_hunts
from tests.support.fakes import FakeHouse
from tests.support.scripts import NAME, OBJECT_ID
from tests.unit.activities.calls import CASE, block, call

DOWN = RetryableError("timed out", vendor="entra", operation="users.get")
GONE = NotFound("no such user", vendor="entra", operation="users.get")
SID = "s-1-5-21-1-2-3-1104"
BY_NAME = {"OfficeActivity", "CommonSecurityLog", "DeviceLogonEvents"}


def about(**account: str) -> Json:
    return CASE | {"account": {"key": "a" * 32} | account}


@pytest.fixture
def asked(house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> list[Json]:
    """The parameters of every query that the SIEM is asked."""
    found: list[Json] = []
    ask = house.siem.run_query

    async def record(query: str, *, parameters: Json, **period: Any) -> Any:
        found.append(parameters)
        return await ask(query, parameters=parameters, **period)

    monkeypatch.setattr(house.siem, "run_query", record)
    return found


def not_run(found: Json) -> set[str]:
    return {hunt.id for hunt in load_hunts()} - set(found["outputs"]["queries_run"])


@pytest.mark.parametrize(
    "case",
    [
        about(user_id=OBJECT_ID, object_id=OBJECT_ID),
        about(user_id=SID, sid=SID),
        about(user_id="ada"),
    ],
    ids=["object id", "sid", "bare name"],
)
async def test_hunts_ask_by_the_name_that_the_directory_tells(
    house: FakeHouse, asked: list[Json], case: Json
) -> None:
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    assert (found["status"], not_run(found)) == ("complete", set())
    assert {one["userPrincipalName"] for one in asked} == {NAME}
    assert {one["accountName"] for one in asked} == {NAME.split("@")[0]}


async def test_hunts_by_name_are_not_available_when_nobody_knows_the_name(
    house: FakeHouse, asked: list[Json]
) -> None:
    house.directory.failing["get_user"] = DOWN
    case = about(user_id=OBJECT_ID, object_id=OBJECT_ID)
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    assert found["status"] == "partial"
    assert not_run(found) == {one.id for one in load_hunts() if BY_NAME & set(one.tables)}
    lines = found["outputs"]["incomplete_queries"]
    assert all("the account's name is not known" in line for line in lines)
    assert any("timed out" in note for note in found["notes"])
    assert all(one["userPrincipalName"] == one["accountName"] == NOBODY for one in asked)


@pytest.mark.parametrize(
    ("case", "run"),
    [
        (about(user_id=SID, sid=SID), set()),
        (
            about(user_id="ada"),
            {"large_transfers", "lateral_movement", "suspicious_commands"},
        ),
    ],
)
async def test_only_what_a_bare_name_can_find_is_asked_for(
    house: FakeHouse, case: Json, run: set[str]
) -> None:
    house.directory.failing["get_user"] = GONE
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    assert set(found["outputs"]["queries_run"]) == run


async def test_the_same_holds_in_google_secops(house: FakeHouse) -> None:
    house.siem.language = "udm"
    house.directory.failing["get_user"] = GONE
    found = await block(analyse_activity, BlockName.ACTIVITY, case=about(user_id=SID, sid=SID))
    assert found["outputs"]["queries_run"] == []


@pytest.mark.parametrize(
    ("language", "tables"),
    [
        ("kql", ["OfficeActivity", "DeviceLogonEvents"]),
        ("udm", ["UDM OFFICE_365"]),
    ],
)
async def test_exports_by_an_unknown_name_are_missing(
    house: FakeHouse, language: Any, tables: list[str]
) -> None:
    house.siem.language = language
    case = about(user_id=OBJECT_ID, object_id=OBJECT_ID)
    kept = (await call(preserve_evidence, case=case, user_principal_name=None, round=1))["block"]
    lines = [one for one in kept["details"]["missing"] if "name is not known" in one["reason"]]
    assert [one["source"] for one in lines] == tables
    assert kept["status"] == "partial"


@pytest.mark.parametrize("case", [about(user_id=SID, sid=SID), about(user_id="ada")])
async def test_sign_ins_are_asked_for_by_what_the_directory_tells(
    house: FakeHouse, case: Json
) -> None:
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=case)
    await call(recheck_sign_ins, case=case, since=CASE["now"])
    assert house.sign_in_log.asked == [(OBJECT_ID, NAME)] * 2
    assert not [note for note in found["notes"] if "not known" in note]


@pytest.mark.parametrize("error", [GONE, DOWN])
async def test_a_sign_in_log_that_knows_no_such_name_is_not_called_empty(
    house: FakeHouse, error: Exception
) -> None:
    house.directory.failing["get_user"] = error
    case = about(user_id=SID, sid=SID)
    found = await block(analyse_sign_ins, BlockName.SIGN_INS, case=case)
    assert found["status"] == "partial"
    assert any("not known" in note and "by hand" in note for note in found["notes"])
    with pytest.raises(PermanentError, match="not known"):
        await call(recheck_sign_ins, case=case, since=CASE["now"])
    assert house.sign_in_log.asked == []


@pytest.fixture
def drivers(house: FakeHouse) -> FakeHouse:
    """The account is synced, and computers on-premises know it by another name."""
    synced = {"on_premises_sync_enabled": True, "on_premises_sam_account_name": "drivers"}
    house.directory.user = house.directory.user.model_copy(update=synced)
    return house


@pytest.mark.parametrize("case", [CASE, about(user_id="drivers")], ids=["name", "bare name"])
async def test_a_synced_account_is_asked_for_by_its_name_on_premises_too(
    drivers: FakeHouse, asked: list[Json], case: Json
) -> None:
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    assert {one["onPremisesName"] for one in asked} == {"drivers"}
    assert {one["accountName"] for one in asked} == {NAME.split("@")[0]}
    assert found["outputs"]["incomplete_queries"] == []


async def test_only_queries_for_the_name_on_premises_wait_for_the_directory(
    house: FakeHouse, asked: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_name = [hunt for hunt in load_hunts() if asks_on_premises(hunt.query)]
    others_asked = asyncio.Event()
    ask, tell = house.siem.run_query, house.directory.get_user

    async def count(query: str, **values: Any) -> Any:
        answer = await ask(query, **values)
        if len(asked) == len(load_hunts()) - len(by_name):
            others_asked.set()
        return answer

    async def slow(user_id: str) -> Any:
        await others_asked.wait()
        return await tell(user_id)

    monkeypatch.setattr(house.siem, "run_query", count)
    monkeypatch.setattr(house.directory, "get_user", slow)
    case = about(user_id=OBJECT_ID, object_id=OBJECT_ID, user_principal_name=NAME)
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    assert by_name and (found["status"], not_run(found)) == ("complete", set())


@pytest.mark.parametrize("failing", [True, False], ids=["directory away", "no name told"])
async def test_a_name_on_premises_that_is_not_known_is_said(
    drivers: FakeHouse, failing: bool
) -> None:
    nameless = {"on_premises_sam_account_name": None}
    drivers.directory.user = drivers.directory.user.model_copy(update=nameless)
    if failing:
        drivers.directory.failing["get_user"] = DOWN
    case = about(user_id=OBJECT_ID, object_id=OBJECT_ID, user_principal_name=NAME)
    found = await block(analyse_activity, BlockName.ACTIVITY, case=case)
    lines = found["outputs"]["incomplete_queries"]
    assert [line.split(":")[0] for line in lines] == ["large_transfers", "lateral_movement"]
    assert all("name on-premises is not known" in line for line in lines)
    assert not_run(found) == set(), "what the other names find is found"


@pytest.mark.parametrize(("name", "sources"), [(None, ["DeviceLogonEvents"]), ("drivers", [])])
async def test_an_export_that_may_miss_the_account_says_so(
    house: FakeHouse, name: str | None, sources: list[str]
) -> None:
    names = {"user_principal_name": NAME, "on_premises_name": name}
    kept = (await call(preserve_evidence, case=CASE, round=1, **names))["block"]
    lines = [one for one in kept["details"]["missing"] if "on-premises" in one["reason"]]
    assert [one["source"] for one in lines] == sources
    assert kept["details"]["parameters"]["onPremisesName"] == (name or NOBODY)
