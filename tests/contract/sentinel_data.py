"""Sign-in rows and a Sentinel incident as the simulators get them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.processes import Lab

ANNA, UPN = "6f1d4c55-9d0e-4f6a-8d1c-2b103f0a52c1", "anna.berg@contoso.example"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WINDOW = {"start": NOON - timedelta(hours=1), "end": NOON + timedelta(hours=1)}
INCIDENT = (
    "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg-soc/providers"
    "/Microsoft.OperationalInsights/workspaces/law-soc/providers/Microsoft.SecurityInsights"
    "/Incidents/7f3c1d52-6a3b-4a58-9c55-0f2f7a1b2c3d"
)
PROPERTIES: dict[str, Any] = {
    "title": "Brute force success",
    "severity": "High",
    "status": "New",
    "incidentNumber": 42,
}
TRIGGER: dict[str, Any] = {
    "eventUniqueId": "0a7e2f6e-1111-4222-8333-444455556666",
    "objectSchemaType": "Incident",
    "objectEventType": "Create",
    "workspaceInfo": {
        "SubscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
        "ResourceGroupName": "rg-soc",
        "WorkspaceName": "law-soc",
    },
    "workspaceId": "5a3d3c2e-8f0c-4a63-9a7b-2f8b6f6c1d42",
    "object": {
        "id": INCIDENT,
        "name": INCIDENT.rsplit("/", 1)[1],
        "etag": '"1"',
        "type": "Microsoft.SecurityInsights/Incidents",
        "properties": PROPERTIES
        | {
            "createdTimeUtc": "2026-11-20T12:09:00Z",
            "lastModifiedTimeUtc": "2026-11-20T12:09:00Z",
            "incidentUrl": "https://portal.azure.com/incident",
        },
    },
}


def row(minutes: float, code: str, **columns: Any) -> dict[str, Any]:
    moment = (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    return {
        "TimeGenerated": moment,
        "CreatedDateTime": moment,
        "Id": f"row-{minutes}-{code}",
        "CorrelationId": f"flow-{minutes}",
        "UserId": ANNA,
        "UserPrincipalName": UPN,
        "IPAddress": "203.0.113.7",
        "ResultType": code,
        "AuthenticationRequirement": "singleFactorAuthentication",
        "AuthenticationDetails": '[{"authenticationMethod":"Password","succeeded":true}]',
        "LocationDetails": {
            "city": "Lagos",
            "countryOrRegion": "NG",
            "geoCoordinates": {"latitude": 6.45, "longitude": 3.39},
        },
        "DeviceDetail": {"operatingSystem": "Linux", "browser": "Firefox 130"},
        "Status": {"errorCode": int(code), "additionalDetails": ""},
        "AutonomousSystemNumber": "64500",
        "AppDisplayName": "OfficeHome",
    } | columns


def sign_ins(lab: Lab, interactive: list[Any], silent: list[Any] | None = None) -> None:
    tables = {"SigninLogs": interactive, "AADNonInteractiveUserSignInLogs": silent or []}
    lab.tenant(tables=tables)
