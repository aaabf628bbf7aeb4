"""The Bicep files are right, and each check notices the mistake that it is for."""

import ast
from collections.abc import Mapping

import pytest

from tests.infra.conftest import Seed
from tests.unit.source_files import ROOT
from tools.bicep.check import check, check_file
from tools.bicep.house import check_evidence
from tools.bicep.shared import check_shared_names
from tools.bicep.syntax import BicepFile

MAIN, EVIDENCE, HOST = "main.bicep", "modules/evidence-storage.bicep", "modules/host-storage.bicep"
APP, VAULT, TOPIC = "modules/function-app.bicep", "modules/vault.bicep", "modules/event-topic.bicep"
WORKSPACE, MONITORING = "modules/sentinel-workspace.bicep", "modules/monitoring.bicep"
RULES = "modules/sentinel-rules.bicep"
ROLE, PORTAL = "modules/firewall.bicep", "modules/portal.bicep"
OTLP = "@description('Address of an OpenTelemetry collector"
OTHER_VAULT = (
    "resource other 'Microsoft.KeyVault/vaults@2024-11-01' existing = {\n  name: 'x'\n}\n\n"
)
VAULT_LOGS = "resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview'"
ODATA = "      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'\n"
RESTORE = "restorePolicy: {\n      enabled: true\n      days: 6\n    }"
CASES = "parent: blobs\n  name: caseContainerName"

MISTAKES = [
    # What a property may be called, and be.
    ("property", VAULT, "enableSoftDelete", "enableSoftDeletion"),
    ("property", HOST, "deleteRetentionPolicy: {\n      enabled", "deleteRetentionPolicy: {\n on"),
    ("value", HOST, "bypass: 'AzureServices'", "bypass: 'AzureService'"),
    ("value", "events.bicep", "'AzureFunction'", "'AzureFunctions'"),
    ("value", VAULT, "softDeleteRetentionInDays: 90", "softDeleteRetentionInDays: '90'"),
    ("value", EVIDENCE, "InDays: retentionDays", "InDays: location"),
    ("value", VAULT, "bypass: 'AzureServices'", "bypass: ['AzureServices']"),
    ("required", HOST, "kind: 'StorageV2'\n", ""),
    ("required", PORTAL, ODATA, ""),
    ("value", PORTAL, "groupShortName: 'tourniquet'", "groupShortName: 'tourniquet-responder'"),
    ("value", VAULT, "sku: {\n      family: 'A'\n      name: 'standard'\n    }", "sku: 'standard'"),
    ("read-only", MONITORING, "retentionInDays: ret", "customerId: suffix\n retentionInDays: ret"),
    ("resource-type", HOST, "storageAccounts@2025-06-01'", "storageAccounts@2025-06-02'"),
    ("resource-type", HOST, "'Microsoft.Storage/storageAccounts@", "'Microsoft.Storage/accounts@"),
    ("property", MONITORING, "properties.ConnectionString", "properties.Connection"),
    # Names and modules.
    ("syntax", EVIDENCE, "parent: account\n  name: 'default'", "parent: account\n  name: 'default"),
    ("syntax", VAULT, "sku: {", "sku: "),
    ("syntax", VAULT, "param suffix string", "func twice(x string) string => x"),
    ("syntax", VAULT, "loadJsonContent('../roles.json')", "map([], one => one)"),
    ("syntax", ROLE, "assignableScopes: [groupScope]", "assignableScopes: [string(groupScope)]"),
    ("syntax", VAULT, f"{VAULT_LOGS} = {{", f"{VAULT_LOGS} = location\nvar more = {{"),
    ("type", VAULT, "param suffix string", "param suffix strings"),
    ("undeclared", VAULT, "@description('Region.')\n", "@description('Region.')\n@sealing()\n"),
    ("unused", VAULT, "var roles =", f"{OTHER_VAULT}var roles ="),
    ("duplicate", VAULT, "resource vaultLogs ", "resource vault "),
    ("undeclared", VAULT, "guid(vault.id, app", "guid(vaults.id, app"),
    ("undeclared", VAULT, "guid(vault.id, app", "newid(vault.id, app"),
    ("unused", VAULT, "var roles =", "var others = 1\nvar roles ="),
    ("duplicate", VAULT, "var roles =", "var suffix = 1\nvar roles ="),
    (
        "duplicate",
        VAULT,
        "enableSoftDelete: true",
        "enableSoftDelete: true\n enableSoftDelete: true",
    ),
    ("description", VAULT, "@description('Region.')\n", ""),
    ("module", MAIN, "setRetention: setEvidenceRetention", "setRetain: setEvidenceRetention"),
    ("module", MAIN, "    setRetention: setEvidenceRetention\n", ""),
    ("module", MAIN, "identities.outputs.appId\n", "identities.outputs.identityId\n"),
    ("module", MAIN, "deadLetterDays: 90", "deadLetterDays: '90'"),
    ("module", MAIN, "privateNetwork: privateNetwork", "privateNetwork: location"),
    ("module", MAIN, "skuName: schedulerSku", "skuName: 'Premium'"),
    ("module", MAIN, "'modules/vault.bicep'", "'modules/vaults.bicep'"),
    ("scope", MAIN, "name: 'identities'\n  scope: group", "name: 'identities'"),
    ("scope", WORKSPACE, "scope: workspace\n  properties: {}", "properties: {}"),
    ("parent", EVIDENCE, CASES, CASES.replace("blobs", "account")),
    ("parent", EVIDENCE, CASES, CASES.replace("parent: blobs\n  ", "")),
    ("circle", MAIN, "var groupName = 'rg-", "var groupName = '${groupName}-rg-"),
    (
        "condition",
        MAIN,
        "usesScheduler ? scheduler.outputs.endpoint : ''",
        "scheduler.outputs.endpoint",
    ),
    (
        "condition",
        MAIN,
        "privateNetwork ? network.outputs.appSubnetId",
        "hasPolicy ? network.outputs.appSubnetId",
    ),
    (
        "early",
        TOPIC,
        "guid(undelivered.id, topic.id",
        "guid(undelivered.id, topic.properties.endpoint",
    ),
    # What Bicep's own linter calls an error.
    (
        "use-resource-id-functions",
        PORTAL,
        "sourceId: workspaceId",
        "sourceId: toLower(workspaceId)",
    ),
    ("use-resource-id-functions", VAULT, "Id: diagnosticWorkspaceId", "Id: '/subscriptions/x/y'"),
    ("no-unnecessary-dependson", HOST, "dependsOn: [blobs]", "dependsOn: [account]"),
    ("simplify-interpolation", HOST, "kind: 'StorageV2'", "kind: '${location}'"),
    ("no-hardcoded-env-urls", HOST, "kind: 'StorageV2'", "kind: 'x.core.windows.net'"),
    ("secure-secrets-in-params", VAULT, "param recover bool", "param recoverPassword bool"),
    ("secret", MAIN, OTLP, f"param collectorHeader string = ''\n\n{OTLP}"),
    ("secret", MAIN, OTLP, f"param anything string = 'kT9sX2mQ8vL4pR7w'\n\n{OTLP}"),
    ("secret", MAIN, OTLP, f"@secure()\nparam smtpPassword string = 'hunter2'\n\n{OTLP}"),
    ("secret", MAIN, "var taskHubName = 'tourniquet'", "var taskHubName = 'Bearer kT9sX2mQ'"),
    # What must be set whatever the types allow.
    ("house", EVIDENCE, "allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
    ("house", EVIDENCE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    ("house", HOST, "allowSharedKeyAccess: false", "allowSharedKeyAccess: privateNetwork"),
    ("house", HOST, "    allowSharedKeyAccess: false\n", ""),
    ("house", HOST, "'TLS1_2'", "'TLS1_0'"),
    ("house", EVIDENCE, "publicAccess: 'None'", "publicAccess: 'Blob'"),
    ("house", VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false"),
    ("house", APP, "httpsOnly: true", "httpsOnly: false"),
    (
        "house",
        APP,
        "name: 'ftp'\n  properties: {\n    allow: false",
        "name: 'ftp'\n  properties: {\n    allow: true",
    ),
    ("house", APP, "version: '3.13'", "version: '3.12'"),
    ("house", APP, "http20Enabled: true", "http20Enabled: true\n      ftpsState: 'Disabled'"),
    (
        "house",
        "modules/app-settings.bicep",
        "TASKHUB_NAME:",
        "FUNCTIONS_WORKER_RUNTIME: 'python'\n TASKHUB_NAME:",
    ),
    (
        "house",
        "modules/app-settings.bicep",
        "TASKHUB_NAME:",
        "AzureFunctionsJobHost__extensions__durableTask__hubName: 'x'\n TASKHUB_NAME:",
    ),
    ("house", TOPIC, "disableLocalAuth: true", "disableLocalAuth: false"),
    ("house", "events.bicep", "maxDeliveryAttempts: 30", "maxDeliveryAttempts: 300"),
    (
        "house",
        "events.bicep",
        "deadLetterWithResourceIdentity: {\n      identity",
        "filter: {\n      identity",
    ),
    ("house", "modules/sentinel-rules.bicep", "'PT5H'", "'P5H'"),
    ("house", EVIDENCE, "blobs/add/action'", "blobs/delete'"),
    ("house", ROLE, "'Microsoft.Network/ipGroups/write'", "'Microsoft.Network/*'"),
    ("house", VAULT, "    principalType: 'ServicePrincipal'\n", ""),
    ("name", HOST, "'sthost${suffix}'", "'st-host-${suffix}'"),
    ("name", HOST, "'sthost${suffix}'", "'tourniquethost${suffix}'"),
    ("evidence", EVIDENCE, "isVersioningEnabled: true", "isVersioningEnabled: false"),
    ("evidence", EVIDENCE, "parent: evidence", "parent: cases"),
    ("house", EVIDENCE, "isVersioningEnabled: true", f"{RESTORE}\n    isVersioningEnabled: true"),
    (
        "evidence",
        EVIDENCE,
        "WithVersioning: {\n      enabled: true",
        "WithVersioning: {\n      enabled: false",
    ),
]


def test_the_files_are_right(bicep: Mapping[str, BicepFile]) -> None:
    assert len(bicep) > 15
    assert check(bicep) == []


@pytest.mark.parametrize(("rule", "file", "old", "new"), MISTAKES)
def test_a_mistake_is_noticed(seed: Seed, rule: str, file: str, old: str, new: str) -> None:
    files = seed(file, old, new)
    found = [*check_file(files[file], files), *check_evidence(files)]
    assert rule in {problem.rule for problem in found}, found


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (RULES, "  name: guid(workspace.id, suffix, one.id)", "  name: guid(workspace.id, one.id)"),
        (RULES, "suffix, 'tourniquet-calls-relay'", "'tourniquet-calls-relay'"),
        ("modules/firewall-rule.bicep", "name: 'tourniquet-${suffix}'", "name: 'tourniquet'"),
        (MAIN, "'afwp-tourniquet-${suffix}'", "'afwp-tourniquet'"),
    ],
)
def test_a_second_environment_on_the_same_workspace_or_policy_takes_nothing_over(
    bicep: Mapping[str, BicepFile], seed: Seed, file: str, old: str, new: str
) -> None:
    assert list(check_shared_names(bicep)) == []
    (problem,) = check_shared_names(seed(file, old, new))
    assert problem.rule == "shared"


def test_evidence_without_a_storage_of_its_own_is_noticed(
    bicep: Mapping[str, BicepFile],
) -> None:
    without = {path: file for path, file in bicep.items() if path != EVIDENCE}
    assert {one.rule for one in check_evidence(without)} == {"evidence"}


def test_every_rule_has_a_mistake_that_shows_it() -> None:
    """A rule that nothing seeds could have stopped working unseen."""
    rules: set[str] = set()
    for path in (ROOT / "tools/bicep").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(
                ("Problem", "_problem")
            ):
                rules |= {
                    one.value
                    for one in call.args[1:3]
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    elsewhere = {"promise", "wiring", "shared"}
    assert rules - elsewhere == {rule for rule, *_ in MISTAKES}


def test_a_problem_says_where_it_is(seed: Seed) -> None:
    found = check(seed(VAULT, "enableSoftDelete", "enableSoftDeletion"))
    assert any(str(one).startswith("infra/modules/vault.bicep:") for one in found)


def test_what_the_types_do_not_know_can_be_let_pass(seed: Seed) -> None:
    relay = "modules/relay.bicep"
    assert "property" in {one.rule for one in check(seed(relay, "#disable-next-line BCP037", ""))}
