metadata description = 'The private endpoints of storage, vault and scheduler.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Subnet of the endpoints.')
param subnetId string

@description('Storage account of the host.')
param hostStorageId string

@description('Storage account of cases and evidence.')
param evidenceStorageId string

@description('Vault.')
param vaultId string

@description('Durable Task Scheduler; blank: none.')
param schedulerId string

@description('DNS zone of Blob storage.')
param blobZoneId string

@description('DNS zone of Queue storage.')
param queueZoneId string

@description('DNS zone of Table storage.')
param tableZoneId string

@description('DNS zone of Key Vault.')
param vaultZoneId string

@description('DNS zone of the Durable Task Scheduler.')
param schedulerZoneId string

module hostBlob 'private-endpoint.bicep' = {
  name: 'endpoint-host-blob'
  params: {
    location: location
    tags: tags
    name: 'pe-host-blob-${suffix}'
    subnetId: subnetId
    resourceId: hostStorageId
    groupId: 'blob'
    zoneId: blobZoneId
  }
}

module hostQueue 'private-endpoint.bicep' = {
  name: 'endpoint-host-queue'
  params: {
    location: location
    tags: tags
    name: 'pe-host-queue-${suffix}'
    subnetId: subnetId
    resourceId: hostStorageId
    groupId: 'queue'
    zoneId: queueZoneId
  }
}

module hostTable 'private-endpoint.bicep' = {
  name: 'endpoint-host-table'
  params: {
    location: location
    tags: tags
    name: 'pe-host-table-${suffix}'
    subnetId: subnetId
    resourceId: hostStorageId
    groupId: 'table'
    zoneId: tableZoneId
  }
}

module evidenceBlob 'private-endpoint.bicep' = {
  name: 'endpoint-evidence-blob'
  params: {
    location: location
    tags: tags
    name: 'pe-case-blob-${suffix}'
    subnetId: subnetId
    resourceId: evidenceStorageId
    groupId: 'blob'
    zoneId: blobZoneId
  }
}

module vault 'private-endpoint.bicep' = {
  name: 'endpoint-vault'
  params: {
    location: location
    tags: tags
    name: 'pe-vault-${suffix}'
    subnetId: subnetId
    resourceId: vaultId
    groupId: 'vault'
    zoneId: vaultZoneId
  }
}

module scheduler 'private-endpoint.bicep' = if (!empty(schedulerId)) {
  name: 'endpoint-scheduler'
  params: {
    location: location
    tags: tags
    name: 'pe-scheduler-${suffix}'
    subnetId: subnetId
    resourceId: schedulerId
    groupId: 'scheduler'
    zoneId: schedulerZoneId
  }
}
