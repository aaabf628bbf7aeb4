"""The hunts in UDM: each finds what it is for, over events as the lab's tables give them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.simulators.udm_events import events_of
from lab.simulators.udm_query import compile_query
from shared.playbook.acting.exports_udm import UDM_EXPORTS
from shared.playbook.hunts import ROW_LIMIT, load_hunts
from shared.playbook.hunts.udm import load_udm_hunts, parse_udm_hunt
from shared.playbook.hunts.udm_findings import judge
from shared.playbook.sign_ins.neighbours_query import UDM_QUERY
from shared.providers.google_secops.sign_in_log import LOGINS
from shared.udm import render

HUNTS = load_udm_hunts()
NOT_AVAILABLE = {"token_new_places"}
"""Tokens that clients refresh have no event of their own in UDM."""
DANA, DANA_ID = "dana@contoso.example", "6a1c5f0e-3c51-4f0b-9f1e-0d6f5f0b7a11"
ADDRESS = "203.0.113.66"
PARAMETERS = {
    "userId": DANA_ID,
    "userPrincipalName": DANA,
    "accountName": "dana",
    "onPremisesName": "drivers",
    "addresses": [ADDRESS],
}
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
type Rows = list[dict[str, Any]]


def at(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def sign_in(minutes: float, code: str = "0", country: str = "US", **more: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": at(minutes),
        "Id": f"id-{minutes}",
        "UserPrincipalName": "Dana@contoso.example",
        "UserId": DANA_ID,
        "ResultType": code,
        "IPAddress": ADDRESS if country == "NL" else "198.51.100.10",
        "LocationDetails": {"countryOrRegion": country, "city": "Somewhere"},
        **more,
    }


def office(minutes: float, operation: str, name: str = "", **more: Any) -> dict[str, Any]:
    return {
        "TimeGenerated": at(minutes),
        "Operation": operation,
        "UserId": DANA,
        "ClientIP": "198.51.100.10",
        "OfficeId": f"office-{minutes}",
        "OfficeObjectId": name or f"/file-{minutes}.txt",
        **more,
    }


def audit(operation: str, *, by: str = DANA) -> dict[str, Any]:
    return {
        "TimeGenerated": at(5),
        "OperationName": operation,
        "Result": "success",
        "InitiatedBy": {"user": {"userPrincipalName": by, "ipAddress": ADDRESS}},
        "TargetResources": [{"displayName": "Evil App", "userPrincipalName": DANA}],
    }


def minutely(count: int, kind: str, **more: Any) -> Rows:
    return [office(index / 10, kind, **more) for index in range(count)]


def process(command: str) -> dict[str, Any]:
    return {
        "TimeGenerated": at(3),
        "AccountUpn": DANA,
        "AccountName": "dana",
        "DeviceName": "lt-1",
        "ProcessCommandLine": command,
    }


def logon(device: str) -> dict[str, Any]:
    return {
        "TimeGenerated": at(3),
        "AccountName": "dana",
        "DeviceName": device,
        "LogonType": "Network",
    }


def transfer(size: int) -> dict[str, Any]:
    return {
        "TimeGenerated": at(30),
        "SourceUserName": "dana",
        "SourceIP": "10.0.0.1",
        "DestinationIP": "198.51.100.99",
        "SentBytes": size,
    }


GUESSES = [sign_in(10 - index, "50126", "NL") for index in range(5)]
MADE: dict[str, tuple[dict[str, Rows], dict[str, Rows]]] = {
    "anomalous_places": (
        {"SigninLogs": [*map(sign_in, (50, 40, 30)), sign_in(5, country="NL")]},
        {"SigninLogs": [sign_in(5), sign_in(4, "50126", "NL")]},
    ),
    "failures_then_success": (
        {"SigninLogs": [*GUESSES, sign_in(5, country="NL")]},
        {"SigninLogs": [*GUESSES[1:], sign_in(5, country="NL"), sign_in(4)]},
    ),
    "inbox_rules": (
        {"OfficeActivity": [office(5, "New-InboxRule")]},
        {"OfficeActivity": [office(5, "MailItemsAccessed")]},
    ),
    "large_transfers": (
        {"CommonSecurityLog": [transfer(400_000_000), transfer(200_000_000)]},
        {"CommonSecurityLog": [transfer(400_000_000)]},
    ),
    "lateral_movement": (
        {"DeviceLogonEvents": [logon("one"), logon("two"), logon("three")]},
        {"DeviceLogonEvents": [logon("one"), logon("two"), logon("two")]},
    ),
    "mail_bursts": (
        {"OfficeActivity": minutely(50, "Send")},
        {"OfficeActivity": minutely(49, "Send")},
    ),
    "mass_deletion": (
        {"OfficeActivity": minutely(201, "FileDeleted")},
        {"OfficeActivity": minutely(200, "FileDeleted")},
    ),
    "mass_download": (
        {"OfficeActivity": minutely(100, "FileDownloaded")},
        {"OfficeActivity": minutely(200, "FileDownloaded", name="/one.txt")},
    ),
    "mfa_method_changes": (
        {"AuditLogs": [audit("User registered security info", by="admin@contoso.example")]},
        {"AuditLogs": [audit("User started security info registration")]},
    ),
    "oauth_consent": (
        {"AuditLogs": [audit("Consent to application")]},
        {"AuditLogs": [audit("Update application")]},
    ),
    "role_assignments": (
        {"AuditLogs": [audit("Add member to role")]},
        {"AuditLogs": [audit("Add member to group")]},
    ),
    "sensitive_access": (
        {"OfficeActivity": [office(5, "FileAccessed", "/sites/hr/Payroll 2026.xlsx")]},
        {"OfficeActivity": [office(5, "FileAccessed", "/sites/hr/menu.docx")]},
    ),
    "sharing_bursts": (
        {"OfficeActivity": minutely(20, "AnonymousLinkCreated")},
        {"OfficeActivity": minutely(19, "AnonymousLinkCreated")},
    ),
    "suspicious_commands": (
        {"DeviceProcessEvents": [process("cmd /c vssadmin delete shadows /all")]},
        {"DeviceProcessEvents": [process("notepad.exe")]},
    ),
}


def found(hunt_id: str, tables: dict[str, Rows]) -> Rows:
    hunt = HUNTS[hunt_id]
    fits = compile_query(render(hunt.query, PARAMETERS))
    return hunt.rows([one for one in events_of(lambda name: tables.get(name, [])) if fits(one)])


def test_every_hunt_is_in_udm_or_known_not_to_be_available() -> None:
    assert set(HUNTS) == {hunt.id for hunt in load_hunts()} - NOT_AVAILABLE == set(MADE)


@pytest.mark.parametrize("hunt_id", MADE)
def test_a_hunt_finds_what_it_is_for_and_not_what_is_just_below(hunt_id: str) -> None:
    there, below = MADE[hunt_id]
    rows = found(hunt_id, there)
    assert rows and all(row["TimeGenerated"].endswith("Z") for row in rows)
    assert any(row[name] for row in rows for name in HUNTS[hunt_id].columns)
    assert found(hunt_id, below) == []


@pytest.mark.parametrize("hunt_id", MADE)
def test_a_hunt_is_about_the_account_alone(hunt_id: str) -> None:
    there, _ = MADE[hunt_id]
    hunt = HUNTS[hunt_id]
    somebody = {**PARAMETERS, "userId": "-", "userPrincipalName": "kim@x.example"}
    fits = compile_query(render(hunt.query, somebody | {"accountName": "kim", "addresses": []}))
    assert not [one for one in events_of(lambda name: there.get(name, [])) if fits(one)]


def queries() -> Iterator[str]:
    yield from (export.condition for export in UDM_EXPORTS)
    yield from (LOGINS, UDM_QUERY)


@pytest.mark.parametrize("query", [*queries()])
def test_every_other_query_is_of_the_language(query: str) -> None:
    compile_query(render(query, PARAMETERS))


def test_a_finding_says_where_it_is_from_and_how_much_it_is() -> None:
    events = list(events_of(lambda name: MADE["mass_download"][0].get(name, [])))
    finding = HUNTS["mass_download"].evaluate(events)
    assert finding is not None and finding.technique == "T1530"
    assert "of Google SecOps" in finding.summary
    assert finding.rows[0]["Files"] == 100 and finding.rows[0]["By"] == "198.51.100.10"
    assert HUNTS["mass_download"].evaluate([]) is None


def test_a_findings_row_has_the_names_that_the_rest_of_the_playbook_reads() -> None:
    for hunt in HUNTS.values():
        named = {*hunt.columns, *([hunt.count] if hunt.count != "Count" else [])}
        assert {name for name in named if name not in hunt.hunt.query} == set(), hunt.hunt.id


def test_as_many_rows_as_in_kql_and_no_more() -> None:
    rules = minutely(500, "New-InboxRule")
    events = list(events_of(lambda name: rules if name == "OfficeActivity" else []))
    finding = HUNTS["inbox_rules"].evaluate(events)
    assert finding is not None and finding.count == ROW_LIMIT
    assert "at least 200 rows" in finding.summary
    assert finding.rows[0]["TimeGenerated"] == "2026-11-20T12:00:00.000Z", "the latest"


def test_a_window_slides() -> None:
    hour_apart = [office(index * 61, "FileDownloaded") for index in range(3)]
    events = list(events_of(lambda name: hour_apart if name == "OfficeActivity" else []))
    ordered = sorted(events, key=lambda one: one["metadata"]["eventTimestamp"])
    burst = "burst of {} target.file.full_path within {} minutes"
    assert judge(burst.format(2, 60))(ordered) == []
    assert len(judge(burst.format(2, 61))(ordered)) == 1
    assert judge(burst.format(3, 61))(ordered) == []


@pytest.mark.parametrize(
    "text",
    [
        "// finding: each\n// columns: A=principal.ip\nmetadata.id = 1",
        "// finding: sometimes\n// columns: A=principal.ip\n// why: x\nmetadata.id = 1",
        "// finding: each\n// why: x\nmetadata.id = 1",
        "// finding: each\n// finding: each\n",
        "// something else\n",
    ],
)
def test_a_wrong_file_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"header|columns|finding"):
        parse_udm_hunt(load_hunts()[0], text)
