"""The rows of ``promised.py`` that hold for every resource of a type."""

type Rows = dict[str, str | None]

_PRIVATE = "privateNetwork ? 'Disabled' : 'Enabled'"
_DENIES = "privateNetwork ? 'Deny' : 'Allow'"

BY_TYPE: dict[str, Rows] = {
    "Microsoft.Storage/storageAccounts": {
        "properties.publicNetworkAccess": _PRIVATE,
        "properties.networkAcls.defaultAction": _DENIES,
        "properties.networkAcls.bypass": "'AzureServices'",
        "properties.networkAcls.ipRules": None,
        "properties.networkAcls.virtualNetworkRules": None,
        "properties.networkAcls.resourceAccessRules": None,
        # Accounts and protocols with passwords and keys of their own.
        "properties.isSftpEnabled": None,
        "properties.isLocalUserEnabled": None,
        "properties.isNfsV3Enabled": None,
    },
    "Microsoft.Storage/storageAccounts/blobServices": {"properties.cors": None},
    "Microsoft.Storage/storageAccounts/queueServices": {"properties.cors": None},
    "Microsoft.Storage/storageAccounts/tableServices": {"properties.cors": None},
    "Microsoft.KeyVault/vaults": {
        "properties.publicNetworkAccess": _PRIVATE,
        "properties.networkAcls.defaultAction": _DENIES,
        "properties.networkAcls.bypass": "'AzureServices'",
        "properties.networkAcls.ipRules": None,
        "properties.networkAcls.virtualNetworkRules": None,
        "properties.accessPolicies": None,
    },
    "Microsoft.DurableTask/schedulers": {
        "properties.publicNetworkAccess": _PRIVATE,
        "properties.ipAllowlist": "privateNetwork ? [] : ['0.0.0.0/0']",
    },
    "Microsoft.Web/sites": {
        "properties.siteConfig.cors": None,
        "kind": "'functionapp,linux'",
        "properties.serverFarmId": "plan.id",
        # Sentinel's relay, Event Grid, Slack and browsers come from outside, also to a private one.
        "properties.publicNetworkAccess": "'Enabled'",
        "properties.functionAppConfig.deployment.storage": (
            "{type: 'blobContainer', value: packageContainerUrl, authentication: "
            "{type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId}}"
        ),
        "properties.functionAppConfig.runtime": "{name: 'python', version: '3.13'}",
        # Without it references to the vault are resolved by an identity that is not there.
        "properties.keyVaultReferenceIdentity": "identityId",
        "properties.virtualNetworkSubnetId": "empty(subnetId) ? null : subnetId",
        "identity.userAssignedIdentities": "{'${identityId}': {}}",
    },
    "Microsoft.Web/serverfarms": {
        "kind": "'functionapp'",
        "sku": "{name: 'FC1', tier: 'FlexConsumption'}",
        "properties": "{reserved: true}",
    },
    # Azure takes one zone with registration for a network, and there are five.
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": {
        "properties": "{registrationEnabled: false, virtualNetwork: {id: network.id}}",
    },
    "Microsoft.Insights/components": {
        "properties.IngestionMode": "'LogAnalytics'",
        "properties.DisableIpMasking": "false",
        "properties.WorkspaceResourceId": "workspace.id",
    },
    "Microsoft.Authorization/roleDefinitions": {"properties.assignableScopes": "[groupScope]"},
    # Everything that comes to the topic, in the form in which it came; what cannot be delivered is
    # kept where the alert and the guide say.
    "Microsoft.EventGrid/topics/eventSubscriptions": {
        "properties.destination.endpointType": "'AzureFunction'",
        "properties.destination.properties.resourceId": (
            "'${site.id}/functions/on_security_event'"
        ),
        "properties.eventDeliverySchema": "'CloudEventSchemaV1_0'",
        "properties.filter": None,
        "properties.expirationTimeUtc": None,
        "properties.deadLetterWithResourceIdentity.deadLetterDestination.endpointType": (
            "'StorageBlob'"
        ),
        "properties.deadLetterWithResourceIdentity.deadLetterDestination.properties": (
            "{resourceId: account.id, blobContainerName: deadLetterContainer}"
        ),
    },
    "Microsoft.Insights/diagnosticSettings": {
        "properties.workspaceId": "diagnosticWorkspaceId",
    },
    "Microsoft.EventGrid/topics": {"properties.inputSchema": "'CloudEventSchemaV1_0'"},
    # An alert rule that calls nobody, or only after more than one time, is none.
    "Microsoft.Insights/scheduledQueryRules": {
        "properties.enabled": "enabled",
        "properties.scopes": "[workspaceId]",
        "properties.evaluationFrequency": "'PT5M'",
        "properties.windowSize": "'PT15M'",
        "properties.actions.actionGroups": "groups",
        "properties.criteria.allOf.0.query": "one.query",
        "properties.criteria.allOf.0.timeAggregation": "'Count'",
        "properties.criteria.allOf.0.operator": "'GreaterThan'",
        "properties.criteria.allOf.0.threshold": "0",
        "properties.criteria.allOf.0.failingPeriods": (
            "{numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1}"
        ),
        "properties.muteActionsDuration": None,
    },
    "Microsoft.Insights/metricAlerts": {
        "properties.enabled": "enabled",
        "properties.scopes": "[one.of]",
        "properties.evaluationFrequency": "'PT5M'",
        "properties.windowSize": "'PT15M'",
        "properties.actions": "calls",
        "properties.criteria.allOf.0.metricNamespace": "one.kind",
        "properties.criteria.allOf.0.metricName": "one.metric",
        "properties.criteria.allOf.0.timeAggregation": "'Total'",
        "properties.criteria.allOf.0.operator": "'GreaterThan'",
        "properties.criteria.allOf.0.threshold": "0",
        "properties.criteria.allOf.0.dimensions": None,
    },
    "Microsoft.Insights/actionGroups": {"properties.enabled": "true"},
}
"""What every resource of a type has, by path."""
