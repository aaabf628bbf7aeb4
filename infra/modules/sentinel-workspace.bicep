metadata description = 'The Sentinel workspace, and what the app and the relay may do there.'

@description('Name of the workspace, in this resource group.')
param workspaceName string

@description('Whether to switch Sentinel on; not where it is on already.')
param onboard bool

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Object id of the relay\'s identity.')
param relayPrincipalId string

var roles = loadJsonContent('../roles.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource sentinel 'Microsoft.SecurityInsights/onboardingStates@2025-09-01' = if (onboard) {
  name: 'default'
  scope: workspace
  properties: {}
}

resource readsLogs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, appPrincipalId, roles.logAnalyticsReader)
  scope: workspace
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.logAnalyticsReader)
  }
}

resource respondsToIncidents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, appPrincipalId, roles.sentinelResponder)
  scope: workspace
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.sentinelResponder)
  }
}

resource relayTakesIncidents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, relayPrincipalId, roles.sentinelResponder)
  scope: workspace
  properties: {
    principalId: relayPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.sentinelResponder)
  }
}

@description('The workspace\'s own id, a GUID.')
output customerId string = workspace.properties.customerId
