metadata description = 'All app settings: what the host needs, what follows from what is deployed, what the operator chose, and references to secrets.'

@description('Settings that the operator chose, by name; a blank value counts as not set.')
param chosen object

@description('Secret settings whose value is in the vault, by name.')
param settingsInVault array

@description('Name of the vault.')
param vaultName string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the durable task hub.')
param taskHubName string

@description('Where orchestrations are kept.')
@allowed(['azureStorage', 'azureManaged'])
param durableBackend string

@description('Address of the Durable Task Scheduler; blank when it is not used.')
param schedulerEndpoint string

@description('Name of the host\'s storage account.')
param hostAccountName string

@description('Where telemetry is sent.')
param insightsConnectionString string

@description('Address of an OpenTelemetry collector; blank: none.')
param otlpEndpoint string

@description('Blob endpoint of the account of cases and evidence.')
param evidenceBlobUrl string

@description('Container of the case records.')
param caseContainer string

@description('Container of the evidence.')
param evidenceContainer string

@description('The Sentinel workspace\'s own id, a GUID.')
param workspaceCustomerId string

@description('Resource id of the IP group for blocked addresses; blank: none.')
param firewallIpGroupId string

@description('Id of the named location for blocked addresses; blank: none.')
param namedLocationId string

var host = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  // The name, not one address for each service: with those the host sometimes had no storage
  // (Azure/azure-functions-host#11787).
  AzureWebJobsStorage__accountName: hostAccountName
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  AZURE_CLIENT_ID: identityClientId
  AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
  AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
  // Above the app's own 2 MB, which it can measure only once the host has handed all of it over.
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '3145728'
  TASKHUB_NAME: taskHubName
}

var collector = empty(otlpEndpoint) ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint }

// Which backend is used is in the package's host.json (tools/provision/package.py): settings that
// override it are not seen by what decides how many instances run.
var scheduler = durableBackend == 'azureManaged' ? {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
} : {}

var deployed = {
  TOURNIQUET_ARM_URL: substring(environment().resourceManager, 0, length(environment().resourceManager) - 1)
  TOURNIQUET_BLOB_URL: evidenceBlobUrl
  TOURNIQUET_CASE_CONTAINER: caseContainer
  TOURNIQUET_EVIDENCE_CONTAINER: evidenceContainer
  TOURNIQUET_LOG_ANALYTICS_WORKSPACE_ID: workspaceCustomerId
  TOURNIQUET_FIREWALL_IP_GROUP_ID: firewallIpGroupId
  TOURNIQUET_NAMED_LOCATION_ID: namedLocationId
}

// Every setting that is a secret. One that is not in the vault is left out: the app would take a
// reference that leads nowhere for the secret itself.
var secretSettings = [
  'TOURNIQUET_ABUSEIPDB_API_KEY'
  'TOURNIQUET_AUTOMATION_KEY'
  'TOURNIQUET_GOOGLE_CREDENTIALS'
  'TOURNIQUET_GREYNOISE_API_KEY'
  'TOURNIQUET_JIRA_API_TOKEN'
  'TOURNIQUET_LINK_SIGNING_KEY'
  'TOURNIQUET_OKTA_API_TOKEN'
  'TOURNIQUET_OKTA_PRIVATE_KEY'
  'TOURNIQUET_PAGERDUTY_ROUTING_KEY'
  'TOURNIQUET_PANOS_API_KEY'
  'TOURNIQUET_SERVICENOW_PASSWORD'
  'TOURNIQUET_SLACK_BOT_TOKEN'
  'TOURNIQUET_SLACK_SIGNING_SECRET'
  'TOURNIQUET_SMTP_PASSWORD'
  'TOURNIQUET_TEAMS_WEBHOOK_URL'
  'TOURNIQUET_VIRUSTOTAL_API_KEY'
]
// Secrets that are not the app's own.
var otherSecrets = ['OTEL_EXPORTER_OTLP_HEADERS']
var referenced = intersection(concat(secretSettings, otherSecrets), settingsInVault)
var references = [for name in referenced: '"${name}":"@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${toLower(replace(name, '_', '-'))})"']

@description('All app settings but the app\'s own address.')
output appSettings object = union(chosen, host, collector, scheduler, deployed, json('{${join(references, ',')}}'))
