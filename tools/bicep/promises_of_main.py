"""The rows of ``promised.py`` for ``main.bicep``: what nobody chose, where it goes, what is told.

The hooks go by the outputs: permissions are granted to the identity that is named there.
"""

from tools.bicep.promises_of_types import Rows

_OUTPUTS = {
    "AZURE_LOCATION": "location",
    "AZURE_TENANT_ID": "tenant().tenantId",
    "AZURE_RESOURCE_GROUP": "group.name",
    "TOURNIQUET_APP_NAME": "app.outputs.siteName",
    "TOURNIQUET_APP_URL": "app.outputs.url",
    "TOURNIQUET_IDENTITY_CLIENT_ID": "identities.outputs.appClientId",
    "TOURNIQUET_IDENTITY_PRINCIPAL_ID": "identities.outputs.appPrincipalId",
    "TOURNIQUET_RELAY_PRINCIPAL_ID": "identities.outputs.relayPrincipalId",
    "TOURNIQUET_VAULT_NAME": "vault.outputs.vaultName",
    "TOURNIQUET_EVIDENCE_ACCOUNT": "evidenceStorage.outputs.accountName",
    "TOURNIQUET_HOST_ACCOUNT": "hostStorage.outputs.accountName",
    "TOURNIQUET_DEAD_LETTER_CONTAINER": "hostStorage.outputs.deadLetterContainer",
    "TOURNIQUET_EVENT_TOPIC": "eventTopic.outputs.topicName",
    "TOURNIQUET_EVENT_ENDPOINT": "eventTopic.outputs.endpoint",
    "TOURNIQUET_IP_GROUP_RESOURCE_ID": "blockAtFirewall ? firewall.outputs.groupId : ''",
    "TOURNIQUET_TELEMETRY_WORKSPACE_ID": "monitoring.outputs.workspaceId",
    "TOURNIQUET_INSIGHTS_ID": "monitoring.outputs.insightsId",
    "TOURNIQUET_WORKBOOK_ID": "portal.outputs.workbookId",
    "TOURNIQUET_ACTION_GROUP_ID": "portal.outputs.actionGroupId",
    # The grammar takes what is behind a choice for the whole choice's.
    "TOURNIQUET_SENTINEL_WORKSPACE_ID": (
        "(hasSentinel ? sentinelWorkspaceId : monitoring).outputs.workspaceId"
    ),
    "TOURNIQUET_MODE": "settings.TOURNIQUET_MODE ?? 'observe'",
    "TOURNIQUET_DEFENDER_ENABLED": "settings.TOURNIQUET_DEFENDER_ENABLED ?? ''",
    "TOURNIQUET_NAMED_LOCATION_ID": "namedLocationId",
    "DIRECTORY_ROLE": "directoryRole",
    "DURABLE_BACKEND": "durableBackend",
    "BLOCK_AT_FIREWALL": "blockAtFirewall",
    "FIREWALL_POLICY_ID": "firewallPolicyId",
    "SENTINEL_WORKSPACE_ID": "sentinelWorkspaceId",
    "EVENT_PUBLISHER_IDS": "eventPublisherIds",
    "TOURNIQUET_DEPLOYED_CHOICES": (
        "'${durableBackend};${blockAtFirewall};${firewallPolicyId};${sentinelWorkspaceId}'"
    ),
}
_AT_SENTINEL = (
    "resourceGroup((hasSentinel ? sentinelParts[2] : subscription()).subscriptionId, "
    "hasSentinel ? sentinelParts[4] : groupName)"
)
_AT_POLICY = _AT_SENTINEL.replace("hasSentinel", "hasPolicy").replace("sentinel", "policy")
_ELSEWHERE = {
    "sentinelWorkspace": _AT_SENTINEL,
    "sentinelRules": _AT_SENTINEL,
    "firewallRule": _AT_POLICY,
}
_HERE = (
    "identities", "monitoring", "hostStorage", "evidenceStorage", "vault", "scheduler", "network",
    "endpoints", "firewall", "appSettings", "app", "eventTopic", "portal", "relay",
)  # fmt: skip

MAIN: Rows = {
    # What nobody chose: the evidence for a year, everything seen and told.
    "param settings": "{}",
    "param evidenceRetentionDays": "365",
    "param setEvidenceRetention": "true",
    "param deleteEvidenceAfterDays": "0",
    "param logRetentionDays": "90",
    "param enableDetections": "true",
    "param enableAlerts": "true",
    "var usesScheduler": "durableBackend == 'azureManaged'",
    "var hasSentinel": "!empty(sentinelWorkspaceId)",
    "var hasPolicy": "!empty(firewallPolicyId)",
    "scheduler if": "usesScheduler",
    "network if": "privateNetwork",
    "endpoints if": "privateNetwork",
    "firewall if": "blockAtFirewall",
    "firewallRule if": "blockAtFirewall",
    "sentinelRules if": "deployDetections",
    "var sentinelParts": "split(hasSentinel ? sentinelWorkspaceId : nothing, '/')",
    "var policyParts": "split(hasPolicy ? firewallPolicyId : nothing, '/')",
    "var suffix": "toLower(uniqueString(subscription().id, environmentName, location))",
    "var tags": "{'azd-env-name': environmentName}",
    "var groupName": "'rg-${environmentName}'",
    **{f"{module} scope": "group" for module in _HERE},
    **{f"{module} scope": scope for module, scope in _ELSEWHERE.items()},
    **{f"output {name}": text for name, text in _OUTPUTS.items()},
}
"""What is at one place of ``main.bicep``."""
