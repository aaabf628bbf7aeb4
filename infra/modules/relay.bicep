metadata description = 'The Logic App that Sentinel calls for an incident: it hands it to the app, by its own identity and without a stored key.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Resource id of the relay\'s identity.')
param identityId string

@description('Object id of the relay\'s identity.')
param identityPrincipalId string

@description('Name of the app.')
param siteName string

@description('Object id, in this tenant, of Microsoft\'s service principal "Azure Security Insights"; blank: Sentinel may not call the relay yet.')
param sentinelPrincipalId string

@description('Workspace for diagnostic logs.')
param diagnosticWorkspaceId string

var roles = loadJsonContent('../roles.json')
var groupScope = resourceGroup().id

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: siteName
}

resource connection 'Microsoft.Web/connections@2016-06-01' = {
  name: 'con-sentinel-${suffix}'
  location: location
  tags: tags
  properties: {
    displayName: 'Tourniquet: Sentinel, by managed identity'
    api: {
      id: subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'azuresentinel')
    }
    // This is what makes the connection use the identity; the published types do not know it.
    #disable-next-line BCP037
    parameterValueType: 'Alternative'
  }
}

resource relay 'Microsoft.Logic/workflows@2019-05-01' = {
  name: 'logic-tourniquet-relay-${suffix}'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    state: 'Enabled'
    definition: loadJsonContent('../relay.workflow.json')
    parameters: {
      '$connections': {
        value: {
          azuresentinel: {
            connectionId: connection.id
            connectionName: connection.name
            id: subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'azuresentinel')
            connectionProperties: {
              authentication: {
                type: 'ManagedServiceIdentity'
                identity: identityId
              }
            }
          }
        }
      }
      appUrl: {
        value: 'https://${site.properties.defaultHostName}'
      }
      keysUrl: {
        value: '${substring(environment().resourceManager, 0, length(environment().resourceManager) - 1)}${site.id}/functions/post_incident/listkeys?api-version=2024-11-01'
      }
      keysAudience: {
        value: environment().resourceManager
      }
      identityId: {
        value: identityId
      }
    }
  }
}

resource relayLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: relay
  properties: {
    workspaceId: diagnosticWorkspaceId
    logs: [
      {
        category: 'WorkflowRuntime'
        enabled: true
      }
    ]
  }
}

resource keyReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(site.id, 'function-key-reader')
  properties: {
    roleName: 'Tourniquet function key reader ${suffix}'
    description: 'Reads the keys of functions of the app, and nothing else.'
    type: 'CustomRole'
    assignableScopes: [groupScope]
    permissions: [
      {
        actions: [
          'Microsoft.Web/sites/functions/listkeys/action'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource readsKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(site.id, identityPrincipalId, keyReader.name)
  scope: site
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: keyReader.id
  }
}

// Sentinel runs playbooks of this group only if its own service principal holds this role here.
resource sentinelRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(sentinelPrincipalId)) {
  name: guid(relay.id, sentinelPrincipalId, roles.sentinelAutomationContributor)
  properties: {
    principalId: sentinelPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.sentinelAutomationContributor)
  }
}

@description('Resource id of the relay.')
output relayId string = relay.id
