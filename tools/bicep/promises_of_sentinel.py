"""The rows of ``promised.py`` for the way of an incident: rules, automation rule, relay."""

from tools.bicep.promises_of_types import Rows

SENTINEL: dict[str, Rows] = {
    "modules/sentinel-workspace.bicep": {"sentinel if": "onboard"},
    "modules/sentinel-rules.bicep": {
        "rules properties.enabled": "enabled",
        "rules name": "guid(workspace.id, suffix, one.id)",
        "var ruleIds": (
            "[for one in detections: extensionResourceId(workspace.id, "
            "'Microsoft.SecurityInsights/alertRules', guid(workspace.id, suffix, one.id))]"
        ),
        "rules properties.query": "one.query",
        "rules properties.triggerOperator": "'GreaterThan'",
        "rules properties.suppressionEnabled": "false",
        "rules properties.incidentConfiguration.createIncident": (
            "one.incidentConfiguration.createIncident"
        ),
        **{
            f"rules properties.{part}": f"one.{part}"
            for part in ("triggerThreshold", "severity", "entityMappings", "customDetails")
        },
        **{
            f"var {name}": (
                f"[for one in detections: '${{endsWith(one.{of}, 'd') ? 'P' : 'PT'}}"
                f"${{toUpper(one.{of})}}']"
            )
            for name, of in (("frequencies", "queryFrequency"), ("periods", "queryPeriod"))
        },
        "rules properties.queryFrequency": "frequencies[index]",
        "rules properties.queryPeriod": "periods[index]",
        "callsRelay if": "mayRunRelay",
        "callsRelay properties.triggeringLogic.isEnabled": "enabled",
        "callsRelay properties.triggeringLogic.triggersOn": "'Incidents'",
        "callsRelay properties.triggeringLogic.triggersWhen": "'Created'",
        "callsRelay properties.triggeringLogic.conditions": (
            "[{conditionType: 'Property', conditionProperties: {"
            "propertyName: 'IncidentRelatedAnalyticRuleIds', operator: 'Contains', "
            "propertyValues: ruleIds}}]"
        ),
        "callsRelay properties.triggeringLogic.expirationTimeUtc": None,
        "callsRelay properties.actions": (
            "[{order: 1, actionType: 'RunPlaybook', actionConfiguration: {"
            "logicAppResourceId: relayId, tenantId: tenant().tenantId}}]"
        ),
    },
    "modules/relay.bicep": {
        "relay properties.state": "'Enabled'",
        "connection properties.parameterValueType": "'Alternative'",
        "relay properties.parameters.$connections.value.azuresentinel.connectionId": (
            "connection.id"
        ),
        "relay properties.parameters.$connections.value.azuresentinel.connectionProperties": (
            "{authentication: {type: 'ManagedServiceIdentity', identity: identityId}}"
        ),
        "relay properties.parameters.appUrl.value": (
            "'https://${site.properties.defaultHostName}'"
        ),
        "relay properties.parameters.keysUrl.value": (
            "'${substring(environment().resourceManager, 0, "
            "length(environment().resourceManager) - 1)}${site.id}"
            "/functions/post_incident/listkeys?api-version=2024-11-01'"
        ),
        "relay properties.parameters.keysAudience.value": "environment().resourceManager",
        "relay properties.parameters.identityId.value": "identityId",
        "relayLogs scope": "relay",
        "relayLogs properties.logs": "[{category: 'WorkflowRuntime', enabled: true}]",
    },
}
"""What is at one place of one file."""
