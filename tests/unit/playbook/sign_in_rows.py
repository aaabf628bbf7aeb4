"""Made-up rows of every shape: Anna, from Lagos, at noon."""

from typing import Any

from shared.models.signin import SignIn
from shared.playbook.sign_ins.shapes import Shape, read_sign_in

GRAPH: dict[str, Any] = {
    "id": "66ea54eb-6301-4ee5-be62-ff5a759b0100",
    "createdDateTime": "2026-11-20T12:00:00Z",
    "userPrincipalName": "anna@contoso.example",
    "userId": "user-1",
    "appDisplayName": "Graph explorer",
    "ipAddress": "203.0.113.7",
    "clientAppUsed": "Browser",
    "correlationId": "flow-1",
    "conditionalAccessStatus": "notApplied",
    "isInteractive": True,
    "riskLevelDuringSignIn": "none",
    "status": {"errorCode": 0, "failureReason": None, "additionalDetails": None},
    "deviceDetail": {"deviceId": "", "operatingSystem": "Windows 10", "isCompliant": None},
    "location": {
        "city": "Lagos",
        "countryOrRegion": "NG",
        "geoCoordinates": {"latitude": 6.45, "longitude": 3.39},
    },
}
EVENT_HUB: dict[str, Any] = {
    "time": "2026-11-20T12:00:03.1234567Z",
    "category": "SignInLogs",
    "operationName": "Sign-in activity",
    "resultType": "50126",
    "resultDescription": "Invalid username or password",
    "callerIpAddress": "203.0.113.7",
    "location": "NG",
    "Level": 4,
    "properties": GRAPH,
}
OKTA: dict[str, Any] = {
    "uuid": "85a5d008",
    "published": "2026-11-20T12:00:00.000Z",
    "eventType": "user.session.start",
    "actor": {"id": "00u1", "type": "User", "alternateId": "anna@contoso.example"},
    "client": {
        "ipAddress": "203.0.113.7",
        "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Windows 10", "browser": "CHROME"},
        "geographicalContext": {
            "city": "Lagos",
            "country": "Nigeria",
            "geolocation": {"lat": 6.45, "lon": 3.39},
        },
    },
    "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    "securityContext": {"asNumber": 64500},
    "authenticationContext": {"externalSessionId": "session-1"},
}
AUDIT: dict[str, Any] = {
    "CreationTime": "2026-11-20T12:00:00",
    "Id": "a",
    "Operation": "UserLoginFailed",
    "RecordType": 15,
    "Workload": "AzureActiveDirectory",
    "UserId": "anna@contoso.example",
    "UserKey": "user-1",
    "ClientIP": "[2001:db8::7]:443",
    "ErrorNumber": "50126",
    "LogonError": "InvalidUserNameOrPassword",
    "ExtendedProperties": [
        {"Name": "UserAgent", "Value": "CBAInPROD"},
        {"Name": "UserAuthenticationMethod", "Value": "1"},
        {"Name": "RequestType", "Value": "OAuth2:Token"},
    ],
    "DeviceProperties": [{"Name": "OS", "Value": "Windows 10"}],
}
PORTAL: dict[str, Any] = {
    "Date (UTC)": "2026-11-20T12:00:00Z",
    "Request ID": "a",
    "User ID": "user-1",
    "Username": "anna@contoso.example",
    "Application": "Office",
    "IP address": "203.0.113.7",
    "Location": "Lagos, Lagos State, NG",
    "Status": "Failure",
    "Sign-in error code": "50053",
    "Failure reason": "Locked",
    "Authentication requirement": "Single-factor authentication",
}


def read(record: dict[str, Any], shape: Shape) -> SignIn:
    """Read a row that must be a readable one of the shape."""
    reading = read_sign_in(record)
    assert reading.shape is shape
    assert reading.sign_in is not None
    return reading.sign_in
