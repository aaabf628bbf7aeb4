metadata description = 'The Event Grid topic that takes security events. What it delivers to is in events.bicep, deployed after the code.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Name of the host\'s storage account, where events go that could not be delivered.')
param storageAccountName string

@description('Container for them.')
param deadLetterContainer string

@description('Workspace for diagnostic logs.')
param diagnosticWorkspaceId string

@description('Object ids of identities that may publish events, comma separated. Blank: nobody yet.')
param publisherIds string

var publishers = empty(publisherIds) ? [] : split(publisherIds, ',')
var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource undelivered 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: deadLetterContainer
}

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: 'evgt-tourniquet-${suffix}'
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource topicLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: topic
  properties: {
    workspaceId: diagnosticWorkspaceId
    logs: [
      {
        category: 'DeliveryFailures'
        enabled: true
      }
      {
        category: 'PublishFailures'
        enabled: true
      }
    ]
  }
}

// Behind a storage firewall only the topic's own identity may write what could not be delivered.
resource keepsUndelivered 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(undelivered.id, topic.id, roles.storageBlobDataContributor)
  scope: undelivered
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

// Keys are switched off, so that nobody can publish without this role.
resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for publisher in publishers: {
  name: guid(topic.id, trim(publisher), roles.eventGridDataSender)
  scope: topic
  properties: {
    principalId: trim(publisher)
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.eventGridDataSender)
  }
}]

@description('Resource id of the topic.')
output topicId string = topic.id

@description('Name of the topic.')
output topicName string = topic.name

@description('Address that events are sent to, by the publishers.')
output endpoint string = topic.properties.endpoint
