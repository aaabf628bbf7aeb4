"""What the pages say of an account that may become an administrator."""

import pytest

from shared.models.base import Json
from shared.models.case import CaseRecord
from shared.pages.facts import facts
from tests.unit.playbook.records import record

ACCOUNT: Json = {
    "user_principal_name": "omar.haddad@contoso.example",
    "kinds": ["privileged"],
    "roles": [],
    "eligible_roles": ["User Administrator"],
}


@pytest.mark.parametrize(
    ("roles", "eligible", "said"),
    [
        ([], ["User Administrator"], "eligible for role User Administrator"),
        (["Helpdesk Administrator"], [], "Helpdesk Administrator"),
        (["a"], ["b", "c"], "a, eligible for role b, eligible for role c"),
        ([], None, ""),
    ],
)
def test_roles_held_and_roles_that_may_be_activated(
    roles: list[str], eligible: list[str] | None, said: str
) -> None:
    account = ACCOUNT | {"roles": roles, "eligible_roles": eligible}
    case = CaseRecord.model_validate(record(account=account))
    found = {one.label: one for one in facts(case)}
    assert found["Kind of account"].more == said
