"""What is made in Entra ID: the sign-in's registration, the named location, where logs go."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.infra.cloud import PRINCIPAL, FakeCloud
from tools.provision import app, entra
from tools.provision.cloud import Cloud, CloudError, Json, NoScope

type Step = Callable[[Cloud], Iterator[str]]


def run(step: Step, cloud: FakeCloud) -> str:
    return "\n".join(step(cloud))


def sign_in(**things: Any) -> FakeCloud:
    nothing: dict[str, Any] = {"value": []}
    return FakeCloud({"applications": nothing, "servicePrincipals": nothing} | things)


def test_the_registration_has_no_secret_and_one_role() -> None:
    cloud = sign_in()
    run(entra.make_sign_in, cloud)
    body = cloud.sent[0][2]
    assert "passwordCredentials" not in json.dumps(body)
    assert body["signInAudience"] == "AzureADMyOrg"
    assert [one["value"] for one in body["appRoles"]] == ["Tourniquet.Approver"]
    assert cloud.values["SIGN_IN_CLIENT_ID"] == "app-1"


def test_a_registration_of_somebody_else_is_never_taken() -> None:
    cloud = sign_in(applications={"value": [{"appId": "of-a-stranger"}]})
    with pytest.raises(entra.Taken, match="of-a-stranger"):
        run(entra.make_sign_in, cloud)
    assert cloud.value("SIGN_IN_CLIENT_ID") == ""
    assert cloud.sent == []


def test_another_machine_goes_on_with_the_registration_that_the_app_uses() -> None:
    registered = {
        "identityProviders": {"azureActiveDirectory": {"registration": {"clientId": "c"}}}
    }
    cloud = sign_in(**{"func-test/config/authsettingsV2": {"properties": registered}})
    run(entra.make_sign_in, cloud)
    assert (cloud.values["SIGN_IN_CLIENT_ID"], cloud.sent) == ("c", [])
    without = sign_in(**{"func-test/config/authsettingsV2": {"properties": {}}})
    run(entra.make_sign_in, without)
    assert without.values["SIGN_IN_CLIENT_ID"] == "app-1"


def test_environments_of_one_name_have_registrations_of_their_own() -> None:
    names = set()
    for subscription in ("one", "another"):
        cloud = sign_in()
        cloud.values["AZURE_SUBSCRIPTION_ID"] = subscription
        run(entra.make_sign_in, cloud)
        names.add(cloud.sent[0][2]["displayName"])
    assert len(names) == 2


def test_sign_in_can_be_off_and_may_be_refused() -> None:
    off = FakeCloud(SIGN_IN="false", SIGN_IN_CLIENT_ID="mine")
    run(entra.make_sign_in, off)
    assert (off.values["SIGN_IN_CLIENT_ID"], off.sent) == ("", [])
    refused = sign_in()
    refused.denied = "applications"
    assert "cannot sign in" in run(entra.make_sign_in, refused)
    assert refused.value("SIGN_IN_CLIENT_ID") == ""


def test_the_identity_stands_for_the_registrations_secret() -> None:
    cloud = FakeCloud(
        {"federatedIdentityCredentials": {"value": []}, r"select=web": {"web": {}}},
        SIGN_IN_CLIENT_ID="mine",
    )
    run(entra.finish_sign_in, cloud)
    redirect, credential = (body for _, _, body in cloud.sent)
    assert redirect["web"]["redirectUris"] == ["https://func-test.example/.auth/login/aad/callback"]
    assert credential["subject"] == PRINCIPAL


def test_an_identity_that_was_made_anew_takes_the_others_place() -> None:
    held = {"id": "fic-1", "name": entra.CREDENTIAL, "subject": "of-the-identity-before"}
    things = {"federatedIdentityCredentials": {"value": [held]}, r"select=web": {"web": {}}}
    cloud = FakeCloud(things, SIGN_IN_CLIENT_ID="mine")
    run(entra.finish_sign_in, cloud)
    method, url, body = cloud.sent[-1]
    assert (method, url.endswith("federatedIdentityCredentials/fic-1")) == ("patch", True)
    assert (body["subject"], "name" in body) == (PRINCIPAL, False)
    held["subject"] = PRINCIPAL
    again = FakeCloud(things, SIGN_IN_CLIENT_ID="mine")
    run(entra.finish_sign_in, again)
    assert not [url for _, url, _ in again.sent if "federated" in url]


def test_a_signing_key_that_was_deleted_is_recovered_by_a_person() -> None:
    class Deleted(FakeCloud):
        def send(self, method: str, url: str, body: Json | None = None) -> Json:
            raise CloudError("Conflict(secret is in a deleted but recoverable state)")

    with pytest.raises(CloudError, match="az keyvault secret recover --vault-name kv-test"):
        run(app.make_link_key, Deleted())


def test_who_cannot_make_a_named_location_by_the_azure_cli_is_told_how() -> None:
    refused = FakeCloud({"namedLocations": NoScope("no")}, NAMED_LOCATION="true")
    assert "Graph PowerShell" in run(entra.make_named_location, refused)


def test_a_named_location_is_made_only_when_asked_for() -> None:
    cloud = FakeCloud({"namedLocations": {"value": []}})
    assert run(entra.make_named_location, cloud) == ""
    cloud.values["NAMED_LOCATION"] = "true"
    assert "blocks nobody" in run(entra.make_named_location, cloud)
    assert cloud.sent[0][2]["isTrusted"] is False
    assert cloud.values["TOURNIQUET_NAMED_LOCATION_ID"] == "id-1"


def test_the_policy_leaves_break_glass_accounts_out_and_only_reports() -> None:
    nothing: dict[str, Any] = {"value": []}
    cloud = FakeCloud(
        {"namedLocations": nothing, "policies": nothing},
        NAMED_LOCATION="true",
        BREAK_GLASS_GROUP_ID="group",
    )
    run(entra.make_named_location, cloud)
    policy = cloud.sent[-1][2]
    assert policy["state"] == "enabledForReportingButNotEnforced"
    assert policy["conditions"]["users"]["excludeGroups"] == ["group"]


def test_entra_logs_are_connected_only_when_asked_for() -> None:
    cloud = FakeCloud(TOURNIQUET_SENTINEL_WORKSPACE_ID="/subscriptions/x/workspaces/w")
    assert run(entra.connect_logs, cloud) == ""
    cloud.values["CONNECT_SIGN_IN_LOGS"] = "true"
    run(entra.connect_logs, cloud)
    ((_, url, body),) = cloud.sent
    assert "microsoft.aadiam/diagnosticSettings/tourniquet-test" in url
    assert body["properties"]["workspaceId"] == "/subscriptions/x/workspaces/w"
    cloud.denied = "aadiam"
    assert "Security Administrator" in run(entra.connect_logs, cloud)
