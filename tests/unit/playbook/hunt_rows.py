"""Rows of the hunts' tables, and a hunt run on them in the lab's KQL engine."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.simulators.kql.store import KqlStore
from shared.kql import let_statements
from shared.playbook.hunts import Hunt, load_hunts

HUNTS = {hunt.id: hunt for hunt in load_hunts()}
UPN = "adele@contoso.example"
OBJECT_ID = "7a6c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
ATTACKER = "203.0.113.7"
PARAMETERS = {
    "userId": OBJECT_ID,
    "userPrincipalName": UPN,
    "accountName": "adele",
    "onPremisesName": "avance",
    "addresses": [ATTACKER],
}
type Rows = list[dict[str, Any]]


def at(minute: float) -> str:
    """A time, so many minutes from noon."""
    moment = datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(minutes=minute)
    return moment.isoformat().replace("+00:00", "Z")


def sign_in(minute: float, code: str = "0", country: str = "DE", **more: Any) -> dict[str, Any]:
    base = {
        "TimeGenerated": at(minute),
        "Id": f"{minute}-{code}-{country}",
        "UserId": OBJECT_ID,
        "UserPrincipalName": UPN,
        "ResultType": code,
        "IPAddress": "198.51.100.20" if country == "DE" else ATTACKER,
        "LocationDetails": {"city": "", "countryOrRegion": country},
        "AppDisplayName": "OfficeHome",
    }
    return base | more


def office(operation: str, minute: float = 20, **more: Any) -> dict[str, Any]:
    base = {"TimeGenerated": at(minute), "Operation": operation, "UserId": UPN}
    return base | {"ClientIP": f"{ATTACKER}:4711"} | more


def audit(operation: str, *, target: str = UPN) -> dict[str, Any]:
    return {
        "TimeGenerated": at(20),
        "OperationName": operation,
        "Result": "success",
        "InitiatedBy": {"user": {"userPrincipalName": UPN.upper(), "ipAddress": ATTACKER}},
        "TargetResources": [{"userPrincipalName": target, "displayName": "An app"}],
    }


def logon(device: str, kind: str = "RemoteInteractive") -> dict[str, Any]:
    return {
        "TimeGenerated": at(20),
        "AccountName": "Adele",
        "ActionType": "LogonSuccess",
        "LogonType": kind,
        "DeviceName": device,
        "RemoteIP": "10.0.0.5",
    }


def process(command: str) -> dict[str, Any]:
    return {
        "TimeGenerated": at(20),
        "AccountUpn": UPN,
        "DeviceName": "pc",
        "ProcessCommandLine": command,
    }


def transfer(size: int, user: str = r"CONTOSO\adele", minute: float = 20) -> dict[str, Any]:
    return {
        "TimeGenerated": at(minute),
        "SourceUserName": user,
        "SourceIP": "10.0.0.5",
        "DestinationIP": ATTACKER,
        "SentBytes": size,
    }


def spread(count: int, first: float, last: float) -> Iterable[tuple[int, float]]:
    """So many numbers and minutes, evenly from the first minute to the last."""
    return [(i, first + (last - first) * i / max(count - 1, 1)) for i in range(count)]


def files(operation: str, count: int, first: float = 20, last: float = 20, **more: Any) -> Rows:
    """An operation on so many files."""
    return [
        office(operation, minute, OfficeObjectId=f"https://x/{i}.docx", **more)
        for i, minute in spread(count, first, last)
    ]


def mails(count: int, first: float = 20, last: float = 20, **more: Any) -> Rows:
    """So many messages sent."""
    return [
        office("Send", minute, OfficeId=f"r{i}", Item=json.dumps(message(i)), **more)
        for i, minute in spread(count, first, last)
    ]


def message(number: int) -> dict[str, str]:
    return {"InternetMessageId": f"<{number}@contoso.example>", "Subject": "Invoice"}


def purge(operation: str, items: int, minute: float = 20, **more: Any) -> dict[str, Any]:
    """One record of mail deletion, which names all it concerns."""
    affected = json.dumps([message(i) for i in range(items)])
    return office(operation, minute, OfficeId=f"p{minute}", AffectedItems=affected) | more


def token_use(
    minute: float,
    *,
    address: str = ATTACKER,
    network: str = "37148",
    country: str = "NG",
    device: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A non-interactive success as its table holds it: text where the other has objects."""
    row = placed(minute, address=address, network=network, country=country, device=device) | more
    return {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()}


def placed(
    minute: float,
    *,
    address: str = "198.51.100.20",
    network: str = "3320",
    country: str = "DE",
    device: dict[str, str] | None = None,
) -> dict[str, Any]:
    """An interactive success with its network and machine."""
    return sign_in(
        minute,
        country=country,
        Id=f"{minute}-{address}",
        IPAddress=address,
        AutonomousSystemNumber=network,
        DeviceDetail=device or {},
    )


def run(store: KqlStore, hunt: Hunt, **parameters: Any) -> Rows:
    result = store.query(let_statements(PARAMETERS | parameters) + hunt.query, None, None)
    names = [column.name for column in result.columns]
    return [dict(zip(names, row, strict=True)) for row in result.rows]
