"""The lab API: the tenant file, the ledger, incidents, health."""

import copy
import socket
import stat
import subprocess
import sys
from typing import Any

import pytest

from tests.contract.processes import ROOT
from tests.lab.simulators_support import ALICE, INCIDENT, TENANT, TRIGGER, World, state_file


def test_health_names_every_part(empty: World) -> None:
    answer = empty.lab_api("GET", "health")
    assert answer.status_code == 200
    assert answer.json()["parts"] == {"vendors": True, "smtp": True, "kql": True, "geoip": True}


def test_tenant_shows_what_was_put(world: World) -> None:
    state = world.lab.state()
    users = {user["userPrincipalName"]: user for user in state["directory"]["users"]}
    assert users["alice@contoso.example"]["id"] == ALICE
    assert users["root@contoso.example"]["id"], "an id is made up"
    assert state["tables"] == {"SigninLogs": 4, "AuditLogs": 1}
    assert state["now"] == "2026-11-20T12:09:00Z"
    assert state["ipGroups"][0]["properties"]["ipAddresses"] == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tables": {"SignInLogs": []}}, "tables.SignInLogs"),
        (
            {"tables": {"SigninLogs": [{"TimeGenerated": "yesterday"}]}},
            "tables.SigninLogs[0].TimeGenerated",
        ),
        (
            {"tables": {"SigninLogs": [{"DurationMs": "fast"}]}},
            "tables.SigninLogs[0].DurationMs",
        ),
        ({"tables": {"SigninLogs": [{"userid": "x"}]}}, "tables.SigninLogs[0].userid"),
        ({"directory": {"users": [{"id": ALICE}]}}, "directory.users[0].userPrincipalName"),
        (
            {"directory": {"users": [{"userPrincipalName": "a@b", "accountEnabled": "yes"}]}},
            "directory.users[0].accountEnabled",
        ),
        ({"directory": {"users": [{"userPrincipalName": "a@b", "depart": "x"}]}},
         "directory.users[0]"),
        (
            {
                "directory": {
                    "users": [{"userPrincipalName": "a@b", "riskyUser": {"riskLevel": "huge"}}]
                }
            },
            "directory.users[0].riskyUser.riskLevel",
        ),
        ({"addresses": {"300.1.1.1": {}}}, "addresses.300.1.1.1"),
        (
            {"addresses": {"203.0.113.7": {"abuseipdb": {"abuseConfidenceScore": 101}}}},
            "addresses.203.0.113.7.abuseipdb.abuseConfidenceScore",
        ),
        ({"addresses": {"203.0.113.7": {"geo": {"asn": "ASx"}}}}, "addresses.203.0.113.7.geo"),
        ({"nwo": "2026-11-20T12:09:00Z"}, "nwo"),
        ({"now": "2026-11-20T12:09:00"}, "now"),
    ],
)  # fmt: skip
def test_a_wrong_tenant_is_refused_by_field(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = world.lab_api("PUT", "tenant", change)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert world.lab.state()["tables"] == {"SigninLogs": 4, "AuditLogs": 1}, "nothing changed"


def test_every_wrong_field_is_named(world: World) -> None:
    body = {"tables": {"Nope": [], "SigninLogs": [{"IsRisky": "perhaps"}]}, "addresses": {"x": {}}}
    errors = world.lab_api("PUT", "tenant", body).json()["errors"]
    assert {error["field"] for error in errors} == {
        "tables.Nope", "tables.SigninLogs[0].IsRisky", "addresses.x",
    }  # fmt: skip


def test_a_body_that_is_not_json_is_refused(world: World) -> None:
    url = world.lab.call("GET", "health")["urls"]["lab"]
    answer = world.http.put(f"{url}/_lab/tenant", content=b"{")
    assert answer.status_code == 422


def test_two_users_with_one_name_are_refused(world: World) -> None:
    tenant = copy.deepcopy(TENANT)
    tenant["directory"]["users"].append({"userPrincipalName": "ALICE@contoso.example"})
    assert world.lab_api("PUT", "tenant", tenant).status_code == 422


def test_ledger_lines_have_the_agreed_keys(world: World) -> None:
    world.graph("POST", f"/users/{ALICE}/revokeSignInSessions")
    world.graph("GET", "/users/nobody@contoso.example")
    revoked, missing = world.lab.ledger("entra")[-2:]
    keys = {
        "seq", "at", "vendor", "operation", "method", "path", "target", "body", "status", "effect",
    }  # fmt: skip
    assert set(revoked) == keys
    assert revoked["operation"] == "revokeSignInSessions"
    assert (revoked["target"], revoked["effect"], revoked["status"]) == (ALICE, True, 200)
    assert (missing["status"], missing["effect"]) == (404, False)
    assert missing["seq"] == revoked["seq"] + 1


def test_secrets_never_reach_the_ledger(world: World) -> None:
    password = "Very-Secret-Passw0rd"
    world.graph("PATCH", f"/users/{ALICE}", {"passwordProfile": {"password": password}})
    world.ask_token()
    text = world.lab_api("GET", "ledger").text
    assert password not in text
    assert world.env["AZURE_CLIENT_SECRET"] not in text
    assert "***" in text


def test_reset_empties_tenant_ledger_and_faults(world: World) -> None:
    world.graph("POST", f"/users/{ALICE}/revokeSignInSessions")
    world.lab.fault("entra", "status", value=500)
    world.lab.reset()
    assert world.lab.call("GET", "ledger") == []
    assert world.lab.call("GET", "faults") == []
    assert world.lab.state()["directory"]["users"] == []
    assert world.graph("GET", f"/users/{ALICE}").status_code == 404


def test_incidents_come_to_exist_and_wrong_ones_are_named(world: World) -> None:
    assert world.lab.call("PUT", "incidents", [TRIGGER]) == {"incidents": [INCIDENT]}
    wrong = copy.deepcopy(TRIGGER)
    wrong["object"]["properties"]["severity"] = "Terrible"
    answer = world.lab_api("PUT", "incidents", [wrong])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "[0].object.properties.severity"


@pytest.mark.parametrize(
    "fault",
    [
        {"vendor": "entra", "kind": "explode"},
        {"vendor": "entra", "kind": "status"},
        {"vendor": "entra", "kind": "status", "value": 200},
        {"vendor": "entra", "kind": "latency"},
        {"vendor": "entra", "kind": "reset", "rate": 2},
        {"kind": "reset"},
    ],
)
def test_wrong_faults_are_refused(world: World, fault: dict[str, Any]) -> None:
    assert world.lab_api("PUT", "faults", [fault]).status_code == 422


def test_a_fault_of_an_unknown_vendor_is_refused(world: World) -> None:
    faults = [{"vendor": vendor, "kind": "reset"} for vendor in ("*", "email", "nope")]
    answer = world.lab_api("PUT", "faults", faults)
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == "[2].vendor"
    assert problem["message"] == (
        "'nope' is not one of: abuseipdb, azure_firewall, communication_services, defender, email,"
        " entra, entra_token, google_secops, google_secops_soar, google_token, greynoise, jira,"
        " log_analytics, okta, pagerduty, panos, sentinel, servicenow, slack, teams, virustotal, *"
    )
    assert world.lab_api("GET", "faults").json() == [], "nothing is changed"
    assert world.lab_api("PUT", "faults", faults[:2]).status_code == 200


def test_the_file_of_secrets_is_its_owners_only(world: World) -> None:
    assert stat.S_IMODE(state_file(world.lab, "simulators.json").stat().st_mode) == 0o600


def test_unknown_lab_route_is_404(world: World) -> None:
    assert world.lab_api("GET", "nothing").status_code == 404


def test_the_ledger_can_be_read_from_a_line_on(world: World) -> None:
    for _ in range(3):
        world.graph("GET", f"/users/{ALICE}")
    lines = world.lab.call("GET", "ledger")
    after = lines[-2]["seq"]
    assert world.lab.call("GET", f"ledger?after={after}") == lines[-1:]
    assert world.lab_api("GET", "ledger?after=x").status_code == 422


def test_a_port_in_use_is_one_clear_line(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "lab.simulators", f"--tls-port={port}", "--sim-port=0"]
        state = f"--state-dir={world.lab.state_dir / 'second'}"
        done = subprocess.run(
            [*command, state], cwd=ROOT, capture_output=True, text=True, timeout=200, check=False
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "in use" in done.stderr
