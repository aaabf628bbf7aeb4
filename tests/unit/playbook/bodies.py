"""Builders of bodies as they arrive: the Logic App's trigger body and its parts."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "incidents"
RECEIVED = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
ARM_ID = (
    "/subscriptions/d0cfe6b2-9ac0-4464-9919-dccaee2e48c0/resourceGroups/soc/providers"
    "/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights"
    "/Incidents/73e01a99-5cd7-4139-a149-9f2736ff2ab5"
)
ANN_ID = "313a54a7-bc65-1473-fa90-e60e7d1f57c8"


def account(name: str = "ann", suffix: str = "contoso.com", **more: Any) -> dict[str, Any]:
    return {
        "kind": "Account",
        "properties": {"accountName": name, "upnSuffix": suffix} | more,
    }


def address(text: str) -> dict[str, Any]:
    return {"kind": "Ip", "properties": {"address": text}}


def alert(**properties: Any) -> dict[str, Any]:
    return {"id": "/x", "name": "1", "kind": "SecurityAlert", "properties": properties}


def trigger(*entities: Any, alerts: Any = (), **properties: Any) -> dict[str, Any]:
    return {
        "eventUniqueId": "b2e1c1a0-0000-4000-8000-000000000001",
        "objectSchemaType": "Incident",
        "objectEventType": "Create",
        "workspaceInfo": {"SubscriptionId": "s", "ResourceGroupName": "g", "WorkspaceName": "w"},
        "workspaceId": "c8c99641-985d-4e4e-8e91-fb3466cd0e5b",
        "object": {
            "id": ARM_ID,
            "name": "73e01a99-5cd7-4139-a149-9f2736ff2ab5",
            "etag": '"1"',
            "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {
                "title": "Brute force success",
                "description": "41 failures, then a success",
                "severity": "High",
                "status": "New",
                "incidentNumber": 3177,
                "createdTimeUtc": "2026-11-20T12:09:00.1234567Z",
                "firstActivityTimeUtc": "2026-11-20T11:55:00Z",
                "lastActivityTimeUtc": "2026-11-20T12:05:00Z",
                "relatedEntities": list(entities),
                "alerts": list(alerts),
            }
            | properties,
        },
    }


def around(incident: dict[str, Any], *, entities: Any = (), alerts: Any = ()) -> dict[str, Any]:
    """Put the Logic App's envelope around an incident as the REST API returns it."""
    whole = copy.deepcopy(incident)
    whole["properties"] |= {"relatedEntities": list(entities), "alerts": list(alerts)}
    return {
        "objectSchemaType": "Incident",
        "objectEventType": "Create",
        "workspaceId": "c8c99641-985d-4e4e-8e91-fb3466cd0e5b",
        "object": whole,
    }


def unflatten(row: dict[str, Any]) -> dict[str, Any]:
    """Turn ``properties.owner.email`` columns back into the REST object."""
    whole: dict[str, Any] = {}
    for path, value in row.items():
        if path in {"Entities", "Alerts"}:
            continue
        target = whole
        *parents, last = path.split(".")
        for part in parents:
            target = target.setdefault(part, {})
        target[last] = value
    return whole


def read_json(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def read_lines(name: str) -> list[dict[str, Any]]:
    text = (DATA / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line]
