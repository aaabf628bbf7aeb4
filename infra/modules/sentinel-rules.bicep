metadata description = 'The detections of infra/detections as scheduled analytics rules, and the automation rule that calls the relay for their incidents.'

@description('Name of the workspace, in this resource group.')
param workspaceName string

@description('Tells the rules of this environment from another one\'s in the same workspace.')
param suffix string

@description('Resource id of the relay.')
param relayId string

@description('Whether the rules run.')
param enabled bool

@description('Place of the automation rule among others; lower runs first.')
@minValue(1)
@maxValue(1000)
param automationOrder int

@description('Whether Sentinel may run the relay; the service refuses an automation rule before.')
param mayRunRelay bool

// Each file is the one source of its rule; a test finds a file that is not here.
var bruteForce = loadYamlContent('../detections/brute_force_success.yaml')
var impossibleTravel = loadYamlContent('../detections/impossible_travel.yaml')
var mfaFatigue = loadYamlContent('../detections/mfa_fatigue.yaml')
var passwordSpray = loadYamlContent('../detections/password_spray.yaml')
var slowPasswordSpray = loadYamlContent('../detections/slow_password_spray.yaml')
var tokenTheft = loadYamlContent('../detections/token_theft.yaml')
var detections = [bruteForce, impossibleTravel, mfaFatigue, passwordSpray, slowPasswordSpray, tokenTheft]
// Files say 5m and 14d, the service PT5M and P14D.
var frequencies = [for one in detections: '${endsWith(one.queryFrequency, 'd') ? 'P' : 'PT'}${toUpper(one.queryFrequency)}']
var periods = [for one in detections: '${endsWith(one.queryPeriod, 'd') ? 'P' : 'PT'}${toUpper(one.queryPeriod)}']
var lookBacks = [for one in detections: '${endsWith(one.incidentConfiguration.groupingConfiguration.lookbackDuration, 'd') ? 'P' : 'PT'}${toUpper(one.incidentConfiguration.groupingConfiguration.lookbackDuration)}']

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

var ruleIds = [for one in detections: extensionResourceId(workspace.id, 'Microsoft.SecurityInsights/alertRules', guid(workspace.id, suffix, one.id))]

resource rules 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [for (one, index) in detections: {
  name: guid(workspace.id, suffix, one.id)
  scope: workspace
  kind: 'Scheduled'
  properties: {
    displayName: one.name
    description: one.description
    severity: one.severity
    enabled: enabled
    query: one.query
    queryFrequency: frequencies[index]
    queryPeriod: periods[index]
    triggerOperator: 'GreaterThan'
    triggerThreshold: one.triggerThreshold
    suppressionEnabled: false
    suppressionDuration: 'PT5H'
    tactics: one.tactics
    techniques: one.relevantTechniques
    entityMappings: one.entityMappings
    customDetails: one.customDetails
    alertDetailsOverride: one.alertDetailsOverride
    eventGroupingSettings: one.eventGroupingSettings
    incidentConfiguration: {
      createIncident: one.incidentConfiguration.createIncident
      groupingConfiguration: {
        enabled: one.incidentConfiguration.groupingConfiguration.enabled
        reopenClosedIncident: one.incidentConfiguration.groupingConfiguration.reopenClosedIncident
        lookbackDuration: lookBacks[index]
        matchingMethod: one.incidentConfiguration.groupingConfiguration.matchingMethod
        groupByEntities: one.incidentConfiguration.groupingConfiguration.groupByEntities
        groupByAlertDetails: one.incidentConfiguration.groupingConfiguration.groupByAlertDetails
        groupByCustomDetails: one.incidentConfiguration.groupingConfiguration.groupByCustomDetails
      }
    }
  }
}]

resource callsRelay 'Microsoft.SecurityInsights/automationRules@2025-09-01' = if (mayRunRelay) {
  name: guid(workspace.id, suffix, 'tourniquet-calls-relay')
  scope: workspace
  properties: {
    displayName: 'Tourniquet: hand over incidents of its rules (${suffix})'
    order: automationOrder
    triggeringLogic: {
      isEnabled: enabled
      triggersOn: 'Incidents'
      triggersWhen: 'Created'
      conditions: [
        {
          conditionType: 'Property'
          conditionProperties: {
            // By rule, not by title or provider: the Defender portal rewrites those.
            propertyName: 'IncidentRelatedAnalyticRuleIds'
            operator: 'Contains'
            propertyValues: ruleIds
          }
        }
      ]
    }
    actions: [
      {
        order: 1
        actionType: 'RunPlaybook'
        actionConfiguration: {
          logicAppResourceId: relayId
          tenantId: tenant().tenantId
        }
      }
    ]
  }
  dependsOn: [rules]
}
