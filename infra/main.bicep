metadata description = 'Tourniquet: everything it runs on, with the least rights that serve.'

targetScope = 'subscription'

@description('Name of the environment, by which azd finds its resources again.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of everything.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Object id of who deploys; may set secrets in the vault. Blank: nobody may.')
param principalId string = ''

@description('What the deployer is.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

@description('Settings of the app that the operator chose, by name. Blank ones count as not set.')
param settings object = {}

@description('Secret settings whose value is in the vault, comma separated. Found out before provisioning.')
param settingsInVault string = ''

@description('Address by which people reach the app; blank: the app\'s own.')
param publicUrl string = ''

@description('Whether the vault was deleted and is to come back. Found out before provisioning.')
param recoverVault bool = false

@description('Whether storage, vault and scheduler are reached through a virtual network only. The app itself stays reachable: Sentinel, Slack and browsers come from outside.')
param privateNetwork bool = false

@description('Address range of that network.')
param networkAddressPrefix string = '10.90.0.0/24'

@description('Address range of the app in it, at least a /27.')
param appSubnetPrefix string = '10.90.0.0/26'

@description('Address range of the private endpoints in it, at least a /28.')
param endpointSubnetPrefix string = '10.90.0.64/26'

@description('Where orchestrations are kept: the host\'s storage account, or the Durable Task Scheduler.')
@allowed(['azureStorage', 'azureManaged'])
param durableBackend string = 'azureStorage'

@description('Plan of the Durable Task Scheduler, where it is used.')
@allowed(['Consumption', 'Dedicated'])
param schedulerSku string = 'Consumption'

@description('Days that the Durable Task Scheduler keeps finished orchestrations; 30 at most on Consumption.')
@minValue(1)
@maxValue(90)
param schedulerRetentionDays int = 30

@description('Memory of an instance of the app, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances of the app at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always warm, for HTTP and for the durable functions each. 0: none, so that the first incident waits for a cold start.')
@minValue(0)
param alwaysReadyInstances int = 0

@description('Redundancy of both storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Days that evidence can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param evidenceRetentionDays int = 365

@description('Whether to set that period. Off once the policy is locked; found out before provisioning.')
param setEvidenceRetention bool = true

@description('Days after which evidence is deleted; 0: never.')
@minValue(0)
param deleteEvidenceAfterDays int = 0

@description('Days after which case records are deleted; 0: never.')
@minValue(0)
param deleteCasesAfterDays int = 0

@description('Object ids of service principals that may publish security events, comma separated. Blank: nobody yet.')
param eventPublisherIds string = ''

@description('Address of an OpenTelemetry collector that measurements and traces go to as well. Blank: none.')
param otlpEndpoint string = ''

@description('Days that telemetry and diagnostic logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('GB of telemetry a day after which no more is taken in; -1: no limit.')
param logDailyQuotaGb int = -1

@description('Resource id of the Sentinel workspace there is. Blank: Sentinel is switched on in the new workspace.')
param sentinelWorkspaceId string = ''

@description('Object id, in this tenant, of the service principal "Azure Security Insights". Found out before provisioning.')
param sentinelPrincipalId string = ''

@description('Whether to make the analytics rules and the automation rule. The service refuses rules before the workspace has sign-in logs; found out before provisioning.')
param deployDetections bool = false

@description('Whether these rules run.')
param enableDetections bool = true

@description('Place of the automation rule among others.')
@minValue(1)
@maxValue(1000)
param automationOrder int = 100

@description('Whether to make the IP group for Azure Firewall.')
param blockAtFirewall bool = false

@description('Whether the IP group is there already, so that its addresses are kept. Found out before provisioning.')
param ipGroupExists bool = false

@description('Resource id of the firewall policy that gets the deny rule, in the region of everything. Blank: a new policy, which a firewall has to use.')
param firewallPolicyId string = ''

@description('Priority of the deny rule: before all that allow.')
@minValue(100)
@maxValue(65000)
param firewallRulePriority int = 200

@description('Id of the named location of Conditional Access; blank: none. Made before provisioning where asked for.')
param namedLocationId string = ''

@description('Directory role that the hooks give the app\'s identity once it may act: to act on users, on administrators too, or none.')
@allowed(['user', 'privileged', 'none'])
param directoryRole string = 'user'

@description('Client id of the app registration by which people sign in; blank: nobody signs in. Made before provisioning.')
param signInClientId string = ''

@description('Mail addresses that alerts go to, comma separated. Blank: none.')
param alertMailTo string = ''

@description('Resource ids of action groups there are that alerts go to as well, comma separated. Blank: none.')
param alertActionGroupIds string = ''

@description('Whether the alert rules run.')
param enableAlerts bool = true

var suffix = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var taskHubName = 'tourniquet'
// Has as many parts as a resource id, so that none is asked for that is not there.
var nothing = '/-/-/-/-/-/-/-/-'
var hasSentinel = !empty(sentinelWorkspaceId)
var sentinelParts = split(hasSentinel ? sentinelWorkspaceId : nothing, '/')
var hasPolicy = !empty(firewallPolicyId)
var policyParts = split(hasPolicy ? firewallPolicyId : nothing, '/')
var usesScheduler = durableBackend == 'azureManaged'
var groupName = 'rg-${environmentName}'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: tags
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  name: 'host-storage'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    privateNetwork: privateNetwork
    skuName: storageSku
    appPrincipalId: identities.outputs.appPrincipalId
    diagnosticWorkspaceId: monitoring.outputs.workspaceId
    deadLetterDays: 90
  }
}

module evidenceStorage 'modules/evidence-storage.bicep' = {
  name: 'evidence-storage'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    privateNetwork: privateNetwork
    skuName: storageSku
    appPrincipalId: identities.outputs.appPrincipalId
    diagnosticWorkspaceId: monitoring.outputs.workspaceId
    retentionDays: evidenceRetentionDays
    deleteEvidenceAfterDays: deleteEvidenceAfterDays
    deleteCasesAfterDays: deleteCasesAfterDays
    setRetention: setEvidenceRetention
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    privateNetwork: privateNetwork
    appPrincipalId: identities.outputs.appPrincipalId
    recover: recoverVault
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
    diagnosticWorkspaceId: monitoring.outputs.workspaceId
  }
}

module scheduler 'modules/durable-scheduler.bicep' = if (usesScheduler) {
  name: 'durable-scheduler'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    privateNetwork: privateNetwork
    skuName: schedulerSku
    taskHubName: taskHubName
    appPrincipalId: identities.outputs.appPrincipalId
    retentionDays: schedulerRetentionDays
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    addressPrefix: networkAddressPrefix
    appSubnetPrefix: appSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
  }
}

module endpoints 'modules/private-endpoints.bicep' = if (privateNetwork) {
  name: 'private-endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    subnetId: privateNetwork ? network.outputs.endpointSubnetId : ''
    hostStorageId: hostStorage.outputs.accountId
    evidenceStorageId: evidenceStorage.outputs.accountId
    vaultId: vault.outputs.vaultId
    schedulerId: usesScheduler ? scheduler.outputs.schedulerId : ''
    blobZoneId: privateNetwork ? network.outputs.blobZoneId : ''
    queueZoneId: privateNetwork ? network.outputs.queueZoneId : ''
    tableZoneId: privateNetwork ? network.outputs.tableZoneId : ''
    vaultZoneId: privateNetwork ? network.outputs.vaultZoneId : ''
    schedulerZoneId: privateNetwork ? network.outputs.schedulerZoneId : ''
  }
}

module sentinelWorkspace 'modules/sentinel-workspace.bicep' = {
  name: 'sentinel-workspace-${suffix}'
  scope: resourceGroup(hasSentinel ? sentinelParts[2] : subscription().subscriptionId, hasSentinel ? sentinelParts[4] : groupName)
  params: {
    workspaceName: hasSentinel ? last(sentinelParts) : monitoring.outputs.workspaceName
    onboard: !hasSentinel
    appPrincipalId: identities.outputs.appPrincipalId
    relayPrincipalId: identities.outputs.relayPrincipalId
  }
}

module firewall 'modules/firewall.bicep' = if (blockAtFirewall) {
  name: 'firewall'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    groupExists: ipGroupExists
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module firewallRule 'modules/firewall-rule.bicep' = if (blockAtFirewall) {
  name: 'firewall-rule-${suffix}'
  scope: resourceGroup(hasPolicy ? policyParts[2] : subscription().subscriptionId, hasPolicy ? policyParts[4] : groupName)
  params: {
    location: location
    tags: tags
    policyName: hasPolicy ? last(policyParts) : 'afwp-tourniquet-${suffix}'
    makePolicy: !hasPolicy
    priority: firewallRulePriority
    groupId: blockAtFirewall ? firewall.outputs.groupId : ''
    suffix: suffix
    appPrincipalId: identities.outputs.appPrincipalId
  }
}

module appSettings 'modules/app-settings.bicep' = {
  name: 'app-settings'
  scope: group
  params: {
    chosen: settings
    settingsInVault: split(settingsInVault, ',')
    vaultName: vault.outputs.vaultName
    identityClientId: identities.outputs.appClientId
    taskHubName: taskHubName
    durableBackend: durableBackend
    schedulerEndpoint: usesScheduler ? scheduler.outputs.endpoint : ''
    hostAccountName: hostStorage.outputs.accountName
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    otlpEndpoint: otlpEndpoint
    evidenceBlobUrl: evidenceStorage.outputs.blobUrl
    caseContainer: evidenceStorage.outputs.caseContainer
    evidenceContainer: evidenceStorage.outputs.evidenceContainer
    workspaceCustomerId: sentinelWorkspace.outputs.customerId
    firewallIpGroupId: blockAtFirewall ? firewall.outputs.groupId : ''
    namedLocationId: namedLocationId
  }
}

module app 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    identityId: identities.outputs.appId
    identityClientId: identities.outputs.appClientId
    packageContainerUrl: hostStorage.outputs.packageContainerUrl
    subnetId: privateNetwork ? network.outputs.appSubnetId : ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    appSettings: appSettings.outputs.appSettings
    publicUrl: publicUrl
    signInClientId: signInClientId
  }
}

module eventTopic 'modules/event-topic.bicep' = {
  name: 'event-topic'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    storageAccountName: hostStorage.outputs.accountName
    deadLetterContainer: hostStorage.outputs.deadLetterContainer
    diagnosticWorkspaceId: monitoring.outputs.workspaceId
    publisherIds: eventPublisherIds
  }
}

module portal 'modules/portal.bicep' = {
  name: 'portal'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    workspaceId: monitoring.outputs.workspaceId
    sentinelHere: !hasSentinel
    topicId: eventTopic.outputs.topicId
    relayId: relay.outputs.relayId
    mailTo: alertMailTo
    actionGroupIds: alertActionGroupIds
    enabled: enableAlerts
  }
}

module relay 'modules/relay.bicep' = {
  name: 'relay'
  scope: group
  params: {
    location: location
    tags: tags
    suffix: suffix
    identityId: identities.outputs.relayId
    identityPrincipalId: identities.outputs.relayPrincipalId
    siteName: app.outputs.siteName
    sentinelPrincipalId: sentinelPrincipalId
    diagnosticWorkspaceId: monitoring.outputs.workspaceId
  }
}

module sentinelRules 'modules/sentinel-rules.bicep' = if (deployDetections) {
  name: 'sentinel-rules-${suffix}'
  scope: resourceGroup(hasSentinel ? sentinelParts[2] : subscription().subscriptionId, hasSentinel ? sentinelParts[4] : groupName)
  params: {
    workspaceName: hasSentinel ? last(sentinelParts) : monitoring.outputs.workspaceName
    suffix: suffix
    relayId: relay.outputs.relayId
    enabled: enableDetections
    automationOrder: automationOrder
    mayRunRelay: !empty(sentinelPrincipalId)
  }
  dependsOn: [sentinelWorkspace]
}

@description('Region of everything.')
output AZURE_LOCATION string = location

@description('Tenant of everything.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Resource group of everything but what is in an existing workspace or firewall policy.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the app.')
output TOURNIQUET_APP_NAME string = app.outputs.siteName

@description('Address of the app, as people see it.')
output TOURNIQUET_APP_URL string = app.outputs.url

@description('Client id of the app\'s identity.')
output TOURNIQUET_IDENTITY_CLIENT_ID string = identities.outputs.appClientId

@description('Object id of the app\'s identity, which permissions are granted to.')
output TOURNIQUET_IDENTITY_PRINCIPAL_ID string = identities.outputs.appPrincipalId

@description('Object id of the relay\'s identity.')
output TOURNIQUET_RELAY_PRINCIPAL_ID string = identities.outputs.relayPrincipalId

@description('Name of the vault of secrets.')
output TOURNIQUET_VAULT_NAME string = vault.outputs.vaultName

@description('Account of cases and evidence.')
output TOURNIQUET_EVIDENCE_ACCOUNT string = evidenceStorage.outputs.accountName

@description('Account of the host, which holds events that could not be delivered.')
output TOURNIQUET_HOST_ACCOUNT string = hostStorage.outputs.accountName

@description('Container of events that could not be delivered.')
output TOURNIQUET_DEAD_LETTER_CONTAINER string = hostStorage.outputs.deadLetterContainer

@description('Name of the Event Grid topic.')
output TOURNIQUET_EVENT_TOPIC string = eventTopic.outputs.topicName

@description('Address that security events are sent to.')
output TOURNIQUET_EVENT_ENDPOINT string = eventTopic.outputs.endpoint

@description('Resource id of the IP group; blank: none.')
output TOURNIQUET_IP_GROUP_RESOURCE_ID string = blockAtFirewall ? firewall.outputs.groupId : ''

@description('Resource id of the workspace that telemetry goes to.')
output TOURNIQUET_TELEMETRY_WORKSPACE_ID string = monitoring.outputs.workspaceId

@description('Resource id of Application Insights.')
output TOURNIQUET_INSIGHTS_ID string = monitoring.outputs.insightsId

@description('Resource id of the workbook.')
output TOURNIQUET_WORKBOOK_ID string = portal.outputs.workbookId

@description('Resource id of the action group that alerts go to.')
output TOURNIQUET_ACTION_GROUP_ID string = portal.outputs.actionGroupId

@description('Resource id of the Sentinel workspace.')
output TOURNIQUET_SENTINEL_WORKSPACE_ID string = hasSentinel ? sentinelWorkspaceId : monitoring.outputs.workspaceId

// Choices that the hooks go by, under the names of azd's variables: `azd env refresh` on another
// machine brings back outputs only, and a choice that is not known must not take a right away.
@description('How far the app goes by itself.')
output TOURNIQUET_MODE string = settings.?TOURNIQUET_MODE ?? 'observe'

@description('Whether orders to Microsoft Defender for Endpoint are on; blank: no.')
output TOURNIQUET_DEFENDER_ENABLED string = settings.?TOURNIQUET_DEFENDER_ENABLED ?? ''

@description('Id of the named location of Conditional Access; blank: none.')
output TOURNIQUET_NAMED_LOCATION_ID string = namedLocationId

@description('Directory role that the hooks give the app\'s identity once it may act.')
output DIRECTORY_ROLE string = directoryRole

@description('Where orchestrations are kept.')
output DURABLE_BACKEND string = durableBackend

@description('Whether there is an IP group for Azure Firewall.')
output BLOCK_AT_FIREWALL bool = blockAtFirewall

@description('Resource id of the firewall policy that was chosen; blank: the templates\' own.')
output FIREWALL_POLICY_ID string = firewallPolicyId

@description('Resource id of the Sentinel workspace that was chosen; blank: the new one.')
output SENTINEL_WORKSPACE_ID string = sentinelWorkspaceId

@description('Object ids of service principals that may publish security events.')
output EVENT_PUBLISHER_IDS string = eventPublisherIds

@description('The choices by which Azure roles are given, as deployed: who changes one and does not provision is noticed.')
output TOURNIQUET_DEPLOYED_CHOICES string = '${durableBackend};${blockAtFirewall};${firewallPolicyId};${sentinelWorkspaceId}'
