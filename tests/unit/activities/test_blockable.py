"""What forbids or questions a block, from what was gathered to the plan; the rest is contained."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import PermissionDenied, RetryableError
from shared.models.directory import GeoLocation
from shared.models.plan import Disposition, PlannedAction
from shared.models.query import QueryResult
from shared.models.signin import SignInLogResult
from shared.models.trusted import TrustedLocation
from shared.playbook.planning.decided import Decided
from tests.support.fakes import FakeHouse, FakeReputation
from tests.unit.activities.test_deciding import ATTACK, case, decide
from tests.unit.playbook.builders import ATTACKER

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
NETWORK = "203.0.113.0/24"


@pytest.fixture(autouse=True)
def attack(house: FakeHouse, configure: Callable[..., None]) -> None:
    """A brute force that succeeded from abroad, from an address of bad name."""
    house.sign_in_log.result = SignInLogResult(events=ATTACK, rows=len(ATTACK))


def trust(house: FakeHouse, changed_at: datetime = LONG_AGO) -> None:
    office = TrustedLocation(name="Head office", networks=[NETWORK], changed_at=changed_at)
    house.trusted.locations = [office]


def colleagues(house: FakeHouse, usual: int, settled: int, **more: Any) -> None:
    row = {"IPAddress": ATTACKER, "UsualAccounts": usual, "SettledAccounts": settled}
    house.siem.answers = {"UsualAccounts": QueryResult(rows=[row], **more)}


def block_of(decided: Decided) -> PlannedAction:
    [line] = [line for line in decided.plan if line.action == "BlockIP"]
    return line


def contained(decided: Decided) -> bool:
    done = {line.action for line in decided.plan if line.disposition is Disposition.AUTOMATIC}
    return {"ForcePasswordReset", "RevokeSessions"} <= done


async def test_nothing_speaks_for_the_address(house: FakeHouse) -> None:
    decided = await decide(case())
    assert block_of(decided).disposition is Disposition.AUTOMATIC
    assert decided.blockable_address == ATTACKER


@pytest.mark.parametrize(
    ("services", "doubt"),
    [(True, "common service is not known: source did not answer"), (False, None)],
)
async def test_a_source_that_is_silent_clears_nothing(
    house: FakeHouse, services: bool, doubt: str | None
) -> None:
    second = FakeReputation("second")
    second.tells_common_services = False
    house.providers.reputation.append(second)
    house.reputation.tells_common_services = services
    house.reputation.failing["lookup"] = RetryableError("timed out", vendor="source")
    decided = await decide(case())
    line = block_of(decided)
    asked = line.disposition is Disposition.ASK
    assert asked is (doubt is not None)
    assert doubt is None or doubt in line.why
    assert contained(decided)


async def test_a_network_that_cannot_be_told_is_a_question(house: FakeHouse) -> None:
    house.geo.failing["locate"] = RetryableError("damaged", vendor="geoip")
    decided = await decide(case())
    line = block_of(decided)
    assert line.disposition is Disposition.ASK
    assert "whose network it is in is not known" in line.why
    assert contained(decided)


async def test_a_trusted_named_location_is_never_blocked_and_said(house: FakeHouse) -> None:
    trust(house)
    decided = await decide(case())
    line = block_of(decided)
    assert line.disposition is Disposition.NEVER
    assert "trusted named location Head office (203.0.113.0/24)" in line.why
    assert "the attacker may be inside" in line.why
    assert contained(decided)
    assert decided.blockable_address is None, "nor may a person choose it here"


async def test_a_location_that_was_just_made_trusted_is_a_question(house: FakeHouse) -> None:
    trust(house, datetime.fromisoformat(case()["now"]) - timedelta(hours=2))
    decided = await decide(case())
    line = block_of(decided)
    assert line.disposition is Disposition.ASK
    assert "see who added it" in line.why
    assert contained(decided)
    assert decided.blockable_address == ATTACKER


@pytest.mark.parametrize(
    "error",
    [
        PermissionDenied("denied", vendor="entra", operation="namedLocations.list", status=403),
        RetryableError("timed out", vendor="entra", operation="namedLocations.list"),
    ],
)
async def test_unknown_trust_is_a_question_and_the_account_is_contained(
    house: FakeHouse, error: Exception
) -> None:
    house.trusted.failing["list_trusted"] = error
    decided = await decide(case())
    line = block_of(decided)
    assert line.disposition is Disposition.ASK
    assert "whether it is in a trusted named location is not known" in line.why
    assert contained(decided)


async def test_the_policy_can_do_without_named_locations(
    house: FakeHouse, govern: Callable[..., None]
) -> None:
    govern(never_block={"trusted_named_locations": False})
    house.trusted.failing["list_trusted"] = RetryableError("timed out")
    assert block_of(await decide(case())).disposition is Disposition.AUTOMATIC


@pytest.mark.parametrize(
    ("usual", "settled", "partial", "disposition"),
    [
        (41, 38, False, Disposition.NEVER),
        (5, 5, False, Disposition.NEVER),
        (5, 5, True, Disposition.NEVER),
        (4, 4, False, Disposition.AUTOMATIC),
        (4, 4, True, Disposition.ASK),
        (6, 0, False, Disposition.ASK),
        (0, 0, False, Disposition.AUTOMATIC),
    ],
)
async def test_who_else_signs_in_from_it(
    house: FakeHouse, usual: int, settled: int, partial: bool, disposition: Disposition
) -> None:
    colleagues(house, usual, settled, partial=partial)
    decided = await decide(case())
    assert block_of(decided).disposition is disposition


async def test_not_knowing_who_else_signs_in_is_a_question(house: FakeHouse) -> None:
    house.siem.answers = {"UsualAccounts": RetryableError("timed out", vendor="log_analytics")}
    line = block_of(await decide(case()))
    assert line.disposition is Disposition.ASK
    assert "who else signs in from it could not be asked" in line.why


@pytest.mark.parametrize(
    ("asn", "disposition"),
    [
        (13335, Disposition.NEVER),
        (53813, Disposition.NEVER),
        (8075, Disposition.ASK),
        (64510, Disposition.AUTOMATIC),
    ],
)
async def test_networks_that_everybody_shares(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch, asn: int, disposition: Disposition
) -> None:
    async def locate(address: str) -> GeoLocation:
        return GeoLocation(country="NL", asn=asn)

    monkeypatch.setattr(house.geo, "locate", locate)
    assert block_of(await decide(case())).disposition is disposition


async def test_an_answer_about_another_address_says_nothing(house: FakeHouse) -> None:
    decided = await decide(case(addresses=["198.51.100.77", ATTACKER]))
    assert decided.address == ATTACKER
    assert "is not known" in block_of(decided).why
