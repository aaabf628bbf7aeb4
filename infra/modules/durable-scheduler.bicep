metadata description = 'Durable Task Scheduler: the managed store of orchestrations, for those who outgrow one storage account.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Whether only the virtual network may reach the scheduler.')
param privateNetwork bool

@description('Plan of the scheduler.')
@allowed(['Consumption', 'Dedicated'])
param skuName string

@description('Name of the task hub.')
param taskHubName string

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Days that finished orchestrations are kept; 30 at most on Consumption.')
@minValue(1)
@maxValue(90)
param retentionDays int

var roles = loadJsonContent('../roles.json')

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: 'dts-${suffix}'
  location: location
  tags: tags
  properties: {
    // An empty list lets nobody in from outside; without a private network the role is what protects it.
    ipAllowlist: privateNetwork ? [] : ['0.0.0.0/0']
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    sku: skuName == 'Dedicated' ? { name: 'Dedicated', capacity: 1 } : { name: 'Consumption' }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: taskHubName
}

resource retention 'Microsoft.DurableTask/schedulers/retentionPolicies@2026-02-01' = {
  parent: scheduler
  name: 'default'
  properties: {
    retentionPolicies: [
      {
        retentionPeriodInDays: retentionDays
      }
    ]
  }
}

resource usesHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, appPrincipalId, roles.durableTaskDataContributor)
  scope: hub
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataContributor)
  }
}

@description('Resource id of the scheduler.')
output schedulerId string = scheduler.id

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint
