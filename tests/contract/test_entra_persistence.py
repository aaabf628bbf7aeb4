"""Sign-in methods, inbox rules, consents and risk against the Graph simulator."""

import time
from typing import Any

import pytest

from shared.errors import (
    Conflict,
    NotFound,
    NotSupported,
    PermanentError,
    PermissionDenied,
    Throttled,
)
from shared.models.persistence import AuthenticationMethod
from shared.providers.entra import Entra, EntraGrants, EntraMethods, ExchangeMailbox, Graph
from shared.settings import Settings
from tests.contract.entra_account import ANNA, BEN, UPN, USER
from tests.contract.processes import Lab, eventually

PHONE = "3179e48a-750b-4051-897c-87b9720928f7"
APP, GRAPH_API = "2d1f7c0a-8b3e-4a59-9c64-7e5f3a1b9d08", "9c8b7a65-4d3e-4f21-8a09-1b2c3d4e5f60"
METHODS: list[dict[str, Any]] = [
    {"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "p"},
    {
        "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
        "id": PHONE,
        "phoneNumber": "+46 701234567",
    },
    {
        "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        "id": "a1",
        "displayName": "Pixel 9",
        "createdDateTime": "2026-11-20T12:03:00Z",
    },
    {
        "@odata.type": "#microsoft.graph.emailAuthenticationMethod",
        "id": "e1",
        "emailAddress": "mallory@example.net",
        "createdDateTime": "2026-11-20T12:04:00.1234567Z",
    },
]
RULES: list[dict[str, Any]] = [
    {
        "id": "r1",
        "displayName": "..",
        "isEnabled": True,
        "actions": {"moveToFolder": "f-rss", "markAsRead": True, "stopProcessingRules": True},
        "conditions": {"subjectContains": ["invoice"]},
        "sequence": 1,
    },
    {
        "id": "r2",
        "displayName": "Copy",
        "isEnabled": True,
        "actions": {"forwardTo": [{"emailAddress": {"address": "m@example.net", "name": "m"}}]},
    },
    {"id": "r3", "displayName": "Team", "isEnabled": True, "actions": {"moveToFolder": "f-team"}},
    {"id": "r4", "displayName": "Old", "isEnabled": False, "isReadOnly": True, "actions": None},
]
FOLDERS = [{"id": "f-rss", "displayName": "RSS-feeds"}, {"id": "f-team", "displayName": "Team"}]
GRANT = {
    "id": "g1",
    "clientId": APP,
    "resourceId": GRAPH_API,
    "scope": " Mail.Read offline_access",
}
EVERYTHING = USER | {
    "transitiveMemberOf": [],
    "authenticationMethods": METHODS,
    "messageRules": RULES,
    "mailFolders": FOLDERS,
    "oauth2PermissionGrants": [GRANT],
}

LAG_SECONDS = 0.5


@pytest.fixture
def graph(lab: Lab, settings: Settings) -> Graph:
    lab.tenant(directory={"users": [EVERYTHING]})
    return Graph(settings)


def effects(lab: Lab) -> list[str]:
    return [line["operation"] for line in lab.ledger("entra") if line["effect"]]


async def test_methods_are_listed_with_what_the_directory_knows(graph: Graph) -> None:
    found = {item.id: item for item in await EntraMethods(graph).list_methods(ANNA)}

    assert [item.kind for item in found.values()] == [
        "password",
        "phone",
        "microsoftAuthenticator",
        "email",
    ]
    assert found[PHONE].created_at is None
    assert found[PHONE].label == "phone ending 67"
    assert found["a1"].label == "Microsoft Authenticator Pixel 9"
    assert found["e1"].label == "e-mail address m***@example.net"
    assert str(found["e1"].created_at) == "2026-11-20 12:04:00.123456+00:00"
    assert [item.removable for item in found.values()] == [False, True, True, True]


async def test_methods_are_removed_at_the_address_of_their_kind(graph: Graph, lab: Lab) -> None:
    port = EntraMethods(graph)
    methods = await port.list_methods(ANNA)
    for method in methods[1:]:
        await port.remove_method(ANNA, method)

    assert [item.kind for item in await port.list_methods(ANNA)] == ["password"]
    paths = [line["path"].rpartition("/")[0] for line in lab.ledger("entra") if line["effect"]]
    assert [path.rpartition("/")[2] for path in paths] == [
        "phoneMethods",
        "microsoftAuthenticatorMethods",
        "emailMethods",
    ]
    with pytest.raises(NotFound):
        await port.remove_method(ANNA, methods[1])


KINDS = (
    "email",
    "fido2",
    "microsoftAuthenticator",
    "phone",
    "platformCredential",
    "softwareOath",
    "temporaryAccessPass",
    "windowsHelloForBusiness",
)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_that_graph_can_remove(lab: Lab, settings: Settings, kind: str) -> None:
    method = {"@odata.type": f"#microsoft.graph.{kind}AuthenticationMethod", "id": "x 1/2"}
    lab.tenant(directory={"users": [USER | {"authenticationMethods": [method]}]})
    port = EntraMethods(Graph(settings))
    (found,) = await port.list_methods(ANNA)

    assert found.removable
    await port.remove_method(ANNA, found)
    assert await port.list_methods(ANNA) == []
    assert effects(lab) == ["authentication.methods.delete"]


async def test_a_password_is_not_a_method_to_remove(graph: Graph, lab: Lab) -> None:
    password = AuthenticationMethod(id="p", kind="password", label="password")
    with pytest.raises(NotSupported, match="cannot remove"):
        await EntraMethods(graph).remove_method(ANNA, password)
    assert lab.ledger("entra") == []


async def test_a_default_method_goes_last(lab: Lab, settings: Settings) -> None:
    preferred = {"userPreferredMethodForSecondaryAuthentication": "push"}
    lab.tenant(directory={"users": [EVERYTHING | {"registrationDetails": preferred}]})
    port = EntraMethods(Graph(settings))
    _, phone, authenticator, mail = await port.list_methods(ANNA)
    with pytest.raises(PermanentError, match="Cannot delete default method") as caught:
        await port.remove_method(ANNA, authenticator)
    assert caught.value.status == 400
    for method in (phone, mail, authenticator):
        await port.remove_method(ANNA, method)
    assert effects(lab) == ["authentication.methods.delete"] * 3


async def test_an_administrators_methods_are_out_of_reach(lab: Lab, settings: Settings) -> None:
    role = {
        "displayName": "Global Administrator",
        "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
    }
    lab.tenant(directory={"users": [EVERYTHING | {"transitiveMemberOf": [role]}]})
    port = EntraMethods(Graph(settings))
    method = (await port.list_methods(ANNA))[1]

    with pytest.raises(PermissionDenied) as caught:
        await port.remove_method(ANNA, method)
    assert caught.value.status == 403
    assert effects(lab) == []


async def test_a_replica_that_lags_still_shows_what_is_gone(lab: Lab, settings: Settings) -> None:
    lab.tenant(directory={"users": [EVERYTHING], "replicaLagSeconds": LAG_SECONDS})
    port = EntraMethods(Graph(settings))
    method = (await port.list_methods(ANNA))[1]
    began = time.monotonic()
    await port.remove_method(ANNA, method)

    at_once = await port.list_methods(ANNA)
    assert method in at_once or time.monotonic() - began > LAG_SECONDS
    with pytest.raises(NotFound):
        await port.remove_method(ANNA, method)
    await eventually(lambda: port.list_methods(ANNA), lambda left: method not in left)
    assert time.monotonic() - began > LAG_SECONDS


async def test_rules_say_what_they_do_and_where_mail_goes(graph: Graph) -> None:
    hidden, copy, team, old = await ExchangeMailbox(graph).list_rules(ANNA)

    assert (hidden.folder, hidden.out_of_sight, hidden.marks_read) == ("RSS-feeds", True, True)
    assert copy.forwards_to == ["m@example.net"] and not copy.moves
    assert (team.folder, team.moves, team.out_of_sight) == ("Team", True, False)
    assert (old.enabled, old.read_only) == (False, True)


@pytest.mark.parametrize("known", ["archive", "conversationhistory", "deleteditems", "junkemail"])
async def test_folders_out_of_sight_are_known_in_any_language(
    lab: Lab, settings: Settings, known: str
) -> None:
    lab.tenant(directory={"users": [EVERYTHING]})
    graph = Graph(settings)
    folder = await ExchangeMailbox(graph)._read_folder(ANNA, known)
    assert folder is not None
    rule = {"id": "r", "isEnabled": True, "actions": {"moveToFolder": folder.id}}
    lab.tenant(directory={"users": [EVERYTHING | {"messageRules": [rule]}]})

    (found,) = await ExchangeMailbox(graph).list_rules(ANNA)
    assert found.out_of_sight and found.folder


async def test_without_the_permission_folders_stay_unnamed(graph: Graph, lab: Lab) -> None:
    lab.fault("entra", "status", operation="mailFolders.get", value=403)
    hidden, *_ = await ExchangeMailbox(graph).list_rules(ANNA)
    assert hidden.moves and hidden.folder is None and not hidden.out_of_sight


async def test_rules_are_switched_and_nothing_else(graph: Graph, lab: Lab) -> None:
    port = ExchangeMailbox(graph)
    await port.set_rule_enabled(ANNA, "r1", enabled=False)
    assert [rule.enabled for rule in await port.list_rules(ANNA)] == [False, True, True, False]
    await port.set_rule_enabled(ANNA, "r1", enabled=True)

    bodies = [line["body"] for line in lab.ledger("entra") if line["effect"]]
    assert bodies == [{"isEnabled": False}, {"isEnabled": True}]
    with pytest.raises(PermissionDenied):
        await port.set_rule_enabled(ANNA, "r4", enabled=True)


async def test_an_account_without_a_mailbox_says_so(lab: Lab, settings: Settings) -> None:
    lab.tenant(directory={"users": [USER | {"mail": None}]})
    with pytest.raises(NotFound, match="on-premise"):
        await ExchangeMailbox(Graph(settings)).list_rules(ANNA)


async def test_grants_are_revoked_and_restored(graph: Graph, lab: Lab) -> None:
    port = EntraGrants(graph)
    (grant,) = await port.list_grants(ANNA)
    assert (grant.client_id, grant.resource_id, grant.principal_id) == (APP, GRAPH_API, ANNA)
    assert not grant.for_everyone and grant.created_at is None

    await port.revoke_grant(ANNA, grant)
    assert await port.list_grants(ANNA) == []
    with pytest.raises(NotFound):
        await port.revoke_grant(ANNA, grant)
    await port.restore_grant(ANNA, grant)
    (again,) = await port.list_grants(ANNA)
    assert again.model_copy(update={"id": grant.id}) == grant
    with pytest.raises(Conflict):
        await port.restore_grant(ANNA, grant)
    assert effects(lab) == ["oauth2PermissionGrants.delete", "oauth2PermissionGrants.post"]


async def test_long_lists_are_read_to_the_end(lab: Lab, settings: Settings) -> None:
    grants = [{"clientId": str(n), "resourceId": GRAPH_API, "scope": "x"} for n in range(250)]
    lab.tenant(directory={"users": [USER | {"oauth2PermissionGrants": grants}]})
    assert len(await EntraGrants(Graph(settings)).list_grants(ANNA)) == 250
    assert len(lab.ledger("entra")) == 3


async def test_a_throttled_change_waits_as_asked(graph: Graph, lab: Lab) -> None:
    lab.fault(
        "entra", "status", operation="messageRules.patch", value=429, retry_after=0.2, times=1
    )
    await ExchangeMailbox(graph).set_rule_enabled(ANNA, "r1", enabled=False)
    assert effects(lab) == ["messageRules.patch"]
    lab.fault("entra", "status", operation="messageRules.patch", value=429, retry_after=900)
    with pytest.raises(Throttled):
        await ExchangeMailbox(graph).set_rule_enabled(ANNA, "r1", enabled=True)


async def test_a_grant_whose_answer_is_lost_is_not_given_twice(graph: Graph, lab: Lab) -> None:
    port = EntraGrants(graph)
    (grant,) = await port.list_grants(ANNA)
    await port.revoke_grant(ANNA, grant)
    lab.fault("entra", "reset", operation="oauth2PermissionGrants.post", when="after", times=1)
    with pytest.raises(Exception, match="oauth2PermissionGrants"):
        await port.restore_grant(ANNA, grant)
    assert len(await port.list_grants(ANNA)) == 1


async def test_a_dismissed_risk_is_gone(lab: Lab, settings: Settings) -> None:
    lab.tenant(directory={"users": [USER, {"id": BEN, "userPrincipalName": f"b.{UPN}"}]})
    entra = Entra(settings)
    await entra.confirm_compromised(ANNA)
    await entra.dismiss_risk(ANNA)
    risk = await entra.get_risk(ANNA)
    assert risk is not None and risk.state == "dismissed"
    assert effects(lab) == ["confirmCompromised", "dismiss"]
