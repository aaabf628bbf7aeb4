metadata description = 'The two identities: the app itself, and the relay that hands it incidents.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-tourniquet-${suffix}'
  location: location
  tags: tags
}

resource relay 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-tourniquet-relay-${suffix}'
  location: location
  tags: tags
}

@description('Resource id of the app\'s identity.')
output appId string = app.id

@description('Client id of the app\'s identity.')
output appClientId string = app.properties.clientId

@description('Object id of the app\'s identity.')
output appPrincipalId string = app.properties.principalId

@description('Resource id of the relay\'s identity.')
output relayId string = relay.id

@description('Object id of the relay\'s identity.')
output relayPrincipalId string = relay.properties.principalId
