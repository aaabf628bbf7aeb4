metadata description = 'The app on Flex Consumption: Python 3.13, one identity, no keys for storage, no publishing passwords.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Resource id of the app\'s identity.')
param identityId string

@description('Address of the container that holds the deployed package.')
param packageContainerUrl string

@description('Subnet for outgoing traffic; blank: none.')
param subnetId string

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances that are always warm, for HTTP and for the durable functions each; 0: none.')
@minValue(0)
param alwaysReadyInstances int

@description('App settings. Secrets are references to the vault only.')
param appSettings object

@description('Address by which people reach the app; blank: the app\'s own.')
param publicUrl string

@description('Client id of the app registration by which people sign in; blank: nobody signs in and links alone count.')
param signInClientId string

@description('Client id of the app\'s identity, which proves the app registration in place of a client secret.')
param identityClientId string

var alwaysReadyGroups = alwaysReadyInstances > 0 ? ['http', 'durable'] : []
var signInOn = !empty(signInClientId)
var signInSettings = signInOn ? { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId } : {}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-tourniquet-${suffix}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-tourniquet-${suffix}'
  location: location
  // The tag by which azd finds where to deploy the code.
  tags: union(tags, { 'azd-service-name': 'tourniquet' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      remoteDebuggingEnabled: false
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: [for group in alwaysReadyGroups: {
          name: group
          instanceCount: alwaysReadyInstances
        }]
      }
    }
  }
}

var url = empty(publicUrl) ? 'https://${site.properties.defaultHostName}' : publicUrl

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: site
  name: 'appsettings'
  properties: union(appSettings, signInSettings, { TOURNIQUET_PUBLIC_URL: url })
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noPublishingPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
  dependsOn: [noFtpPassword]
}

resource signIn 'Microsoft.Web/sites/config@2024-11-01' = if (signInOn) {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      // The app itself refuses who has no link, key, signature or sign-in: Sentinel, Slack and
      // firewalls cannot sign in as people do (docs/permissions.md, who may call the app).
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: signInClientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            signInClientId
            'api://${signInClientId}'
          ]
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [settings]
}

@description('Resource id of the app.')
output siteId string = site.id

@description('Name of the app.')
output siteName string = site.name

@description('Address of the app, as people see it.')
output url string = url
