"""Roles that an account may activate, against the simulator of Graph's own schema and errors."""

from typing import Any

import pytest

from shared.errors import PermanentError, PermissionDenied, RetryableError
from shared.providers.entra import Entra
from shared.settings import Settings
from tests.contract.entra_account import ANNA, BEN, USER
from tests.contract.processes import Lab

GLOBAL_ADMINISTRATOR: dict[str, Any] = {
    "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
    "roleDefinition": {"displayName": "Global Administrator"},
}
USER_ADMINISTRATOR: dict[str, Any] = {
    "roleDefinitionId": "fe930be7-5e62-47db-91af-98c3a49a38b1",
    "roleDefinition": {"displayName": "User Administrator"},
}
ROLE_GROUP: dict[str, Any] = {
    "id": "99999999-2222-4333-8444-555555555555",
    "displayName": "Tenant administrators",
    "isAssignableToRole": True,
}


def tenant(lab: Lab, user: dict[str, Any], **directory: Any) -> None:
    other = {"id": BEN, "userPrincipalName": "ben@contoso.example"}
    other["roleEligibilitySchedules"] = [GLOBAL_ADMINISTRATOR]  # type: ignore[assignment]
    lab.tenant(directory={"users": [USER | user, other], **directory})


async def eligible(settings: Settings) -> list[str]:
    return await Entra(settings).get_eligible_roles(ANNA)


async def test_roles_of_the_account_itself_and_of_nobody_else(lab: Lab, settings: Settings) -> None:
    tenant(lab, {"roleEligibilitySchedules": [USER_ADMINISTRATOR]})
    assert await eligible(settings) == ["User Administrator"]

    tenant(lab, {})
    assert await eligible(settings) == []


async def test_a_role_without_a_readable_name_still_counts(lab: Lab, settings: Settings) -> None:
    nameless = USER_ADMINISTRATOR | {"roleDefinition": None}
    tenant(lab, {"roleEligibilitySchedules": [nameless]})
    assert await eligible(settings) == ["fe930be7-5e62-47db-91af-98c3a49a38b1"]


async def test_roles_of_a_group_that_takes_roles(lab: Lab, settings: Settings) -> None:
    of_group = GLOBAL_ADMINISTRATOR | {"principalId": ROLE_GROUP["id"]}
    tenant(
        lab,
        {
            "transitiveMemberOf": [{"displayName": "Sales"}, ROLE_GROUP],
            "roleEligibilitySchedules": [of_group, USER_ADMINISTRATOR],
        },
    )
    assert await eligible(settings) == ["Global Administrator", "User Administrator"]
    asked = [line["operation"] for line in lab.ledger("entra")]
    assert sorted(asked) == ["roleEligibilitySchedules.list"] * 2 + ["transitiveMemberOf.group"]


async def test_many_eligible_roles_are_paged(lab: Lab, settings: Settings) -> None:
    many = [
        {"roleDefinitionId": f"{number:08d}-0000-4000-8000-000000000000"} for number in range(150)
    ]
    tenant(lab, {"roleEligibilitySchedules": many})
    assert len(await eligible(settings)) == 150


async def test_without_the_licence_there_are_no_such_roles(lab: Lab, settings: Settings) -> None:
    tenant(lab, {"roleEligibilitySchedules": [GLOBAL_ADMINISTRATOR]}, entraIdP2=False)
    assert await eligible(settings) == []


async def test_without_the_licence_unreadable_groups_do_not_matter(
    lab: Lab, settings: Settings
) -> None:
    tenant(lab, {"transitiveMemberOf": [{"displayName": None}]}, entraIdP2=False)
    assert await eligible(settings) == []


@pytest.mark.parametrize(
    "withheld", ["RoleEligibilitySchedule.Read.Directory", "GroupMember.Read.All"]
)
async def test_a_missing_permission_is_not_no_role(
    lab: Lab, settings: Settings, withheld: str
) -> None:
    # RoleManagement.Read.Directory reads schedules, too.
    withhold = [withheld, "RoleManagement.Read.Directory"]
    tenant(lab, {}, appPermissionsWithheld=withhold)
    with pytest.raises(PermissionDenied):
        await eligible(settings)


@pytest.mark.parametrize(
    ("operation", "status", "error"),
    [
        ("roleEligibilitySchedules.list", 400, PermanentError),
        ("roleEligibilitySchedules.list", 403, PermissionDenied),
        ("transitiveMemberOf.group", 403, PermissionDenied),
        ("transitiveMemberOf.group", 503, RetryableError),
    ],
)
async def test_what_could_not_be_read_is_not_no_role(
    lab: Lab, settings: Settings, operation: str, status: int, error: type[Exception]
) -> None:
    tenant(lab, {})
    lab.fault("entra", "status", operation=operation, value=status)
    with pytest.raises(error):
        await eligible(settings)


async def test_more_groups_than_are_asked_about_are_not_no_role(
    lab: Lab, settings: Settings
) -> None:
    groups = [
        {"displayName": f"Role group {number}", "isAssignableToRole": True} for number in range(11)
    ]
    tenant(lab, {"transitiveMemberOf": groups})
    with pytest.raises(PermanentError, match="11 of the account's groups"):
        await eligible(settings)
