metadata description = 'Case records and evidence, in an account of their own. Evidence can be written once and deleted by nobody before its time.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Whether only the virtual network may reach the account.')
param privateNetwork bool

@description('Redundancy of the account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param skuName string

@description('Object id of the app\'s identity.')
param appPrincipalId string

@description('Workspace for diagnostic logs: who read, wrote or tried to delete what.')
param diagnosticWorkspaceId string

@description('Days that evidence can be neither changed nor deleted.')
@minValue(1)
@maxValue(146000)
param retentionDays int

@description('Days after which evidence is deleted; 0: never. Must be longer than retentionDays.')
@minValue(0)
param deleteEvidenceAfterDays int

@description('Days after which case records are deleted; 0: never.')
@minValue(0)
param deleteCasesAfterDays int

@description('Whether to set the retention policy. Not, once somebody has locked it: a locked policy refuses every change but a longer time.')
param setRetention bool

var roles = loadJsonContent('../roles.json')
var caseContainerName = 'cases'
var evidenceContainerName = 'evidence'
var deletesEvidence = deleteEvidenceAfterDays > 0
var deletesCases = deleteCasesAfterDays > 0
var never = 36500
var evidenceDays = deletesEvidence ? max(deleteEvidenceAfterDays, retentionDays + 1) : never
var groupScope = resourceGroup().id

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'stcase${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    isHnsEnabled: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    changeFeed: {
      enabled: true
    }
    deleteRetentionPolicy: {
      enabled: true
      days: 30
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 30
    }
  }
}

resource cases 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: caseContainerName
  properties: {
    publicAccess: 'None'
  }
}

resource evidence 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: evidenceContainerName
  properties: {
    publicAccess: 'None'
    immutableStorageWithVersioning: {
      enabled: true
    }
  }
}

resource retention 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-06-01' = if (setRetention) {
  parent: evidence
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: retentionDays
    allowProtectedAppendWrites: false
  }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'move-old-evidence'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${evidenceContainerName}/']
            }
            actions: {
              baseBlob: {
                tierToCool: {
                  daysAfterModificationGreaterThan: 30
                }
                tierToCold: {
                  daysAfterModificationGreaterThan: 120
                }
              }
            }
          }
        }
        {
          name: 'delete-old-evidence'
          enabled: deletesEvidence
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${evidenceContainerName}/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: evidenceDays
                }
              }
              version: {
                delete: {
                  daysAfterCreationGreaterThan: evidenceDays
                }
              }
            }
          }
        }
        {
          name: 'forget-earlier-versions-of-case-records'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${caseContainerName}/']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: 30
                }
              }
            }
          }
        }
        {
          // Each turn at a limit of Graph's is a version of one small blob (decision 0019).
          name: 'forget-earlier-turns'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${caseContainerName}/turns/']
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: 1
                }
              }
            }
          }
        }
        {
          name: 'delete-old-case-records'
          enabled: deletesCases
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${caseContainerName}/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: deletesCases ? deleteCasesAfterDays : never
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [blobs]
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: blobs
  properties: {
    workspaceId: diagnosticWorkspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: true
      }
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource evidenceWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(account.id, 'evidence-writer')
  properties: {
    roleName: 'Tourniquet evidence writer ${suffix}'
    description: 'Reads and adds evidence. Cannot delete it, nor change what protects it.'
    type: 'CustomRole'
    assignableScopes: [groupScope]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource writesCases 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(cases.id, appPrincipalId, roles.storageBlobDataContributor)
  scope: cases
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

resource writesEvidence 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(evidence.id, appPrincipalId, evidenceWriter.name)
  scope: evidence
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: evidenceWriter.id
  }
}

@description('Resource id of the account.')
output accountId string = account.id

@description('Name of the account.')
output accountName string = account.name

@description('Blob endpoint, without the slash at its end.')
output blobUrl string = substring(account.properties.primaryEndpoints.blob, 0, length(account.properties.primaryEndpoints.blob) - 1)

@description('Container of the case records.')
output caseContainer string = cases.name

@description('Container of the evidence.')
output evidenceContainer string = evidence.name
