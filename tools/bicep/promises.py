"""The rows of ``promised.py`` that hold at one place of one file."""

from tools.bicep.promises_of_main import MAIN
from tools.bicep.promises_of_sentinel import SENTINEL
from tools.bicep.promises_of_types import Rows

_ON = "enabled: true"
_ENDPOINTS = (
    ("hostBlob", "hostStorageId", "blob"),
    ("hostQueue", "hostStorageId", "queue"),
    ("hostTable", "hostStorageId", "table"),
    ("evidenceBlob", "evidenceStorageId", "blob"),
    ("vault", "vaultId", "vault"),
    ("scheduler", "schedulerId", "scheduler"),
)
"""Private endpoints: name, what they lead to, which part of it."""

BY_PLACE: dict[str, Rows] = {
    **SENTINEL,
    "main.bicep": MAIN,
    "modules/identities.bicep": {
        "output appClientId": "app.properties.clientId",
        "output appId": "app.id",
        "output relayId": "relay.id",
        "output appPrincipalId": "app.properties.principalId",
        "output relayPrincipalId": "relay.properties.principalId",
    },
    "modules/evidence-storage.bicep": {
        "cases name": "caseContainerName",
        "evidence name": "evidenceContainerName",
        "retention if": "setRetention",
        "retention properties.immutabilityPeriodSinceCreationInDays": "retentionDays",
        "var deletesEvidence": "deleteEvidenceAfterDays > 0",
        "var deletesCases": "deleteCasesAfterDays > 0",
        "var never": "36500",
        "var evidenceDays": (
            "deletesEvidence ? max(deleteEvidenceAfterDays, retentionDays + 1) : never"
        ),
        "var caseContainerName": "'cases'",
        "var evidenceContainerName": "'evidence'",
        "lifecycle properties.policy.rules.0.definition.actions.baseBlob.delete": None,
        "lifecycle properties.policy.rules.0.definition.actions.version": None,
        "lifecycle properties.policy.rules.1.enabled": "deletesEvidence",
        "lifecycle properties.policy.rules.1.definition.actions": (
            "{baseBlob: {delete: {daysAfterModificationGreaterThan: evidenceDays}}, "
            "version: {delete: {daysAfterCreationGreaterThan: evidenceDays}}}"
        ),
        "lifecycle properties.policy.rules.2.definition.filters.prefixMatch": (
            "['${caseContainerName}/']"
        ),
        "lifecycle properties.policy.rules.3.definition.filters.prefixMatch": (
            "['${caseContainerName}/turns/']"
        ),
        "lifecycle properties.policy.rules.3.definition.actions": (
            "{version: {delete: {daysAfterCreationGreaterThan: 1}}}"
        ),
        "lifecycle properties.policy.rules.4.enabled": "deletesCases",
        "lifecycle properties.policy.rules.4.definition.filters.prefixMatch": (
            "['${caseContainerName}/']"
        ),
        "lifecycle properties.policy.rules.5": None,
        "blobLogs scope": "blobs",
        "blobLogs properties": (
            "{workspaceId: diagnosticWorkspaceId, logs: ["
            f"{{category: 'StorageRead', {_ON}}}, {{category: 'StorageWrite', {_ON}}}, "
            f"{{category: 'StorageDelete', {_ON}}}]}}"
        ),
        "output caseContainer": "cases.name",
        "output evidenceContainer": "evidence.name",
    },
    "modules/host-storage.bicep": {
        # Without the prefix everything of the host would be forgotten, its package too.
        "lifecycle properties.policy.rules": (
            "[{name: 'forget-undelivered-events', enabled: true, type: 'Lifecycle', definition: {"
            "filters: {blobTypes: ['blockBlob'], prefixMatch: ['${deadLetterContainerName}/']}, "
            "actions: {baseBlob: {delete: {daysAfterModificationGreaterThan: deadLetterDays}}}}}]"
        ),
        "package name": "packageContainerName",
        "undelivered name": "deadLetterContainerName",
        "output accountName": "account.name",
        "output packageContainerUrl": (
            "'${account.properties.primaryEndpoints.blob}${package.name}'"
        ),
        "output deadLetterContainer": "undelivered.name",
    },
    "modules/vault.bicep": {
        "vault properties.tenantId": "tenant().tenantId",
        "vault properties.createMode": "recover ? 'recover' : 'default'",
        "vaultLogs scope": "vault",
        "vaultLogs properties": (
            f"{{workspaceId: diagnosticWorkspaceId, logs: [{{categoryGroup: 'audit', {_ON}}}]}}"
        ),
    },
    "modules/app-settings.bicep": {
        # What the host goes by: without the first two the app works and nobody sees it.
        "var host": (
            "{AzureWebJobsStorage__credential: 'managedidentity', "
            "AzureWebJobsStorage__clientId: identityClientId, "
            "AzureWebJobsStorage__accountName: hostAccountName, "
            "APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString, "
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING: "
            "'ClientId=${identityClientId};Authorization=AAD', "
            "AZURE_CLIENT_ID: identityClientId, "
            "AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint, "
            "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1', "
            "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '3145728', TASKHUB_NAME: taskHubName}"
        ),
        "var scheduler": (
            "(durableBackend == 'azureManaged') ? {DURABLE_TASK_SCHEDULER_CONNECTION_STRING: "
            "'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;"
            "ClientID=${identityClientId}'} : {}"
        ),
        "var deployed TOURNIQUET_BLOB_URL": "evidenceBlobUrl",
        "var deployed TOURNIQUET_CASE_CONTAINER": "caseContainer",
        "var deployed TOURNIQUET_EVIDENCE_CONTAINER": "evidenceContainer",
        "var deployed TOURNIQUET_FIREWALL_IP_GROUP_ID": "firewallIpGroupId",
        "var deployed TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID": "workspaceCustomerId",
        "var deployed TOURNIQUET_NAMED_LOCATION_ID": "namedLocationId",
        "var collector": ("empty(otlpEndpoint) ? {} : {OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint}"),
        "var referenced": "intersection(concat(secretSettings, otherSecrets), settingsInVault)",
        "var references": (
            '[for name in referenced: \'"${name}":"@Microsoft.KeyVault(VaultName=${vaultName};'
            "SecretName=${toLower(replace(name, '_', '-'))})\"']"
        ),
        # What comes later wins: nobody can choose what the host or a reference is.
        "output appSettings": (
            "union(chosen, host, collector, scheduler, deployed, "
            "json('{${join(references, ',')}}'))"
        ),
    },
    "modules/function-app.bicep": {
        "settings name": "'appsettings'",
        "settings properties": "union(appSettings, signInSettings, {TOURNIQUET_PUBLIC_URL: url})",
        "var url": ("empty(publicUrl) ? 'https://${site.properties.defaultHostName}' : publicUrl"),
        "var alwaysReadyGroups": "(alwaysReadyInstances > 0) ? ['http', 'durable'] : []",
        "site properties.functionAppConfig.scaleAndConcurrency": (
            "{instanceMemoryMB: instanceMemoryMB, maximumInstanceCount: maximumInstanceCount, "
            "alwaysReady: [for group in alwaysReadyGroups: "
            "{name: group, instanceCount: alwaysReadyInstances}]}"
        ),
        "noFtpPassword name": "'ftp'",
        "noPublishingPassword name": "'scm'",
        "signIn if": "signInOn",
        "var signInOn": "!empty(signInClientId)",
        "signIn properties.platform.enabled": "true",
        # The app itself refuses; who brings a key or a signature cannot sign in as people do.
        "signIn properties.globalValidation": (
            "{requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous'}"
        ),
        "signIn properties.login": "{tokenStore: {enabled: false}}",
        "signIn properties.httpSettings.requireHttps": "true",
        "signIn properties.identityProviders.azureActiveDirectory.enabled": "true",
        "signIn properties.identityProviders.azureActiveDirectory.registration": (
            "{clientId: signInClientId, "
            "clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID', "
            "openIdIssuer: '${environment().authentication.loginEndpoint}"
            "${tenant().tenantId}/v2.0'}"
        ),
        "signIn properties.identityProviders.azureActiveDirectory.validation": (
            "{allowedAudiences: [signInClientId, 'api://${signInClientId}']}"
        ),
    },
    "modules/firewall.bicep": {
        "made if": "!groupExists",
        # An address of no host: an empty group is refused.
        "made properties": "{ipAddresses: ['192.0.2.1']}",
        "output groupId": "blocked.id",
    },
    "modules/firewall-rule.bicep": {
        "denies properties.ruleCollections.0.action.type": "'Deny'",
        "denies properties.ruleCollections.0.rules.0.sourceIpGroups": "[groupId]",
        "denies properties.ruleCollections.0.rules.0.destinationAddresses": "['*']",
        "denies properties.ruleCollections.0.rules.1.sourceAddresses": "['*']",
        "denies properties.ruleCollections.0.rules.1.destinationIpGroups": "[groupId]",
        **{
            f"denies properties.ruleCollections.0.rules.{number}.{part}": text
            for number in (0, 1)
            for part, text in (("ipProtocols", "['Any']"), ("destinationPorts", "['*']"))
        },
        "denies properties.ruleCollections.1": None,
    },
    "modules/event-topic.bicep": {
        "topicLogs scope": "topic",
        "topicLogs properties.logs": (
            f"[{{category: 'DeliveryFailures', {_ON}}}, {{category: 'PublishFailures', {_ON}}}]"
        ),
        "var publishers": "empty(publisherIds) ? [] : split(publisherIds, ',')",
    },
    "modules/portal.bicep": {
        "workbook properties.category": "sentinelHere ? 'sentinel' : 'workbook'",
        "workbook properties.sourceId": "workspaceId",
        "onCall properties.emailReceivers": (
            "[for (address, index) in addresses: {name: 'mail-${index}', "
            "emailAddress: trim(address), useCommonAlertSchema: true}]"
        ),
        **{f"var queries {index}.severity": text for index, text in enumerate("01021")},
        "var counts 0.severity": "1",
        "var counts 1.severity": "0",
        "var groups": "concat([onCall.id], otherGroups)",
        "var calls": "[for id in groups: {actionGroupId: id}]",
        # The services' own names of what they count; no published type lists them.
        "var counts 0.of": "topicId",
        "var counts 0.kind": "'Microsoft.EventGrid/topics'",
        "var counts 0.metric": "'DeadLetteredCount'",
        "var counts 1.of": "relayId",
        "var counts 1.kind": "'Microsoft.Logic/workflows'",
        "var counts 1.metric": "'RunsFailed'",
        "var counts 2.severity": "0",
        "var counts 2.of": "topicId",
        "var counts 2.kind": "'Microsoft.EventGrid/topics'",
        "var counts 2.metric": "'DroppedEventCount'",
    },
    "modules/private-endpoints.bicep": {
        row: text
        for name, of, part in _ENDPOINTS
        for row, text in (
            (f"{name} params.resourceId", of),
            (f"{name} params.groupId", f"'{part}'"),
            (f"{name} params.zoneId", f"{part}ZoneId"),
            (f"{name} if", "!empty(schedulerId)" if name == "scheduler" else None),
        )
    },
    "modules/private-endpoint.bicep": {
        "endpoint properties.subnet.id": "subnetId",
        "endpoint properties.privateLinkServiceConnections.0.properties": (
            "{privateLinkServiceId: resourceId, groupIds: [groupId]}"
        ),
        "entry properties.privateDnsZoneConfigs.0.properties.privateDnsZoneId": "zoneId",
    },
    "modules/network.bicep": {
        "var zoneNames 0": "'privatelink.blob.${environment().suffixes.storage}'",
        "var zoneNames 1": "'privatelink.queue.${environment().suffixes.storage}'",
        "var zoneNames 2": "'privatelink.table.${environment().suffixes.storage}'",
        "output blobZoneId": "zones[0].id",
        "output queueZoneId": "zones[1].id",
        "output tableZoneId": "zones[2].id",
        "output vaultZoneId": "zones[3].id",
        "output schedulerZoneId": "zones[4].id",
        "endpointRules properties.securityRules.0.properties.sourceAddressPrefix": (
            "appSubnetPrefix"
        ),
        "endpointRules properties.securityRules.0.properties.destinationPortRange": "'443'",
        "endpointRules properties.securityRules.1.properties.access": "'Deny'",
        "endpointRules properties.securityRules.1.properties.sourceAddressPrefix": "'*'",
        "endpointRules properties.securityRules.2": None,
        "network properties.subnets.1.properties.networkSecurityGroup.id": "endpointRules.id",
        "network properties.subnets.1.properties.privateEndpointNetworkPolicies": "'Enabled'",
        "network properties.subnets.0.properties.delegations.0.properties.serviceName": (
            "'Microsoft.App/environments'"
        ),
    },
}
"""What is at one place of one file."""
