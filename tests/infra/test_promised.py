"""What a parameter decides is as the guides promise; each row notices the mistake it is for."""

from collections.abc import Mapping

import pytest

from tests.infra.conftest import Seed
from tools.bicep.promised import check_promised
from tools.bicep.promises import BY_PLACE
from tools.bicep.promises_of_types import BY_TYPE
from tools.bicep.reader import read
from tools.bicep.render import render
from tools.bicep.syntax import BicepFile
from tools.bicep.wiring import OTHERWISE, check_wiring

MAIN, EVIDENCE, VAULT = "main.bicep", "modules/evidence-storage.bicep", "modules/vault.bicep"
SETTINGS, APP, PORTAL = (
    f"modules/{one}.bicep" for one in ("app-settings", "function-app", "portal")
)
RULES, ENDPOINTS = "modules/sentinel-rules.bicep", "modules/private-endpoints.bicep"
EVENTS, NETWORK, FIREWALL = "events.bicep", "modules/network.bicep", "modules/firewall-rule.bicep"
ACTIONS = "    actions: {\n      actionGroups: groups\n    }\n"
CORS = "cors: { corsRules: [] }\n    isVersioningEnabled: true"

HOST, RELAY = "modules/host-storage.bicep", "modules/relay.bicep"
IDENTITY = "output TOURNIQUET_IDENTITY_PRINCIPAL_ID string = identities.outputs."
ACCOUNT = "output TOURNIQUET_EVIDENCE_ACCOUNT string = "
BROKEN = [
    # The hook grants everything in Graph to whoever is named there.
    (MAIN, f"{IDENTITY}appPrincipalId", f"{IDENTITY}relayPrincipalId"),
    (MAIN, f"{ACCOUNT}evidenceStorage", f"{ACCOUNT}hostStorage"),
    (MAIN, "? sentinelWorkspaceId : monitoring.", "? '' : monitoring."),
    (MAIN, "?? 'observe'", "?? 'automatic'"),
    (MAIN, "sentinelParts[2]", "sentinelParts[4]"),
    (MAIN, "policyParts[4]", "policyParts[3]"),
    (MAIN, "  name: 'vault'\n  scope: group", "  name: 'vault'\n  scope: resourceGroup('x')"),
    (APP, "name: 'FC1'", "name: 'Y1'"),
    (APP, "reserved: true", "reserved: false"),
    (APP, "kind: 'functionapp,linux'", "kind: 'functionapp'"),
    (APP, "    serverFarmId: plan.id\n", ""),
    (APP, "requireAuthentication: false", "requireAuthentication: true"),
    (APP, "publicNetworkAccess: 'Enabled'", "publicNetworkAccess: 'Disabled'"),
    (APP, "tokenStore: {\n        enabled: false", "tokenStore: {\n        enabled: true"),
    (APP, "alwaysReadyInstances > 0", "alwaysReadyInstances < 0"),
    (APP, "['http', 'durable']", "['https', 'durable']"),
    (APP, "version: '3.13'", "version: '3.12'"),
    (HOST, "blob}${package.name}", "blob}${undelivered.name}"),
    (HOST, "endpoints.blob}".replace("end", "End"), "Endpoints.queue}"),
    (HOST, "prefixMatch: ['${deadLetterContainerName}/']", "prefixMatch: []"),
    (
        RELAY,
        "value: environment().resourceManager",
        "value: environment().authentication.audiences[0]",
    ),
    (RELAY, "parameterValueType: 'Alternative'", "parameterValueType: 'Normal'"),
    (RELAY, "                identity: identityId\n", ""),
    (RELAY, "/functions/post_incident/listkeys", "/functions/post_signal/listkeys"),
    (RULES, "triggerOperator: 'GreaterThan'", "triggerOperator: 'LessThan'"),
    (RULES, "    entityMappings: one.entityMappings\n", ""),
    (RULES, "    customDetails: one.customDetails\n", ""),
    (RULES, "${toUpper(one.queryPeriod)}", "${one.queryPeriod}"),
    (RULES, "  name: guid(workspace.id, suffix, one.id)", "  name: guid(workspace.id, one.id)"),
    (VAULT, "bypass: 'AzureServices'", "bypass: 'None'"),
    (VAULT, "recover ? 'recover' : 'default'", "recover ? 'default' : 'recover'"),
    (NETWORK, "registrationEnabled: false", "registrationEnabled: true"),
    ("modules/firewall.bicep", "['192.0.2.1']", "['0.0.0.0/0']"),
    ("modules/monitoring.bicep", "'LogAnalytics'", "'ApplicationInsights'"),
    (EVIDENCE, "isHnsEnabled: false", "isHnsEnabled: false\n    isLocalUserEnabled: true"),
    (EVIDENCE, "isHnsEnabled: false", "isHnsEnabled: false\n    isSftpEnabled: true"),
    (EVIDENCE, "isVersioningEnabled: true", CORS),
    (EVIDENCE, "privateNetwork ? 'Disabled' : 'Enabled'", "'Enabled'"),
    (EVIDENCE, "privateNetwork ? 'Deny' : 'Allow'", "'Allow'"),
    (VAULT, "privateNetwork ? 'Disabled' : 'Enabled'", "privateNetwork ? 'Enabled' : 'Disabled'"),
    (EVIDENCE, "SinceCreationInDays: retentionDays", "SinceCreationInDays: 1"),
    (EVIDENCE, "= if (setRetention) {", "= if (setRetention && privateNetwork) {"),
    (EVIDENCE, ": never\n", ": 30\n"),
    (EVIDENCE, "enabled: deletesEvidence", "enabled: true"),
    (EVIDENCE, "'StorageDelete'\n        enabled: true", "'StorageDelete'\n        enabled: false"),
    (SETTINGS, "  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString\n", ""),
    (SETTINGS, "Authorization=AAD'", "'"),
    (SETTINGS, "DURABLE_TASK_SCHEDULER_CONNECTION_", "DURABLE_TASK_SCHEDULER_CONECTION_"),
    (SETTINGS, "STRICT_TYPING: '1'", "STRICT_TYPING: '0'"),
    (SETTINGS, "'3145728'", "'104857600'"),
    (SETTINGS, "union(chosen, host,", "union(host, chosen,"),
    (SETTINGS, "replace(name, '_', '-')", "replace(name, '_', '')"),
    (APP, "{ TOURNIQUET_PUBLIC_URL: url }", "{ TOURNIQUET_PUBLIC_ADRESS: url }"),
    (APP, ", { TOURNIQUET_PUBLIC_URL: url }", ""),
    (APP, "${tenant().tenantId}/v2.0", "common/v2.0"),
    (APP, "platform: {\n      enabled: true", "platform: {\n      enabled: false"),
    (EVENTS, "blobContainerName: deadLetterContainer", "blobContainerName: 'lost'"),
    (EVENTS, "retryPolicy: {", "filter: { includedEventTypes: ['x'] }\n    retryPolicy: {"),
    (EVENTS, "CloudEventSchemaV1_0", "EventGridSchema"),
    (ENDPOINTS, "module hostTable ", "module hostTables "),
    (ENDPOINTS, "groupId: 'queue'", "groupId: 'blob'"),
    (ENDPOINTS, "zoneId: tableZoneId", "zoneId: queueZoneId"),
    (NETWORK, "Microsoft.App/environments", "Microsoft.Web/serverFarms"),
    (PORTAL, ACTIONS, ""),
    (PORTAL, "actions: calls", "actions: []"),
    (
        PORTAL,
        "          threshold: 0\n          failing",
        "          threshold: 9\n          failing",
    ),
    (PORTAL, "'DeadLetteredCount'", "'DeadLetterCount'"),
    (PORTAL, "'RunsFailed'", "'RunFailed'"),
    (PORTAL, "'DroppedEventCount'", "'DroppedEvents'"),
    (PORTAL, "sentinelHere ? 'sentinel'", "sentinelHere ? 'sentinal'"),
    (RULES, "isEnabled: enabled", "isEnabled: false"),
    (RULES, "triggersWhen: 'Created'", "triggersWhen: 'Updated'"),
    (FIREWALL, "type: 'Deny'", "type: 'Allow'"),
    (FIREWALL, "ipProtocols: ['Any']", "ipProtocols: ['TCP']"),
    (EVIDENCE, "name: evidenceContainerName", "name: caseContainerName"),
    (PORTAL, "emailAddress: trim(address)", "emailAddress: 'x@y.example'"),
    (PORTAL, "severity: 0", "severity: 4"),
    (
        "modules/event-topic.bicep",
        "Failures'\n        enabled: true",
        "Failures'\n        enabled: false",
    ),
    ("modules/identities.bicep", "app.properties.clientId", "relay.properties.clientId"),
    (
        MAIN,
        "param settings object = {}",
        "param settings object = { TOURNIQUET_MODE: 'automatic' }",
    ),
    (APP, "    keyVaultReferenceIdentity: identityId\n", ""),
    (APP, "  name: 'scm'\n", "  name: 'ftp'\n"),
    (APP, "empty(subnetId) ? null : subnetId", "null"),
    (NETWORK, "access: 'Deny'", "access: 'Allow'"),
    (PORTAL, "evaluationFrequency: 'PT5M'", "evaluationFrequency: 'PT1H'"),
    (MAIN, "param evidenceRetentionDays int = 365", "param evidenceRetentionDays int = 1"),
    (MAIN, "= if (blockAtFirewall) {", "= {"),
    (MAIN, "= if (blockAtFirewall) {", "= if (enableAlerts) {"),
    ("modules/monitoring.bicep", "DisableIpMasking: false", "DisableIpMasking: true"),
    ("modules/firewall.bicep", "assignableScopes: [groupScope]", "assignableScopes: []"),
]
MISWIRED = [
    ("    hostAccountName: hostStorage.outputs", "    hostAccountName: evidenceStorage.outputs"),
    ("evidenceStorage.outputs.evidenceContainer", "evidenceStorage.outputs.caseContainer"),
    ("identities.outputs.appPrincipalId", "identities.outputs.relayPrincipalId"),
    ("identityId: identities.outputs.relayId", "identityId: identities.outputs.appId"),
    ("privateNetwork: privateNetwork", "privateNetwork: enableAlerts"),
    ("onboard: !hasSentinel", "onboard: hasSentinel"),
    ("retentionDays: evidenceRetentionDays", "retentionDays: logRetentionDays"),
    ("mayRunRelay: !empty(sentinelPrincipalId)", "mayRunRelay: true"),
]


def test_the_files_keep_every_promise(bicep: Mapping[str, BicepFile]) -> None:
    assert list(check_promised(bicep)) == []
    assert list(check_wiring(bicep)) == []


@pytest.mark.parametrize(("file", "old", "new"), BROKEN)
def test_a_broken_promise_is_noticed(seed: Seed, file: str, old: str, new: str) -> None:
    files = seed(file, old, new)
    assert files[file].problems == []
    assert {one.file for one in check_promised(files)} == {file}


@pytest.mark.parametrize(("old", "new"), MISWIRED)
def test_what_is_given_to_another_parameter_is_noticed(seed: Seed, old: str, new: str) -> None:
    (problem,) = check_wiring(seed(MAIN, old, new))
    assert problem.rule == "wiring"


def test_no_row_is_of_something_that_is_gone(bicep: Mapping[str, BicepFile]) -> None:
    kinds = {
        block.target.partition("@")[0]
        for file in bicep.values()
        for block in file.resources.values()
    }
    assert BY_TYPE.keys() <= kinds
    assert BY_PLACE.keys() <= bicep.keys()
    put_out = {f"output {name}" for name in bicep[MAIN].outputs}
    assert put_out == {row for row in BY_PLACE[MAIN] if row.startswith("output ")}
    scopes = {f"{module} scope" for module in bicep[MAIN].modules}
    assert scopes == {row for row in BY_PLACE[MAIN] if row.endswith(" scope")}
    modules = bicep[MAIN].modules
    assert {module for module, _ in OTHERWISE if module} <= modules.keys()


@pytest.mark.parametrize(
    "text",
    [
        "a ? b : (c ? 1 : 2)",
        "(a && !b) || c",
        "'${x.y}-${z[0]}-end'",
        "[for (one, index) in many: {name: one, 'a b': null}]",
        "union(a, {b: [true, 'c']})",
    ],
)
def test_an_expression_becomes_one_text_whatever_its_layout(text: str) -> None:
    """Rendered twice it is the same, and another sign or order is another text."""

    def rendered(one: str) -> str:
        value = read("x.bicep", f"var it = {one}\n").variables["it"].value
        return render(value)

    once = rendered(text)
    assert rendered(once) == once
    assert rendered("a && b") != rendered("a || b")
    assert rendered("a - b") != rendered("b - a")
