metadata description = 'Azure Firewall: the IP group that the app keeps, and who may write it. What denies its addresses is firewall-rule.bicep.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Whether the group is there already. It is then left as it is: a new one would forget every blocked address.')
param groupExists bool

@description('Object id of the app\'s identity.')
param appPrincipalId string

var groupName = 'ipg-tourniquet-blocked-${suffix}'
var groupScope = resourceGroup().id

resource made 'Microsoft.Network/ipGroups@2024-10-01' = if (!groupExists) {
  name: groupName
  location: location
  tags: tags
  properties: {
    // Azure skips a rule whose group is empty; this address is nobody's (RFC 5737).
    ipAddresses: ['192.0.2.1']
  }
}

resource blocked 'Microsoft.Network/ipGroups@2024-10-01' existing = {
  name: groupName
}

resource groupWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, groupName, 'ip-group-writer')
  properties: {
    roleName: 'Tourniquet IP group writer ${suffix}'
    description: 'Reads and writes the addresses of an IP group.'
    type: 'CustomRole'
    assignableScopes: [groupScope]
    permissions: [
      {
        actions: [
          'Microsoft.Network/ipGroups/read'
          'Microsoft.Network/ipGroups/write'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource writesGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(blocked.id, appPrincipalId, groupWriter.name)
  scope: blocked
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: groupWriter.id
  }
  dependsOn: [made]
}

@description('Resource id of the group.')
output groupId string = blocked.id
