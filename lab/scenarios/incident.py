"""The body of the Logic App's "Microsoft Sentinel incident" trigger, as Sentinel would fill it.

Shape: MicrosoftDocs/azure-docs ``articles/sentinel/automation/playbook-triggers-actions.md``.
"""

from datetime import datetime

from lab.scenarios.merge import apply_like, deep_merge, make_id, resolve_times
from lab.scenarios.models import Common, Scenario
from shared.models.base import Json, format_utc


def build_incident(scenario: Scenario, common: Common, now: datetime) -> Json:
    """Return the trigger body: the scenario's properties in a full envelope with ARM ids.

    The ids depend on ``now``: playing the same scenario again in a running lab is a new incident.

    Raises:
        KeyError: an entity's template does not exist.
    """
    organisation = common.organisation
    seed = make_id(scenario.name, now.isoformat())
    insights = (
        f"/subscriptions/{organisation.subscription_id}"
        f"/resourceGroups/{organisation.resource_group}"
        f"/providers/Microsoft.OperationalInsights/workspaces/{organisation.workspace_name}"
        "/providers/Microsoft.SecurityInsights"
    )
    name = make_id(seed, "incident")
    incident_id = f"{insights}/Incidents/{name}"
    properties = resolve_times(scenario.incident, now)
    entities = [
        _entity(
            insights,
            make_id(seed, "entity", str(index)),
            apply_like(entity, common.entities, f"incident.relatedEntities.{index}"),
        )
        for index, entity in enumerate(properties.get("relatedEntities", []))
    ]
    number = 1000 + int(name[:4], 16) % 9000
    full = deep_merge(_defaults(incident_id, number, now), properties)
    full["relatedEntities"] = entities
    full["alerts"] = [_alert(insights, make_id(seed, "alert"), full)]
    return {
        "eventUniqueId": make_id(seed, "event"),
        "objectSchemaType": "Incident",
        "objectEventType": "Create",
        "workspaceInfo": {
            "SubscriptionId": organisation.subscription_id,
            "ResourceGroupName": organisation.resource_group,
            "WorkspaceName": organisation.workspace_name,
        },
        "workspaceId": organisation.workspace_id,
        "object": {
            "id": incident_id,
            "name": name,
            "etag": f'"{make_id(seed, "etag")}"',
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": full,
        },
    }


def build_further(scenario: Scenario, common: Common, now: datetime) -> list[Json]:
    """Return the trigger bodies of the scenario's further incidents, each with ids of its own.

    Raises:
        KeyError: an entity's template does not exist.
    """
    bodies = []
    for number, changes in enumerate(scenario.further, start=2):
        other = {
            "name": f"{scenario.name}-{number}",
            "incident": deep_merge(scenario.incident, changes),
        }
        bodies.append(build_incident(scenario.model_copy(update=other), common, now))
    return bodies


def _defaults(incident_id: str, number: int, now: datetime) -> Json:
    return {
        "severity": "High",
        "status": "New",
        "owner": {
            "objectId": None,
            "email": None,
            "assignedTo": None,
            "userPrincipalName": None,
        },
        "labels": [],
        "createdTimeUtc": format_utc(now),
        "lastModifiedTimeUtc": format_utc(now),
        "incidentNumber": number,
        "additionalData": {
            "alertsCount": 1,
            "bookmarksCount": 0,
            "commentsCount": 0,
            "alertProductNames": ["Azure Sentinel"],
            "tactics": [],
            "techniques": [],
        },
        "relatedAnalyticRuleIds": [],
        "incidentUrl": f"https://portal.azure.com/#asset/Microsoft_Azure_Security_Insights/Incident{incident_id}",
        "providerName": "Azure Sentinel",
        "providerIncidentId": str(number),
        "bookmarks": [],
        "comments": [],
    }


def _entity(insights: str, name: str, entity: Json) -> Json:
    return {
        "id": f"{insights}/Entities/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": entity["kind"],
        "properties": entity["properties"],
    }


def _alert(insights: str, name: str, properties: Json) -> Json:
    return {
        "id": f"{insights}/Entities/{name}",
        "name": name,
        "type": "Microsoft.SecurityInsights/Entities",
        "kind": "SecurityAlert",
        "properties": {
            "systemAlertId": name,
            "alertDisplayName": properties["title"],
            "friendlyName": properties["title"],
            "description": properties.get("description", ""),
            "severity": properties["severity"],
            "status": "New",
            "vendorName": "Microsoft",
            "productName": "Azure Sentinel",
            "productComponentName": "Scheduled Alerts",
            "alertType": "ScheduledAlert",
            "tactics": properties["additionalData"]["tactics"],
            "startTimeUtc": properties.get("firstActivityTimeUtc"),
            "endTimeUtc": properties.get("lastActivityTimeUtc"),
            "timeGenerated": properties["createdTimeUtc"],
            "processingEndTime": properties["createdTimeUtc"],
            "resourceIdentifiers": [],
            "additionalData": {},
        },
    }
