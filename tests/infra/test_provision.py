"""The hooks look before they make, and never undo what people depend on."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.settings import Settings
from tests.infra.cloud import PRINCIPAL, FakeCloud
from tools.provision import __main__ as hooks
from tools.provision import app, entra, lookups
from tools.provision.cloud import Cloud, CloudError, Denied, Missing, NoScope, error_of

LINK_SECRET = "tourniquet-link-signing-key"
LOCKED = {"properties": {"state": "Locked"}}
type Step = Callable[[Cloud], Iterator[str]]


def run(step: Step, cloud: FakeCloud) -> str:
    return "\n".join(step(cloud))


def test_the_names_of_secrets_are_those_that_the_app_settings_refer_to() -> None:
    names = lookups.secret_settings()
    assert "TOURNIQUET_SLACK_BOT_TOKEN" in names
    assert len(names) < len(Settings.model_fields)
    assert lookups.secret_name("TOURNIQUET_LINK_SIGNING_KEY") == LINK_SECRET


def test_only_secrets_that_are_in_the_vault_are_referred_to() -> None:
    listed = {"value": [{"name": "tourniquet-slack-bot-token"}, {"name": "of-somebody-else"}]}
    cloud = FakeCloud({"vaults/kv-test/secrets": listed})
    run(lookups.find_secrets, cloud)
    expected = "TOURNIQUET_LINK_SIGNING_KEY,TOURNIQUET_SLACK_BOT_TOKEN"
    assert cloud.values["SETTINGS_IN_VAULT"] == expected


def test_the_signing_key_is_referred_to_before_there_is_a_vault() -> None:
    cloud = FakeCloud(TOURNIQUET_VAULT_NAME="")
    run(lookups.find_secrets, cloud)
    assert cloud.values["SETTINGS_IN_VAULT"] == "TOURNIQUET_LINK_SIGNING_KEY"


def test_a_deleted_vault_comes_back() -> None:
    deleted = FakeCloud({"deletedVaults/kv-test": {"name": "kv-test"}}, AZURE_LOCATION="here")
    for cloud, expected in ((deleted, "true"), (FakeCloud(), "false")):
        run(lookups.find_deleted_vault, cloud)
        assert cloud.values["RECOVER_VAULT"] == expected


def test_a_deleted_vault_comes_back_also_when_azd_forgot_its_name() -> None:
    def deleted(name: str, environment: str, location: str = "westeurope") -> dict[str, Any]:
        tags = {"azd-env-name": environment}
        return {"name": name, "properties": {"location": location, "tags": tags}}

    others = [deleted("kv-1", "prod"), deleted("kv-2", "test", "northeurope"), {"name": "kv-3"}]
    for vaults, expected in (([*others, deleted("kv-4", "test")], "true"), (others, "false")):
        cloud = FakeCloud({"deletedVaults": {"value": vaults}}, TOURNIQUET_VAULT_NAME="")
        said = run(lookups.find_deleted_vault, cloud)
        assert cloud.values["RECOVER_VAULT"] == expected
        assert ("kv-4" in said) is (expected == "true")


def test_the_signing_key_is_made_once() -> None:
    cloud = FakeCloud()
    run(app.make_link_key, cloud)
    (method, url, body), refresh = cloud.sent
    assert (method, LINK_SECRET in url) == ("put", True)
    assert len(body["properties"]["value"]) >= 64
    assert "configreferences/appsettings/refresh" in refresh[1]
    again = FakeCloud({f"secrets/{LINK_SECRET}": {"name": LINK_SECRET}})
    run(app.make_link_key, again)
    assert [method for method, *_ in again.sent] == ["post"]


@pytest.mark.parametrize(
    ("things", "kept"),
    [
        ({}, "true"),
        ({"immutabilityPolicies": {"properties": {"state": "Unlocked"}}}, "true"),
        ({"immutabilityPolicies": LOCKED}, "false"),
    ],
)
def test_a_locked_retention_policy_stays(things: dict[str, Any], kept: str) -> None:
    cloud = FakeCloud(things)
    run(lookups.find_retention, cloud)
    assert cloud.values["SET_EVIDENCE_RETENTION"] == kept


def test_an_ip_group_that_is_there_keeps_its_addresses() -> None:
    group = "/subscriptions/x/providers/Microsoft.Network/ipGroups/g"
    there = FakeCloud({"ipGroups/g": {"name": "g"}}, TOURNIQUET_IP_GROUP_RESOURCE_ID=group)
    gone = FakeCloud(TOURNIQUET_IP_GROUP_RESOURCE_ID=group)
    for cloud, exists in ((there, "true"), (gone, "false"), (FakeCloud(), "false")):
        run(lookups.find_ip_group, cloud)
        assert cloud.values["IP_GROUP_EXISTS"] == exists


def test_rules_wait_for_sign_in_logs() -> None:
    workspace = "/subscriptions/x/workspaces/w"
    without = FakeCloud(SENTINEL_WORKSPACE_ID=workspace)
    assert "no sign-in logs" in run(lookups.find_sign_in_logs, without)
    assert without.values["DEPLOY_DETECTIONS"] == "false"
    with_logs = FakeCloud({"tables/SigninLogs": {"name": "SigninLogs"}}, **without.values)
    run(lookups.find_sign_in_logs, with_logs)
    assert with_logs.values["DEPLOY_DETECTIONS"] == "true"


def test_a_tenant_without_sentinel_is_told_and_provisioned() -> None:
    cloud = FakeCloud({"servicePrincipals": Missing("no")}, SENTINEL_PRINCIPAL_ID="old")
    assert "may not run the relay" in run(lookups.find_sentinel, cloud)
    assert cloud.values["SENTINEL_PRINCIPAL_ID"] == ""


def test_who_may_not_read_the_tenant_keeps_what_another_found() -> None:
    cloud = FakeCloud({"servicePrincipals": Denied("no")}, SENTINEL_PRINCIPAL_ID="old")
    assert run(lookups.find_sentinel, cloud) == ""
    assert cloud.values["SENTINEL_PRINCIPAL_ID"] == "old"
    nothing = FakeCloud({"servicePrincipals": Denied("no")})
    assert "may not run the relay" in run(lookups.find_sentinel, nothing)


@pytest.mark.parametrize("name", ["AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION"])
def test_nothing_is_done_before_the_place_is_known(name: str) -> None:
    with pytest.raises(CloudError, match=name):
        list(hooks.before(FakeCloud(None, **{name: ""})))


def test_another_tenant_or_an_unknown_subscription_is_refused() -> None:
    ours = FakeCloud().accounts[0]
    elsewhere = FakeCloud()
    elsewhere.accounts = [
        {**ours, "isDefault": False},
        {"id": "another", "tenantId": "of-somebody-else", "isDefault": True},
    ]
    with pytest.raises(CloudError, match="another tenant: run `az account set"):
        list(lookups.check_place(elsewhere))
    unknown = FakeCloud()
    unknown.accounts = []
    with pytest.raises(CloudError, match="az login"):
        list(lookups.check_place(unknown))
    beside = FakeCloud()
    beside.accounts = [{**ours, "isDefault": False}, {**ours, "id": "another"}]
    assert "westeurope" in run(lookups.check_place, beside)


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


def test_a_registration_that_is_there_is_used() -> None:
    cloud = sign_in(applications={"value": [{"appId": "mine"}]})
    run(entra.make_sign_in, cloud)
    assert cloud.values["SIGN_IN_CLIENT_ID"] == "mine"
    assert not [url for _, url, _ in cloud.sent if url.endswith("/applications")]


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


def test_provisioning_goes_on_without_the_right_to_grant() -> None:
    cloud = FakeCloud({"appRoleAssignments": {"value": []}, "appId=": {"id": "sp"}})
    cloud.denied = "appRoleAssignments"
    said = run(hooks.permissions, cloud)
    assert "Privileged Role Administrator" in said
    assert "azd hooks run postprovision" in said


def test_an_app_that_does_not_answer_is_an_error() -> None:
    cloud = FakeCloud()
    answers = iter([503, 503, 200])
    said = "\n".join(app.wait_for_health(cloud, fetch=lambda _: next(answers), pause=0))
    assert "/api/health" in said
    with pytest.raises(CloudError, match="does not answer"):
        list(app.wait_for_health(cloud, fetch=lambda _: 503, pause=0))


def test_events_are_connected_after_the_code() -> None:
    cloud = FakeCloud(TOURNIQUET_EVENT_TOPIC="topic")
    run(app.connect_events, cloud)
    (command,) = cloud.commands
    assert command[:3] == ("deployment", "group", "create")
    assert {"topicName=topic", "siteName=func-test"} <= set(command)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('ERROR: Forbidden({"error": {"code": "Authorization_RequestDenied"}})', Denied),
        ('Not Found({"error": {"code": "ResourceNotFound"}})', Missing),
        (
            'Forbidden({"error": {"message": "... required scopes are missing in the token."}})',
            NoScope,
        ),
        ("ERROR: (AuthorizationFailed) The client ... does not have authorization", Denied),
        ('ERROR: Bad Request({"error": {"code": "BadRequest"}})', CloudError),
    ],
)
def test_the_command_lines_words_become_errors(text: str, kind: type[CloudError]) -> None:
    assert type(error_of(text)) is kind
