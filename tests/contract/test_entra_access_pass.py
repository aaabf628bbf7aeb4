"""Temporary Access Passes against the Graph simulator."""

from typing import Any

import pytest

from shared.errors import PermanentError, PermissionDenied, RetryableError
from shared.providers import heard
from shared.providers.entra import EntraAccessPasses, EntraMethods, Graph
from shared.settings import Settings
from tests.contract.entra_account import ANNA, USER
from tests.contract.processes import Lab

KIND = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"
PLAIN: dict[str, Any] = USER | {"transitiveMemberOf": []}
OLD = {"@odata.type": KIND, "id": "old", "createdDateTime": "2026-11-20T12:03:00Z"}
CREATE = "temporaryAccessPassMethods.post"
QUICK = (0.0, 0.2, 0.4)


@pytest.fixture
def passes(lab: Lab, settings: Settings) -> EntraAccessPasses:
    lab.tenant(directory={"users": [PLAIN]})
    return EntraAccessPasses(Graph(settings), looks=QUICK)


async def ids(settings: Settings) -> list[str]:
    return [one.id for one in await EntraMethods(Graph(settings)).list_methods(ANNA)]


def sent(lab: Lab) -> list[str]:
    return [one["operation"] for one in lab.ledger("entra") if one["method"] != "GET"]


async def test_a_pass_is_for_one_use_and_for_as_long_as_asked(
    passes: EntraAccessPasses, lab: Lab, settings: Settings
) -> None:
    with heard.hearing() as answers:
        made = await passes.issue(ANNA, minutes=45)
    [line] = [one for one in lab.ledger("entra") if one["operation"] == CREATE]
    assert line["body"] == {"isUsableOnce": True, "lifetimeInMinutes": 45}
    assert "violation" not in line
    value = made.value.get_secret_value()
    assert len(value) >= 8 and value not in repr(made)
    assert value not in str(lab.ledger("entra")) + str(lab.state()) + str(answers)
    assert await ids(settings) == [made.id]
    await passes.withdraw(ANNA, made.id)
    await passes.withdraw(ANNA, made.id)
    assert await ids(settings) == []


async def test_one_that_is_there_goes_first(
    passes: EntraAccessPasses, lab: Lab, settings: Settings
) -> None:
    lab.tenant(directory={"users": [PLAIN | {"authenticationMethods": [OLD]}]})
    made = await passes.issue(ANNA, minutes=60)
    assert sent(lab) == ["authentication.methods.delete", CREATE]
    assert await ids(settings) == [made.id]


async def test_a_tenant_whose_policy_is_off(passes: EntraAccessPasses, lab: Lab) -> None:
    lab.tenant(directory={"users": [PLAIN], "temporaryAccessPass": False})
    with pytest.raises(PermanentError, match="disabled by the authentication methods policy"):
        await passes.issue(ANNA, minutes=60)
    assert sent(lab) == [CREATE]


async def test_an_administrators_pass_needs_a_stronger_role(
    passes: EntraAccessPasses, lab: Lab
) -> None:
    role = {
        "displayName": "Global Administrator",
        "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
    }
    lab.tenant(directory={"users": [USER | {"transitiveMemberOf": [role]}]})
    with pytest.raises(PermissionDenied):
        await passes.issue(ANNA, minutes=60)


async def test_without_the_permission_the_error_says_which(
    passes: EntraAccessPasses, lab: Lab
) -> None:
    withheld = ["UserAuthenticationMethod.ReadWrite.All"]
    lab.tenant(directory={"users": [PLAIN], "appPermissionsWithheld": withheld})
    with pytest.raises(PermissionDenied, match="Insufficient privileges"):
        await passes.issue(ANNA, minutes=60)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "reset"}, {"kind": "status", "value": 500}, {"kind": "malformed"}],
    ids=lambda fault: str(fault["kind"]),
)
@pytest.mark.parametrize("lag", [0, 0.3])
async def test_a_pass_whose_answer_was_lost_is_taken_away(
    passes: EntraAccessPasses, lab: Lab, settings: Settings, fault: dict[str, Any], lag: float
) -> None:
    users = [PLAIN | {"authenticationMethods": [OLD]}]
    lab.tenant(directory={"users": users, "replicaLagSeconds": lag})
    lab.fault("entra", operation=CREATE, when="after", times=1, **fault)
    with pytest.raises(RetryableError, match="the pass that was made is deleted") as caught:
        await passes.issue(ANNA, minutes=60)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert sent(lab).count(CREATE) == 1, "never repeated blindly"
    [account] = lab.state()["directory"]["users"]
    assert "authenticationMethods" not in account
    assert (await passes.issue(ANNA, minutes=60)).id


async def test_when_none_was_made_that_is_said(passes: EntraAccessPasses, lab: Lab) -> None:
    lab.fault("entra", "status", operation=CREATE, value=500)
    with pytest.raises(RetryableError, match=r"HTTP 500.*no new pass shows"):
        await passes.issue(ANNA, minutes=60)
    assert sent(lab) == [CREATE]


async def test_what_was_refused_for_being_too_many_is_sent_again(
    passes: EntraAccessPasses, lab: Lab
) -> None:
    lab.fault("entra", "status", operation=CREATE, value=429, retry_after=0, times=1)
    assert (await passes.issue(ANNA, minutes=60)).value
    assert sent(lab) == [CREATE, CREATE]
