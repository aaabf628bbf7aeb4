"""The tenant's log tables as UDM events, as parsers of Google SecOps would make them of the logs.

A tenant file describes one world; whichever SIEM the app asks tells of the same sign-ins. Fields
are filled as the field list of UDM means them (``AZURE_AD``, ``AZURE_AD_AUDIT``, ``OFFICE_365``,
endpoints, firewalls); which of them Google's own parsers fill was not compared with an instance.
Of a second factor the requirement and the log's words are kept, not the steps. Tables without a
parser here, Okta's among them, are not in Google SecOps.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

type Row = dict[str, Any]

_MECHANISMS = {
    "Network": "NETWORK",
    "RemoteInteractive": "REMOTE_INTERACTIVE",
    "RemoteInteractive (RDP)": "REMOTE_INTERACTIVE",
    "NetworkCleartext": "NETWORK_CLEAR_TEXT",
    "NewCredentials": "NEW_CREDENTIALS",
}


def events_of(rows_of: Callable[[str], list[Row]]) -> Iterator[Row]:
    """Yield the events of all tables; ``rows_of`` returns a table's rows."""
    for table, convert in _PARSERS.items():
        for number, row in enumerate(rows_of(table)):
            event = _pruned(convert(row))
            event["metadata"]["id"] = f"{table}-{number}"
            event["metadata"]["eventTimestamp"] = _time(row["TimeGenerated"])
            yield event


def _time(value: Any) -> str:
    return value if isinstance(value, str) else value.isoformat().replace("+00:00", "Z")


def _login(row: Row, *, interactive: bool) -> Row:
    code, passed = str(row.get("ResultType", "")), str(row.get("ResultType")) == "0"
    said = row.get("ResultDescription") or _object(row.get("Status")).get("failureReason")
    return {
        "metadata": {
            "eventType": "USER_LOGIN",
            "logType": "AZURE_AD",
            "vendorName": "Microsoft",
            "productEventType": "Sign-in activity",
            "productLogId": row.get("Id"),
        },
        "principal": _where_from(row),
        "target": {
            "application": row.get("AppDisplayName"),
            "user": _user(row.get("UserPrincipalName"), row.get("UserId")),
        },
        "network": {
            "http": {"userAgent": row.get("UserAgent")},
            "asn": _text(row.get("AutonomousSystemNumber")),
            "sessionId": row.get("SessionId"),
        },
        "extensions": {
            "auth": {
                "type": "SSO",
                "mechanism": ["USERNAME_PASSWORD"],
                "authDetails": _object(row.get("Status")).get("additionalDetails"),
            }
        },
        "securityResult": [
            {
                "action": ["ALLOW" if passed else "BLOCK"],
                "ruleId": None if passed else code,
                "summary": None if passed else said,
            }
        ],
        "additional": {
            "authenticationRequirement": row.get("AuthenticationRequirement"),
            "clientAppUsed": row.get("ClientAppUsed"),
            "conditionalAccessStatus": row.get("ConditionalAccessStatus"),
            "riskLevelDuringSignIn": row.get("RiskLevelDuringSignIn"),
            "riskState": row.get("RiskState"),
            "correlationId": row.get("CorrelationId"),
            "browser": _object(row.get("DeviceDetail")).get("browser"),
            "isInteractive": "true" if interactive else "false",
        },
    }


def _where_from(row: Row) -> Row:
    place, device = _object(row.get("LocationDetails")), _object(row.get("DeviceDetail"))
    point = place.get("geoCoordinates") or {}
    return {
        "ip": _list(row.get("IPAddress")),
        "location": {
            "countryOrRegion": place.get("countryOrRegion") or row.get("Location"),
            "city": place.get("city"),
            "regionCoordinates": {
                "latitude": point.get("latitude"),
                "longitude": point.get("longitude"),
            },
        },
        "asset": {
            "productObjectId": device.get("deviceId"),
            "hostname": device.get("displayName"),
            "platformSoftware": {"platformVersion": device.get("operatingSystem")},
        },
    }


def _audit(row: Row) -> Row:
    actor = _object(row.get("InitiatedBy")).get("user") or {}
    target = next(iter(_objects(row.get("TargetResources"))), {})
    return {
        "metadata": {
            "eventType": "USER_RESOURCE_UPDATE_CONTENT",
            "logType": "AZURE_AD_AUDIT",
            "vendorName": "Microsoft",
            "productEventType": row.get("OperationName"),
            "productLogId": row.get("Id"),
        },
        "principal": {
            "ip": _list(actor.get("ipAddress")),
            "user": _user(actor.get("userPrincipalName"), actor.get("id")),
        },
        "target": {
            "user": _user(target.get("userPrincipalName"), target.get("id")),
            "resource": {"name": target.get("displayName")},
        },
        "securityResult": [{"action": ["ALLOW" if row.get("Result") == "success" else "FAIL"]}],
    }


def _office(row: Row) -> Row:
    failed = str(row.get("ResultStatus", "")).startswith("Fail")
    return {
        "metadata": {
            "eventType": "USER_RESOURCE_ACCESS",
            "logType": "OFFICE_365",
            "vendorName": "Microsoft",
            "productEventType": row.get("Operation"),
            "productLogId": row.get("OfficeId"),
        },
        "principal": {
            "ip": _list(row.get("ClientIP") or row.get("Client_IPAddress")),
            "user": _user(row.get("UserId"), None),
        },
        "target": {
            "file": {"fullPath": row.get("OfficeObjectId")},
            "resource": {"name": row.get("OfficeObjectId")},
        },
        "network": {
            "http": {"userAgent": row.get("UserAgent")},
            "email": {"subject": _list(_object(row.get("Item")).get("Subject"))},
        },
        "securityResult": [
            {
                "action": ["FAIL" if failed else "ALLOW"],
                "description": _text(row.get("Parameters")),
            }
        ],
    }


def _process(row: Row) -> Row:
    return {
        "metadata": _endpoint("PROCESS_LAUNCH"),
        "principal": {
            "hostname": row.get("DeviceName"),
            "user": _user(row.get("AccountUpn"), row.get("AccountObjectId"))
            | {"userid": row.get("AccountName")},
            "process": {"file": {"fullPath": row.get("InitiatingProcessFileName")}},
        },
        "target": {
            "process": {
                "commandLine": row.get("ProcessCommandLine"),
                "file": {"fullPath": row.get("FileName")},
            }
        },
    }


def _logon(row: Row) -> Row:
    passed = row.get("ActionType", "LogonSuccess") == "LogonSuccess"
    return {
        "metadata": _endpoint("USER_LOGIN"),
        "principal": {"ip": _list(row.get("RemoteIP"))},
        "target": {"hostname": row.get("DeviceName"), "user": {"userid": row.get("AccountName")}},
        "extensions": {
            "auth": {
                "type": "MACHINE",
                "mechanism": [_MECHANISMS.get(str(row.get("LogonType")), "INTERACTIVE")],
            }
        },
        "securityResult": [{"action": ["ALLOW" if passed else "BLOCK"]}],
    }


def _connection(row: Row) -> Row:
    return {
        "metadata": {
            "eventType": "NETWORK_CONNECTION",
            "logType": "FORTINET_FIREWALL",
            "productEventType": row.get("Activity"),
        },
        "principal": {
            "ip": _list(row.get("SourceIP")),
            "user": {"userid": row.get("SourceUserName")},
        },
        "target": {"ip": _list(row.get("DestinationIP")), "port": row.get("DestinationPort")},
        "network": {"sentBytes": _text(row.get("SentBytes"))},
    }


_PARSERS: dict[str, Callable[[Row], Row]] = {
    "SigninLogs": lambda row: _login(row, interactive=True),
    "AADNonInteractiveUserSignInLogs": lambda row: _login(row, interactive=False),
    "AuditLogs": _audit,
    "OfficeActivity": _office,
    "DeviceProcessEvents": _process,
    "DeviceLogonEvents": _logon,
    "CommonSecurityLog": _connection,
}


def _endpoint(kind: str) -> Row:
    return {"eventType": kind, "logType": "MICROSOFT_DEFENDER_ENDPOINT", "vendorName": "Microsoft"}


def _user(name: Any, object_id: Any) -> Row:
    mail = name.lower() if isinstance(name, str) and "@" in name else None
    return {"userid": name, "emailAddresses": _list(mail), "productObjectId": object_id}


def _object(value: Any) -> Row:
    found = json.loads(value) if isinstance(value, str) and value else value
    return found if isinstance(found, dict) else {}


def _objects(value: Any) -> list[Row]:
    found = json.loads(value) if isinstance(value, str) and value else value
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _list(value: Any) -> list[Any]:
    return [value] if value not in (None, "") else []


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _pruned(value: Any) -> Any:
    """Leave out what is empty, as Google does."""
    if isinstance(value, dict):
        kept = {name: _pruned(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_pruned(one) for one in value]
    return value
