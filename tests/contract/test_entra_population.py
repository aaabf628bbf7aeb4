"""How many users may sign in, against the simulator of Graph."""

import pytest

from shared.providers.entra import Entra, population
from shared.settings import Settings
from tests.contract.entra_account import USER
from tests.contract.processes import Lab

OTHERS = [
    {"userPrincipalName": f"user{number}@contoso.example", "accountEnabled": number % 3 > 0}
    for number in range(9)
]


@pytest.fixture
def entra(lab: Lab, settings: Settings) -> Entra:
    lab.tenant(directory={"users": [USER, *OTHERS]})
    return Entra(settings)


async def test_only_enabled_users_count(entra: Entra, lab: Lab) -> None:
    assert await entra.count_users() == 7
    (line,) = lab.ledger("entra")
    assert line["operation"] == "users.count"
    assert "violation" not in line


async def test_the_number_is_asked_for_once(entra: Entra, lab: Lab) -> None:
    for _ in range(5):
        await entra.count_users()
    assert len(lab.ledger("entra")) == 1


async def test_a_number_that_is_too_old_is_asked_for_again(
    entra: Entra, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(population, "FAILURE_KEPT_SECONDS", 0.0)
    assert await entra.count_users() == 7
    lab.tenant(directory={"users": [USER]})
    assert await entra.count_users() == 1
    lab.fault("entra", "status", value=403)
    assert await entra.count_users() == 1, "an old number is nearer the truth than none"


@pytest.mark.parametrize("status", [400, 403, 503])
async def test_what_cannot_be_told_is_not_asked_for_again_at_once(
    entra: Entra, lab: Lab, status: int
) -> None:
    lab.fault("entra", "status", value=status)
    assert await entra.count_users() is None
    asked = len(lab.ledger("entra"))
    assert await entra.count_users() is None
    assert len(lab.ledger("entra")) == asked


ADMIN = {"id": "role-1", "roleTemplateId": "t", "displayName": "Global Reader"}
GROUP = "99999999-0000-4000-8000-000000000001"


async def test_who_holds_or_may_activate_a_role_counts_once(lab: Lab, settings: Settings) -> None:
    """A group counts as one, an application does not."""
    both = [ADMIN], [{"roleDefinition": {"displayName": "User Administrator"}}]
    through = [{"principalId": GROUP, "roleDefinition": {"displayName": "Helpdesk"}}]
    people = [
        {"userPrincipalName": "nobody@contoso.example"},
        {"userPrincipalName": "a@contoso.example", "transitiveMemberOf": [ADMIN]},
        {
            "userPrincipalName": "b@contoso.example",
            "transitiveMemberOf": both[0],
            "roleEligibilitySchedules": both[1],
        },
        {"userPrincipalName": "c@contoso.example", "roleEligibilitySchedules": both[1]},
        {"userPrincipalName": "d@contoso.example", "roleEligibilitySchedules": through},
        {"userPrincipalName": "e@contoso.example", "roleEligibilitySchedules": through},
    ]
    lab.tenant(directory={"users": people})
    entra = Entra(settings)
    assert await entra.count_privileged() == 4
    asked = lab.ledger("entra")
    assert {line["operation"] for line in asked} == {
        "roleAssignments.list",
        "roleEligibilitySchedules.list",
    }
    assert not [line for line in asked if "violation" in line]
    assert await entra.count_privileged() == 4
    assert len(lab.ledger("entra")) == len(asked), "kept for hours"


async def test_roles_that_may_not_be_read_are_not_known(lab: Lab, settings: Settings) -> None:
    withheld = ["RoleManagement.Read.Directory"]
    lab.tenant(directory={"users": [USER], "appPermissionsWithheld": withheld})
    assert await Entra(settings).count_privileged() is None
