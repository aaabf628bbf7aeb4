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
  name: 'tourniquet'
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
