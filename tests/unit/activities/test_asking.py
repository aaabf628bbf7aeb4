"""Claims of questions, and what silence may still do when the deadline has passed."""

from collections.abc import Callable
from typing import Any

import pytest

from activities import asking
from activities.asking import check_silence, claim_decision
from shared.errors import RetryableError
from shared.models.base import Json, parse_utc
from shared.models.directory import Memberships
from shared.models.plan import ActionName
from tests.support.fakes import FakeHouse
from tests.support.scripts import ADDRESS, NAME, case_payload, decided
from tests.unit.activities.calls import call

CASE_ID = "case-0123456789abcdef01234567"
RUN = "20261120T120000000Z"
REVOKE, BLOCK = ActionName.REVOKE_SESSIONS, ActionName.BLOCK_IP
SILENT = {"on_silence": {"High": ["RevokeSessions", "BlockIP"]}}


def answer(channel: str = "deadline", question: int = 1) -> Json:
    return {
        "actions": ["RevokeSessions"],
        "decided_by": "kim",
        "decided_at": "2026-11-20T12:01:00.000Z",
        "channel": channel,
        "question": question,
        "run": RUN,
    }


@pytest.fixture(autouse=True)
def _directory(house: FakeHouse) -> None:
    """Roles are read anew."""


async def check(*actions: ActionName, **judged: Any) -> Json:
    facts: Json = {"mode": "automatic", "alone": [], "account": {"kinds": ["ordinary"]}}
    return await call(
        check_silence,
        case=case_payload(mode="automatic"),
        decided=decided() | facts | judged,
        actions=list(actions or (REVOKE,)),
    )


async def test_the_first_claim_of_a_question_counts(house: FakeHouse) -> None:
    mine, theirs = answer(), answer("web")
    first = await call(claim_decision, case_id=CASE_ID, decision=theirs)
    later = await call(claim_decision, case_id=CASE_ID, decision=mine)
    assert first["decision"]["channel"] == later["decision"]["channel"] == "web"
    again = await call(claim_decision, case_id=CASE_ID, decision=answer(question=2))
    assert again["decision"]["channel"] == "deadline"
    assert set(house.cases.claims) == {
        f"{CASE_ID}/{RUN}-decision",
        f"{CASE_ID}/{RUN}-decision-2",
    }


async def test_a_redelivered_claim_finds_its_own(house: FakeHouse) -> None:
    once = await call(claim_decision, case_id=CASE_ID, decision=answer())
    assert once == await call(claim_decision, case_id=CASE_ID, decision=answer())


async def test_a_store_that_is_away_claims_nothing(house: FakeHouse) -> None:
    house.cases.failing["claim"] = RetryableError("down", vendor="blob")
    with pytest.raises(RetryableError):
        await call(claim_decision, case_id=CASE_ID, decision=answer())


async def test_what_the_policy_still_allows_is_done(govern: Callable[..., None]) -> None:
    govern(asking=SILENT)
    found = await check(REVOKE, BLOCK)
    assert (found["actions"], found["why"]) == ([REVOKE, BLOCK], "")


@pytest.mark.parametrize(
    ("mode", "judged", "why"),
    [
        ("observe", {}, "observe mode since the case began: nothing is done"),
        ("approve", {}, "approve mode since the case began, and it was automatic mode when"),
        ("observe", {"mode": None}, "observe mode since the case began"),
    ],
)
async def test_a_mode_that_was_switched_down_stops_silence(
    govern: Callable[..., None],
    configure: Callable[..., None],
    mode: str,
    judged: Json,
    why: str,
) -> None:
    """``TOURNIQUET_MODE`` is what people switch: it wins over the file."""
    govern(asking=SILENT)
    assert (await check(**judged))["actions"] == [REVOKE]
    configure(mode=mode)
    found = await check(**judged)
    assert found["actions"] == [] and found["why"].startswith(why)


async def test_what_was_asked_in_approve_mode_may_be_done_in_it(
    govern: Callable[..., None],
) -> None:
    govern(asking=SILENT)
    found = await call(
        check_silence,
        case=case_payload(mode="approve"),
        decided=decided() | {"mode": "approve", "account": {"kinds": ["ordinary"]}},
        actions=[REVOKE],
    )
    assert (found["actions"], found["why"]) == ([REVOKE], "")


@pytest.mark.parametrize(
    ("at", "left"), [("2026-11-20T10:00:00Z", []), ("2026-11-20T22:00:00Z", [REVOKE])]
)
async def test_business_hours_count_at_the_deadline(
    govern: Callable[..., None], monkeypatch: pytest.MonkeyPatch, at: str, left: list[str]
) -> None:
    hours = {"time_zone": "Europe/Berlin", "from": "08:00", "to": "18:00", "during": "observe"}
    govern(asking=SILENT, business_hours=hours)
    monkeypatch.setattr(asking, "utc_now", lambda: parse_utc(at))
    found = await check()
    assert found["actions"] == left
    assert left or "observe mode in business hours" in found["why"]


async def test_what_is_no_longer_in_the_policys_list_is_not_done(
    govern: Callable[..., None],
) -> None:
    govern(asking={"on_silence": {"High": ["RevokeSessions"]}})
    found = await check(REVOKE, BLOCK)
    assert found["actions"] == [REVOKE]
    assert found["why"].endswith("does not allow it without an answer: BlockIP")


async def test_what_was_automatic_and_is_not_any_more_is_not_done_by_silence(
    govern: Callable[..., None],
) -> None:
    """An address in doubt was asked about, though blocking was automatic; now it is not."""
    allowed = {"ordinary": {"High": ["RevokeSessions"]}}
    govern(automatic=allowed, asking=SILENT)
    found = await check(REVOKE, BLOCK, alone=[REVOKE, BLOCK])
    assert found["actions"] == [REVOKE] and "BlockIP" in found["why"]
    assert (await check(REVOKE, BLOCK, alone=[REVOKE]))["actions"] == [REVOKE, BLOCK]


async def test_an_address_that_became_the_organisations_own_is_not_blocked(
    govern: Callable[..., None],
) -> None:
    govern(asking=SILENT, never_block={"addresses": [ADDRESS]})
    found = await check(REVOKE, BLOCK)
    assert found["actions"] == [REVOKE]
    assert found["why"] == (f"{ADDRESS} is never blocked: it is the organisation's own ({ADDRESS})")


@pytest.mark.parametrize(
    ("listed", "asked"),
    [({"break_glass": [NAME]}, {}), ({"vip": [NAME]}, {"two_persons": ["vip"]})],
    ids=["break-glass", "two persons"],
)
async def test_what_the_account_is_listed_as_since_counts(
    govern: Callable[..., None], listed: Json, asked: Json
) -> None:
    govern(asking=SILENT | asked)
    assert (await check())["actions"] == [REVOKE]
    govern(asking=SILENT | asked, accounts=listed)
    assert (await check())["actions"] == []


async def test_the_limits_of_now_are_told(govern: Callable[..., None]) -> None:
    govern(asking=SILENT, limits={"automatic_per_hour": 0})
    assert (await check())["limits"]["automatic_per_hour"] == 0


async def test_who_became_an_administrator_since_is_one(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(asking=SILENT | {"two_persons": ["privileged"]})
    assert (await check())["actions"] == [REVOKE]
    house.directory.memberships = Memberships(roles=["Global Administrator"])
    found = await check()
    assert (found["actions"], found["kinds"]) == ([], ["ordinary", "privileged"])


async def test_silence_does_nothing_until_the_roles_are_read(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(asking=SILENT)
    house.directory.failing["get_memberships"] = RetryableError("timed out")
    with pytest.raises(RetryableError):
        await check()
    assert (await check(object_id=None))["actions"] == []


@pytest.mark.parametrize("listed", ["00u-twin", "ada@okta.example"])
async def test_what_the_same_account_elsewhere_is_listed_as_counts(
    house: FakeHouse, govern: Callable[..., None], listed: str
) -> None:
    twin = {"directory": "entra", "object_id": "00u-twin"}
    account = {
        "kinds": ["ordinary"],
        "also_in": [twin | {"user_principal_name": "ada@okta.example"}],
    }
    govern(asking=SILENT)
    assert (await check(account=account))["actions"] == [REVOKE]
    govern(asking=SILENT, accounts={"break_glass": [listed]})
    assert (await check(account=account))["actions"] == []
