"""Who may become an administrator is handled as one, and who might is asked about."""

from typing import Any

import pytest

from shared.errors import PermissionDenied, RetryableError
from shared.models.directory import DirectoryUser
from shared.models.plan import Disposition
from shared.models.signin import SignInLogResult
from shared.playbook.planning.guard_rails import AccountFacts, everywhere
from tests.support.fakes import FakeDirectory, FakeHouse
from tests.support.scripts import NAME, OBJECT_ID
from tests.unit.activities.test_deciding import ATTACK, automatic, decide

OKTA_ID = "00u1"


@pytest.fixture(autouse=True)
def attack(house: FakeHouse) -> None:
    """A brute force that succeeded from abroad, everything readable."""
    house.sign_in_log.result = SignInLogResult(events=ATTACK, rows=len(ATTACK))


async def test_an_account_that_may_become_an_administrator_is_asked_about(
    house: FakeHouse,
) -> None:
    assert automatic(await decide()), "without the role it is contained by itself"
    house.directory.eligible = ["User Administrator"]
    decided = await decide()
    assert decided.verdict.compromise_confidence_score == "High"
    assert not automatic(decided)
    asked = [line.why for line in decided.plan if line.disposition is Disposition.ASK]
    assert any("may activate a directory role" in why for why in asked)
    assert decided.account["kinds"] == ["privileged"]
    assert decided.account["roles"] == []
    assert decided.account["eligible_roles"] == ["User Administrator"]
    impact = decided.blocks["Compromise_Confidence_Scoring"]["details"]["impact"]
    assert "eligible for role User Administrator" in impact["why"][0]


@pytest.mark.parametrize(
    "error", [PermissionDenied("consent is missing", status=403), RetryableError("timed out")]
)
async def test_what_could_not_be_read_is_not_ordinary(house: FakeHouse, error: Exception) -> None:
    house.directory.failing["get_eligible_roles"] = error
    decided = await decide()
    assert not automatic(decided)
    assert decided.account["kinds"] == ["unknown"]
    assert decided.account["eligible_roles"] is None


async def test_the_same_account_elsewhere_may_become_an_administrator(house: FakeHouse) -> None:
    okta = FakeDirectory()
    okta.name = "okta"
    okta.user = DirectoryUser(object_id=OKTA_ID, user_principal_name=NAME)
    house.providers.directories["okta"] = okta
    okta.eligible = ["Super Administrator"]
    decided = await decide()
    assert not automatic(decided)
    [twin] = decided.account["also_in"]
    assert twin["roles"] == ["Super Administrator (eligible)"]


@pytest.mark.parametrize(
    ("twin", "is_admin"),
    [({"roles": []}, False), ({"roles": ["x (eligible)"]}, True), ({"roles": None}, None)],
)
def test_what_is_known_elsewhere_counts(twin: dict[str, Any], is_admin: bool | None) -> None:
    facts = AccountFacts(identifiers=[OBJECT_ID], known=True, is_admin_role=False)
    found = everywhere(facts, {"also_in": [{"object_id": OKTA_ID, **twin}]})
    assert found.is_admin_role is is_admin
