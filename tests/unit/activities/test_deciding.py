"""Deciding on what gathering brought, with each source failing in turn."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.addresses import check_address
from activities.analysis import analyse_activity
from activities.deciding import decide_response
from activities.enrichment import enrich_user
from activities.sign_ins import analyse_sign_ins
from shared.errors import RetryableError
from shared.models.base import Json, format_utc
from shared.models.block import BlockName, BlockStatus, make_block
from shared.models.directory import Memberships, UserRisk
from shared.models.plan import ActionName, Disposition
from shared.models.signin import SignInLogResult
from shared.playbook.planning.decided import Decided
from tests.support.fakes import FakeFirewall, FakeHouse
from tests.support.scripts import NAME, case_payload
from tests.unit.activities.calls import call
from tests.unit.playbook.builders import (
    ABROAD,
    ATTACK_AT,
    ATTACKER,
    EIGHT_MINUTES,
    SUCCESS_AT,
    WITHOUT_MFA,
    failures,
    history,
    sign_in,
)

DOWN = RetryableError("timed out", vendor="vendor", operation="read")
ATTACK = [
    *history(),
    *failures(25, over=EIGHT_MINUTES, **ABROAD),
    sign_in(SUCCESS_AT, id="success", **ABROAD | WITHOUT_MFA),
]


@pytest.fixture(autouse=True)
def attack(house: FakeHouse, configure: Callable[..., None]) -> None:
    """A brute force that succeeded from abroad, everything readable, a firewall configured."""
    house.sign_in_log.result = SignInLogResult(events=ATTACK, rows=len(ATTACK))


def case(**changes: Any) -> Json:
    now = (ATTACK_AT + timedelta(minutes=30)).isoformat()
    return case_payload(**{"addresses": [ATTACKER], "now": now} | changes)


async def decide(given: Json | None = None) -> Decided:
    """Gather as the orchestration does, then decide."""
    given = given or case()
    blocks: Json = {}
    if given["account"]:
        for name, activity in (
            (BlockName.USER, enrich_user),
            (BlockName.SIGN_INS, analyse_sign_ins),
            (BlockName.ACTIVITY, analyse_activity),
        ):
            blocks[name] = (await call(activity, case=given))["block"]
    else:
        for name in (BlockName.USER, BlockName.SIGN_INS, BlockName.ACTIVITY):
            blocks[name] = make_block(name, BlockStatus.SKIPPED, inputs={}).block.to_json()
    address = await call(check_address, address=(given["addresses"] or [ATTACKER])[0])
    blocks[BlockName.ADDRESS] = address["block"]
    return Decided.model_validate(await call(decide_response, case=given, blocks=blocks))


def dispositions(decided: Decided) -> dict[str, str]:
    return {str(line.action): str(line.disposition) for line in decided.plan}


def automatic(decided: Decided) -> set[str]:
    """Return what would be done to the account or the firewall without asking anybody."""
    lines = [line for line in decided.plan if line.disposition is Disposition.AUTOMATIC]
    return {str(line.action) for line in lines} - {"MonitorOnly", "NoAction"}


async def test_a_clear_case_is_contained_without_asking() -> None:
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "High"
    assert automatic(decided) == {"ForcePasswordReset", "RevokeSessions", "BlockIP"}
    assert decided.account["kinds"] == ["ordinary"]
    assert decided.user_principal_name == NAME
    assert decided.address == decided.blockable_address == decided.campaign_address == ATTACKER
    scoring = decided.blocks[BlockName.SCORING]
    assert scoring["status"] == "complete"
    assert scoring["inputs"]["ip_reputation_score"] == 90
    user = decided.blocks[BlockName.USER]
    assert user["outputs"]["mfa_status_at_login"] is not None
    assert user["outputs"]["last_known_logon_time"] is not None


async def test_what_came_before_the_success_is_older_than_the_compromise() -> None:
    decided = await decide()
    assert decided.compromised_since is not None
    assert format_utc(decided.compromised_since) == format_utc(SUCCESS_AT)


async def test_the_same_input_gives_the_same_answer() -> None:
    first, again = await decide(), await decide()
    times = ("started_at", "finished_at")

    def timeless(decided: Decided) -> str:
        blocks = {
            name: {key: value for key, value in block.items() if key not in times}
            for name, block in decided.blocks.items()
        }
        return json.dumps(decided.to_json() | {"blocks": blocks}, sort_keys=True)

    assert timeless(first) == timeless(again)


async def test_an_account_that_could_not_be_looked_up_is_never_touched_without_asking(
    house: FakeHouse,
) -> None:
    house.directory.failing["get_user"] = DOWN
    decided = await decide()
    assert not automatic(decided)
    assert set(dispositions(decided).values()) == {"ask"}
    assert any("could not be established" in line.why for line in decided.plan)


async def test_unknown_roles_are_treated_as_if_they_mattered(house: FakeHouse) -> None:
    house.directory.failing["get_memberships"] = DOWN
    assert not automatic(await decide())


async def test_without_the_sign_in_log_it_is_medium_and_nothing_is_automatic(
    house: FakeHouse,
) -> None:
    house.sign_in_log.failing["get_sign_ins"] = DOWN
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "Medium"
    assert decided.verdict.completeness < 1
    assert not automatic(decided)
    assert decided.blocks[BlockName.SCORING]["status"] == "partial"


async def test_when_everything_failed_it_is_medium_and_nothing_is_automatic(
    house: FakeHouse,
) -> None:
    for method in ("get_user", "get_memberships", "get_mfa_registration", "get_risk"):
        house.directory.failing[method] = DOWN
    house.sign_in_log.failing["get_sign_ins"] = DOWN
    house.siem.failing["run_query"] = DOWN
    house.reputation.failing["lookup"] = DOWN
    house.geo.failing["locate"] = DOWN
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "Medium"
    assert not automatic(decided)
    assert decided.plan, "the record says what was decided"
    assert decided.blocks[BlockName.SCORING]["inputs"]["ip_reputation_score"] == "unknown"


async def test_the_hunts_alone_failing_does_not_hold_a_clear_case(house: FakeHouse) -> None:
    house.siem.failing["run_query"] = DOWN
    assert (await decide()).verdict.compromise_confidence_score == "High"


@pytest.mark.parametrize("listed", [NAME, NAME.upper(), "5f0c2a9e-0000-4000-8000-000000000001"])
async def test_a_break_glass_account_is_never_touched(
    govern: Callable[..., None], listed: str
) -> None:
    govern(accounts={"break_glass": ["other@contoso.example", listed]})
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "High", "impact never changes likelihood"
    assert set(dispositions(decided).values()) == {"never"}
    assert decided.account["kinds"] == ["break_glass"]


async def test_a_break_glass_account_is_known_even_when_the_directory_is_not_there(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    house.directory.failing["get_user"] = DOWN
    govern(accounts={"break_glass": ["5f0c2a9e-0000-4000-8000-000000000001"]})
    assert set(dispositions(await decide()).values()) == {"never"}


async def test_a_synced_accounts_password_is_reset_by_hand(house: FakeHouse) -> None:
    house.directory.user = house.directory.user.model_copy(
        update={"on_premises_sync_enabled": True}
    )
    decided = await decide()
    assert dispositions(decided)["ForcePasswordReset"] == "never"
    assert dispositions(decided)["RevokeSessions"] == "automatic"
    assert decided.account["synced"] is True


async def test_a_guests_password_and_sessions_are_not_ours(house: FakeHouse) -> None:
    house.directory.user = house.directory.user.model_copy(update={"user_type": "Guest"})
    found = dispositions(await decide())
    assert (found["ForcePasswordReset"], found["RevokeSessions"]) == ("never", "never")
    assert found["DisableAccount"] == "ask"


@pytest.mark.parametrize("kind", ["vip", "service"])
async def test_a_listed_account_is_asked_about(govern: Callable[..., None], kind: str) -> None:
    govern(accounts={kind: [NAME]})
    decided = await decide()
    assert not automatic(decided)
    assert "ask" in dispositions(decided).values()


async def test_an_administrator_is_asked_about(house: FakeHouse) -> None:
    house.directory.memberships = Memberships(roles=["Helpdesk Administrator"])
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "High"
    assert not automatic(decided)
    assert decided.account["roles"] == ["Helpdesk Administrator"]


@pytest.mark.parametrize(("mode", "kind"), [("observe", "never"), ("approve", "ask")])
async def test_the_mode_holds_everything_back(mode: str, kind: str) -> None:
    assert set(dispositions(await decide(case(mode=mode))).values()) == {kind}


async def test_without_a_firewall_no_block_is_planned_for_us(house: FakeHouse) -> None:
    house.providers.firewalls.clear()
    decided = await decide()
    assert dispositions(decided)["BlockIP"] == "never"
    assert decided.blockable_address is None and decided.campaign_address == ATTACKER


async def test_an_address_of_the_organisation_is_never_blocked(
    govern: Callable[..., None],
) -> None:
    govern(never_block={"addresses": ["203.0.113.0/24"]})
    decided = await decide()
    assert dispositions(decided)["BlockIP"] == "never"
    assert decided.blockable_address is None and decided.campaign_address is None


async def test_an_address_of_a_common_service_is_never_blocked_however_bad_its_name(
    house: FakeHouse,
) -> None:
    house.reputation.common_service = "GreyNoise RIOT: Microsoft 365"
    decided = await decide()
    [line] = [line for line in decided.plan if line.action == "BlockIP"]
    assert line.disposition == "never"
    assert "GreyNoise RIOT: Microsoft 365" in line.why
    assert decided.blockable_address is None and decided.campaign_address is None


@pytest.mark.parametrize(("firewalls", "kind"), [(1, "never"), (2, "automatic")])
async def test_an_address_that_no_firewall_takes_is_blocked_by_hand(
    house: FakeHouse, firewalls: int, kind: str
) -> None:
    house.firewall.ipv4_only = True
    house.providers.firewalls[:] = [house.firewall, FakeFirewall()][:firewalls]
    abroad = ABROAD | {"address": "2001:db8:66::bad"}
    events = [
        *history(),
        *failures(25, over=EIGHT_MINUTES, **abroad),
        sign_in(SUCCESS_AT, id="success", **abroad | WITHOUT_MFA),
    ]
    house.sign_in_log.result = SignInLogResult(events=events, rows=len(events))
    decided = await decide(case(addresses=["2001:db8:66::bad"]))
    assert dispositions(decided)["BlockIP"] == kind
    [why] = [line.why for line in decided.plan if line.action == "BlockIP"]
    assert ("firewall: it takes IPv4 only" in why) is (kind == "never")
    assert decided.blockable_address == (None if kind == "never" else "2001:db8:66::bad")


async def test_without_an_account_there_is_nothing_to_contain() -> None:
    decided = await decide(case(account=None))
    assert not automatic(decided)
    assert decided.recommended == []
    assert decided.account == {}


async def test_risk_of_the_directory_reaches_the_reasons(house: FakeHouse) -> None:
    house.directory.risk = UserRisk(level="high", state="atRisk")
    ids = {reason.id for reason in (await decide()).verdict.reasons}
    assert any("risk" in name for name in ids)


async def test_what_silence_and_two_people_mean_is_fixed_with_the_verdict(
    govern: Callable[..., None],
) -> None:
    asking = {"two_persons": ["vip"], "on_silence": {"High": ["RevokeSessions"]}}
    govern(asking=asking)
    plain = await decide()
    assert (plain.on_silence, plain.two_persons) == ([ActionName.REVOKE_SESSIONS], False)
    govern(asking=asking, accounts={"vip": [NAME]})
    vip = await decide()
    assert (vip.on_silence, vip.two_persons) == ([], True)
