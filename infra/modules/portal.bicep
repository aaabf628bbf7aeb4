metadata description = 'What the portal shows and whom it calls: a workbook, alert rules and an action group. What each alert asks for is in docs/operations.md.'

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Ends the names, so that they are unique.')
param suffix string

@description('Resource id of the workspace that telemetry goes to.')
param workspaceId string

@description('Whether Sentinel is on that workspace: its own list of workbooks shows those of its workspace only.')
param sentinelHere bool

@description('Resource id of the Event Grid topic.')
param topicId string

@description('Resource id of the relay.')
param relayId string

@description('Mail addresses that alerts go to, comma separated. Blank: none.')
param mailTo string

@description('Resource ids of action groups there are that alerts go to as well, comma separated. Blank: none.')
param actionGroupIds string

@description('Whether the alert rules run.')
param enabled bool

var addresses = empty(mailTo) ? [] : split(mailTo, ',')
var otherGroups = empty(actionGroupIds) ? [] : split(actionGroupIds, ',')

// Severity: 0 critical, 1 error, 2 warning. Each query is the one source of its rule.
var queries = [
  {
    id: 'containment-failed'
    title: 'Containment failed'
    says: 'Something decided could not be done, or did not hold. Do it by hand: the case says what.'
    severity: 0
    query: loadTextContent('../alerts/containment_failed.kql')
  }
  {
    id: 'service-level-missed'
    title: 'Service level missed'
    says: 'A case was not notified, contained, reviewed or closed in time.'
    severity: 1
    query: loadTextContent('../alerts/service_level_missed.kql')
  }
  {
    id: 'breaker-tripped'
    title: 'Automatic containment paused'
    says: 'The breaker has tripped: every case waits for a person until somebody resets it.'
    severity: 0
    query: loadTextContent('../alerts/breaker_tripped.kql')
  }
  {
    id: 'provider-failing'
    title: 'Provider failing'
    says: 'Calls to a vendor fail after their retries. Cases go on without its answers.'
    severity: 2
    query: loadTextContent('../alerts/provider_failing.kql')
  }
  {
    id: 'app-unhealthy'
    title: 'App unhealthy'
    says: 'Many executions of the app\'s functions fail.'
    severity: 1
    query: loadTextContent('../alerts/app_unhealthy.kql')
  }
]

resource onCall 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-tourniquet-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'tourniquet'
    enabled: true
    emailReceivers: [for (address, index) in addresses: {
      name: 'mail-${index}'
      emailAddress: trim(address)
      useCommonAlertSchema: true
    }]
  }
}

var groups = concat([onCall.id], otherGroups)
var calls = [for id in groups: { actionGroupId: id }]

// Fifteen minutes are looked at every five: lines come late. A rule that has fired says so again
// only after it was quiet in between.
resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for one in queries: {
  name: 'alert-tourniquet-${one.id}-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Tourniquet: ${one.title}'
    description: one.says
    severity: one.severity
    enabled: enabled
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: one.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    // The tables are there only after the app has written to them.
    skipQueryValidation: true
    actions: {
      actionGroups: groups
    }
  }
}]

// What is counted by the services themselves: it rings also when the app is not there at all.
var counts = [
  {
    id: 'dead-letters'
    title: 'Dead letters'
    says: 'Events could not be delivered to the app in a day, or were refused: nobody responds to them.'
    severity: 1
    of: topicId
    kind: 'Microsoft.EventGrid/topics'
    metric: 'DeadLetteredCount'
  }
  {
    id: 'relay-failed'
    title: 'Incident not handed over'
    says: 'The app did not take an incident of Sentinel after nine tries: nobody responds to it.'
    severity: 0
    of: relayId
    kind: 'Microsoft.Logic/workflows'
    metric: 'RunsFailed'
  }
  {
    id: 'events-lost'
    title: 'Events lost'
    says: 'Events could be neither delivered nor kept: nobody responds to them, and nothing shows which they were.'
    severity: 0
    of: topicId
    kind: 'Microsoft.EventGrid/topics'
    metric: 'DroppedEventCount'
  }
]

resource countRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [for one in counts: {
  name: 'alert-tourniquet-${one.id}-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: one.says
    severity: one.severity
    enabled: enabled
    scopes: [one.of]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    targetResourceType: one.kind
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: one.id
          metricNamespace: one.kind
          metricName: one.metric
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    autoMitigate: true
    actions: calls
  }
}]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'tourniquet')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Tourniquet'
    description: 'Cases, service levels, providers, breaker and cost.'
    category: sentinelHere ? 'sentinel' : 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
    version: '1.0'
  }
}

@description('Resource id of the action group of the alerts.')
output actionGroupId string = onCall.id

@description('Resource id of the workbook.')
output workbookId string = workbook.id
