"""The hooks look before they make, and never undo what people depend on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.settings import Settings
from tests.infra.cloud import PRINCIPAL, FakeCloud
from tests.unit.source_files import ROOT
from tools.provision import __main__ as hooks
from tools.provision import app, lookups, outputs
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


def made(environment: str = "test") -> dict[str, Any]:
    """What an earlier provisioning of the environment made, as the providers list it."""

    def listed(*names: str) -> dict[str, Any]:
        tags = {"azd-env-name": environment}
        return {"value": [{"name": one, "id": f"/x/ipGroups/{one}", "tags": tags} for one in names]}

    return {
        r"rg-test/providers/Microsoft.KeyVault/vaults\?": listed("of-others", "kv-test"),
        r"rg-test/providers/Microsoft.Storage/storageAccounts\?": listed("sthost", "stcasetest"),
        r"rg-test/providers/Microsoft.Network/ipGroups\?": listed("ipg-tourniquet-blocked-x"),
        "ipGroups/ipg-tourniquet-blocked-x": {"name": "ipg-tourniquet-blocked-x"},
        "vaults/kv-test/secrets": {"value": [{"name": "tourniquet-slack-bot-token"}]},
        "immutabilityPolicies": LOCKED,
    }


BLANK = dict.fromkeys(
    (
        "AZURE_RESOURCE_GROUP",
        "TOURNIQUET_VAULT_NAME",
        "TOURNIQUET_EVIDENCE_ACCOUNT",
        "TOURNIQUET_IP_GROUP_RESOURCE_ID",
    ),
    "",
)


def test_another_machine_finds_what_is_there_before_it_is_made_anew() -> None:
    cloud = FakeCloud(made(), **BLANK)
    for step in (outputs.find_outputs, lookups.find_secrets, lookups.find_retention):
        run(step, cloud)
    run(lookups.find_ip_group, cloud)
    assert "TOURNIQUET_SLACK_BOT_TOKEN" in cloud.values["SETTINGS_IN_VAULT"]
    assert cloud.values["SET_EVIDENCE_RETENTION"] == "false"
    assert cloud.values["IP_GROUP_EXISTS"] == "true"
    for nothing in (FakeCloud(made("another"), **BLANK), FakeCloud({}, **BLANK)):
        assert run(outputs.find_outputs, nothing) == ""
        run(lookups.find_ip_group, nothing)
        assert nothing.values["IP_GROUP_EXISTS"] == "false"


def test_blocking_switched_off_and_on_again_keeps_the_blocked_addresses() -> None:
    cloud = FakeCloud(made(), TOURNIQUET_IP_GROUP_RESOURCE_ID="")
    steps = [one for one in hooks.BEFORE if one in (outputs.find_outputs, lookups.find_ip_group)]
    for step in steps:
        run(step, cloud)
    assert cloud.values["IP_GROUP_EXISTS"] == "true"


def test_what_is_looked_up_has_the_name_that_the_templates_give() -> None:
    templates = "".join(
        (ROOT / f"infra/modules/{one}.bicep").read_text("utf-8")
        for one in ("vault", "evidence-storage", "firewall", "function-app")
    )
    for one in outputs.OUTPUTS:
        assert f"'{one.begins}${{suffix}}'" in templates
        assert f"{one.kind}@{one.version}'" in templates
    assert "var groupName = 'rg-${environmentName}'" in (ROOT / "infra/main.bicep").read_text()


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


def test_provisioning_goes_on_without_the_right_to_grant() -> None:
    known = {rf"servicePrincipals/{PRINCIPAL}\?": {"id": PRINCIPAL}}
    cloud = FakeCloud({"appRoleAssignments": {"value": []}, "appId=": {"id": "sp"}} | known)
    cloud.denied = "appRoleAssignments"
    said = run(hooks.permissions, cloud)
    assert "Privileged Role Administrator" in said
    assert "azd hooks run postprovision" in said


REGISTERED = {
    rf"servicePrincipals/{PRINCIPAL}\?": {"id": PRINCIPAL},
    "servicePrincipals": {"id": "sp", "value": []},
    r"applications\(": {"web": {}, "value": []},
    "roleManagement": {"value": []},
}


@pytest.mark.parametrize("refused", ["management.azure.com", r"applications\("])
def test_who_may_only_grant_grants(refused: str) -> None:
    things: dict[str, Any] = {**REGISTERED, refused: Denied("Forbidden")}
    cloud = FakeCloud(things, SIGN_IN_CLIENT_ID="app")
    said = run(hooks.permissions, cloud)
    assert "Forbidden" in said
    granted = [url for method, url, _ in cloud.sent if url.endswith("appRoleAssignments")]
    assert granted, said
    without = FakeCloud({"management.azure.com": Denied("Forbidden"), **REGISTERED})
    run(hooks.grant, without)
    assert all("graph.microsoft.com" in url for _, url, _ in without.sent)
    assert without.sent


def test_without_the_outputs_of_provisioning_nothing_is_granted_or_made() -> None:
    cloud = FakeCloud(TOURNIQUET_IDENTITY_PRINCIPAL_ID="")
    for step in (hooks.permissions, hooks.grant):
        with pytest.raises(CloudError, match="azd env refresh"):
            run(step, cloud)
    assert cloud.sent == []


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


def test_event_grid_is_asked_again_until_it_knows_the_function() -> None:
    answers: list[CloudError | None] = [CloudError("Destination endpoint not found."), None]

    class Slow(FakeCloud):
        def command(self, *arguments: str) -> Any:
            answer = answers.pop(0)
            if answer is not None:
                raise answer
            return super().command(*arguments)

    cloud = Slow(TOURNIQUET_EVENT_TOPIC="topic")
    assert "reach the app" in "\n".join(app.connect_events(cloud, pause=0))
    answers += [CloudError("Destination endpoint not found.")] * app.TRIES
    with pytest.raises(CloudError, match="not found"):
        list(app.connect_events(cloud, pause=0))
    answers[:] = [CloudError("ResourceGroupNotFound")]
    with pytest.raises(CloudError, match="ResourceGroup"):
        list(app.connect_events(cloud, pause=0))


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
