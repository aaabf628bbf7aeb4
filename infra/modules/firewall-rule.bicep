metadata description = 'The rule that denies the addresses of the IP group, in a firewall policy that is there or in a new one.'

@description('Region of a new policy.')
param location string

@description('Tags of a new policy.')
param tags object

@description('Name of the firewall policy.')
param policyName string

@description('Whether to make the policy. It takes effect once a firewall uses it.')
param makePolicy bool

@description('Priority of the rule collection group: before all that allow.')
@minValue(100)
@maxValue(65000)
param priority int

@description('Resource id of the IP group.')
param groupId string

@description('Ends the names of role and rules: another environment may be in the same tenant and policy.')
param suffix string

@description('Object id of the app\'s identity.')
param appPrincipalId string

var groupScope = resourceGroup().id

resource made 'Microsoft.Network/firewallPolicies@2024-10-01' = if (makePolicy) {
  name: policyName
  location: location
  tags: tags
  properties: {
    sku: {
      tier: 'Standard'
    }
    threatIntelMode: 'Deny'
  }
}

resource policy 'Microsoft.Network/firewallPolicies@2024-10-01' existing = {
  name: policyName
}

resource denies 'Microsoft.Network/firewallPolicies/ruleCollectionGroups@2024-10-01' = {
  parent: policy
  name: 'tourniquet-${suffix}'
  properties: {
    priority: priority
    ruleCollections: [
      {
        ruleCollectionType: 'FirewallPolicyFilterRuleCollection'
        name: 'tourniquet-blocked'
        priority: priority
        action: {
          type: 'Deny'
        }
        rules: [
          {
            ruleType: 'NetworkRule'
            name: 'from-blocked-addresses'
            ipProtocols: ['Any']
            sourceIpGroups: [groupId]
            destinationAddresses: ['*']
            destinationPorts: ['*']
          }
          {
            ruleType: 'NetworkRule'
            name: 'to-blocked-addresses'
            ipProtocols: ['Any']
            sourceAddresses: ['*']
            destinationIpGroups: [groupId]
            destinationPorts: ['*']
          }
        ]
      }
    ]
  }
  dependsOn: [made]
}

resource ruleReader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(policy.id, suffix, 'rule-reader')
  properties: {
    roleName: 'Tourniquet firewall rule reader ${suffix}'
    description: 'Reads the rules of a firewall policy, to see whether the IP group is denied.'
    type: 'CustomRole'
    assignableScopes: [groupScope]
    permissions: [
      {
        actions: [
          'Microsoft.Network/firewallPolicies/ruleCollectionGroups/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource readsRules 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(policy.id, appPrincipalId, ruleReader.name)
  scope: policy
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: ruleReader.id
  }
  dependsOn: [made]
}
