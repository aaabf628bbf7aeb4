"""Entra's token endpoint and Graph: happy paths, real refusals, effects."""

import time
from typing import Any

import jwt
import pytest

from tests.lab.simulators_support import ALICE, ARM, GRAPH, TENANT, World

METHOD = "3179e48a-750b-4051-897c-87b9720928f7"
STRONG = {"passwordProfile": {"password": "Str0ng-enough", "forceChangePasswordNextSignIn": True}}
DENIED = "Authorization_RequestDenied"


def _code(answer: Any) -> str:
    return str(answer.json()["error"]["code"])


# -- tokens


def test_a_token_says_what_azurite_and_the_apis_check(world: World) -> None:
    storage = "https://storage.azure.com"
    claims = jwt.decode(world.token(storage), options={"verify_signature": False})
    assert claims["aud"] == storage
    assert claims["iss"] == f"https://sts.windows.net/{world.env['AZURE_TENANT_ID']}/"
    assert claims["exp"] > time.time() + 3000
    assert {"oid", "appid", "nbf", "roles"} <= set(claims)


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "someone"}, 400, "unauthorized_client"),
        ({"tenant": "other"}, 400, "invalid_request"),
        ({"scope": "https://unknown.example/.default"}, 400, "invalid_resource"),
        ({"scope": "User.Read"}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "invalid_request"),
    ],
)
def test_wrong_token_requests_are_refused(
    world: World, change: dict[str, str], status: int, error: str
) -> None:
    answer = world.ask_token(**change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_discovery_leads_to_the_keys(world: World) -> None:
    tenant, origin = world.env["AZURE_TENANT_ID"], world.env["AZURE_AUTHORITY_HOST"]
    found = world.http.get(f"{origin}/{tenant}/v2.0/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(world.http.get(found["jwks_uri"]).json())
    token = world.token(GRAPH)
    assert jwt.decode(token, keys.keys[0], audience=GRAPH, algorithms=["RS256"])


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic abc"])
def test_graph_wants_a_good_token(world: World, header: str) -> None:
    answer = world.graph("GET", f"/users/{ALICE}", headers={"Authorization": header})
    assert (answer.status_code, _code(answer)) == (401, "InvalidAuthenticationToken")


def test_a_token_for_another_service_is_refused(world: World) -> None:
    header = f"Bearer {world.token(ARM)}"
    answer = world.graph("GET", f"/users/{ALICE}", headers={"Authorization": header})
    assert answer.status_code == 401


# -- users


def test_get_user_by_upn_of_any_case_gives_the_default_properties(world: World) -> None:
    user = world.graph("GET", "/users/ALICE@contoso.example").json()
    assert user["id"] == ALICE
    assert "accountEnabled" not in user, "only with $select"


def test_select_gives_what_was_asked_for(world: World) -> None:
    path = f"/users/{ALICE}?$select=id,accountEnabled,signInSessionsValidFromDateTime"
    user = world.graph("GET", path).json()
    assert user == {
        "id": ALICE, "accountEnabled": True,
        "signInSessionsValidFromDateTime": "2020-01-01T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/users/nobody@contoso.example", 404, "Request_ResourceNotFound"),
        (f"/users/{ALICE}?$select=id,secret", 400, "BadRequest"),
        (f"/users/{ALICE}?$selec=id", 400, "Request_BadRequest"),
        ("/users?$filter=displayName is 'x'", 400, "BadRequest"),
        ("/users?$top=many", 400, "Request_BadRequest"),
        ("/planets", 400, "BadRequest"),
        ("/identityProtection/riskyUsers/nobody", 404, "ResourceNotFound"),
        ("/users/root@contoso.example/manager", 404, "Request_ResourceNotFound"),
    ],
)
def test_wrong_reads_are_refused(world: World, path: str, status: int, code: str) -> None:
    answer = world.graph("GET", path)
    assert (answer.status_code, _code(answer)) == (status, code)


def test_lists_filter_and_page(world: World) -> None:
    flt = "startswith(userPrincipalName,'alice') or userType eq 'Guest'"
    found = world.graph("GET", f"/users?$filter={flt}&$top=1&$count=true").json()
    assert found["@odata.count"] == 2
    rest = world.graph("GET", found["@odata.nextLink"].partition("/graph/v1.0")[2]).json()
    assert "@odata.nextLink" not in rest
    names = {user["userPrincipalName"] for user in found["value"] + rest["value"]}
    assert names == {"alice@contoso.example", "guest@partner.example"}


def test_everything_that_hangs_on_a_user_can_be_read(world: World) -> None:
    below = f"/users/{ALICE}"
    assert world.graph("GET", f"{below}/transitiveMemberOf").json()["value"][0]["id"]
    assert world.graph("GET", f"{below}/memberOf").json()["value"]
    assert world.graph("GET", f"{below}/manager").json()["displayName"] == "Mary"
    assert world.graph("GET", f"{below}/authentication/methods").json()["value"][0]["id"] == METHOD
    assert world.graph("GET", f"{below}/registeredDevices").json()["value"]
    assert world.graph("GET", f"{below}/oauth2PermissionGrants").json()["value"]
    roles = "/users/root@contoso.example/transitiveMemberOf/graph.directoryRole"
    assert world.graph("GET", roles).json()["value"][0]["displayName"] == "Global Administrator"
    report = f"/reports/authenticationMethods/userRegistrationDetails/{ALICE}"
    assert world.graph("GET", report).json()["isMfaRegistered"] is True


# -- effects


def test_disabling_twice_changes_once(world: World) -> None:
    for _ in range(2):
        answer = world.graph("PATCH", f"/users/{ALICE}", {"accountEnabled": False})
        assert answer.status_code == 204
    assert world.effects("entra") == [("users.patch", ALICE)]
    shown = world.graph("GET", f"/users/{ALICE}?$select=accountEnabled").json()
    assert shown == {"accountEnabled": False}


def test_revoking_twice_changes_twice_and_moves_the_date(world: World) -> None:
    for _ in range(2):
        answer = world.graph("POST", f"/users/{ALICE}/revokeSignInSessions")
        assert answer.json() == {"value": True}
    assert world.effects("entra") == [("revokeSignInSessions", ALICE)] * 2
    path = f"/users/{ALICE}?$select=signInSessionsValidFromDateTime"
    assert world.graph("GET", path).json()["signInSessionsValidFromDateTime"] > "2026-01-01"


def test_a_guests_sessions_are_not_ours_to_revoke(world: World) -> None:
    answer = world.graph("POST", "/users/guest@partner.example/revokeSignInSessions")
    assert answer.status_code == 200
    assert world.effects("entra") == []


def test_a_new_password_moves_its_date(world: World) -> None:
    assert world.graph("PATCH", f"/users/{ALICE}", STRONG).status_code == 204
    path = f"/users/{ALICE}?$select=lastPasswordChangeDateTime"
    assert world.graph("GET", path).json()["lastPasswordChangeDateTime"] > "2026-01-01"


@pytest.mark.parametrize("password", ["short1A", "alllowercase", "lower4digits"])
def test_weak_passwords_are_refused(world: World, password: str) -> None:
    answer = world.graph("PATCH", f"/users/{ALICE}", {"passwordProfile": {"password": password}})
    assert (answer.status_code, _code(answer)) == (400, "Request_BadRequest")
    assert world.effects("entra") == []


def test_a_synced_password_is_not_changed_here(world: World) -> None:
    assert world.graph("PATCH", "/users/synced@contoso.example", STRONG).status_code == 400


@pytest.mark.parametrize("change", [STRONG, {"accountEnabled": False}])
def test_an_administrator_needs_a_stronger_role(world: World, change: dict[str, Any]) -> None:
    answer = world.graph("PATCH", "/users/root@contoso.example", change)
    assert (answer.status_code, _code(answer)) == (403, DENIED)
    world.lab.tenant(
        directory={
            **TENANT["directory"],
            "appRoles": ["Privileged Authentication Administrator"],
        }
    )
    assert world.graph("PATCH", "/users/root@contoso.example", change).status_code == 204


def test_without_a_role_only_disabling_a_plain_user_works(world: World) -> None:
    world.lab.tenant(directory={**TENANT["directory"], "appRoles": []})
    assert world.graph("PATCH", f"/users/{ALICE}", STRONG).status_code == 403
    both = {**STRONG, "accountEnabled": False}
    assert world.graph("PATCH", f"/users/{ALICE}", both).status_code == 403
    assert world.effects("entra") == [], "one refused property loses the other too"
    assert world.graph("PATCH", f"/users/{ALICE}", {"accountEnabled": False}).status_code == 204


def test_confirming_compromise_is_an_effect_once(world: World) -> None:
    path = "/identityProtection/riskyUsers"
    for _ in range(2):
        answer = world.graph("POST", f"{path}/confirmCompromised", {"userIds": [ALICE]})
        assert answer.status_code == 204
    risk = world.graph("GET", f"{path}/{ALICE}").json()
    assert (risk["riskLevel"], risk["riskState"]) == ("high", "confirmedCompromised")
    assert world.effects("entra") == [("confirmCompromised", ALICE)]


def test_misspelt_bodies_break_the_specification(world: World) -> None:
    answer = world.graph("PATCH", f"/users/{ALICE}", {"acountEnabled": False})
    assert answer.status_code == 400
    assert "acountEnabled" in world.lab.ledger("entra")[-1]["violation"]


def test_rules_grants_and_methods_can_be_taken_away(world: World) -> None:
    rules = f"/users/{ALICE}/mailFolders/inbox/messageRules"
    assert world.graph("PATCH", f"{rules}/rule-1", {"isEnabled": False}).json()["id"] == "rule-1"
    assert world.graph("GET", rules).json()["value"][0]["isEnabled"] is False
    assert world.graph("DELETE", "/oauth2PermissionGrants/grant-1").status_code == 204
    assert world.graph("DELETE", "/oauth2PermissionGrants/grant-1").status_code == 404
    phone = f"/users/{ALICE}/authentication/phoneMethods/{METHOD}"
    wrong_kind = f"/users/{ALICE}/authentication/fido2Methods/{METHOD}"
    assert world.graph("DELETE", wrong_kind).status_code == 404
    assert world.graph("DELETE", phone).status_code == 204
    names = ["messageRules.patch", "oauth2PermissionGrants.delete", "authentication.methods.delete"]
    assert [operation for operation, _ in world.effects("entra")] == names


def test_named_locations_change_as_a_whole(world: World) -> None:
    path = "/identity/conditionalAccess/namedLocations"
    location = world.graph("GET", path).json()["value"][0]
    kind = "#microsoft.graph.ipNamedLocation"
    ranges = [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.7/32"}]
    change = {"@odata.type": kind, "ipRanges": ranges}
    assert world.graph("PATCH", f"{path}/{location['id']}", change).status_code == 204
    assert world.graph("GET", f"{path}/{location['id']}").json()["ipRanges"] == ranges


def test_logs_come_from_the_tables(world: World) -> None:
    flt = "userPrincipalName eq 'alice@contoso.example' and status/errorCode eq 50126"
    found = world.graph("GET", f"/auditLogs/signIns?$filter={flt}").json()["value"]
    assert len(found) == 3
    assert found[0]["createdDateTime"] > found[-1]["createdDateTime"], "newest first"
    assert world.graph("GET", f"/auditLogs/signIns/{found[0]['id']}").json()["id"] == found[0]["id"]
    audits = world.graph("GET", "/auditLogs/directoryAudits").json()["value"]
    assert audits[0]["activityDisplayName"] == "Update user"


def test_mail_can_be_sent_for_a_user(world: World) -> None:
    message = {"subject": "Hi", "body": {"contentType": "text", "content": "x"}}
    answer = world.graph("POST", f"/users/{ALICE}/sendMail", {"message": message})
    assert answer.status_code == 202
    assert world.lab.state()["sentMail"][0]["subject"] == "Hi"


def test_what_is_specified_but_not_simulated_says_so(world: World) -> None:
    assert world.graph("GET", "/security/incidents").status_code == 501
