"""`make doctor` against the lab's simulators: what is missing is a clear line, nothing changes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.permissions import NEEDS, Section
from tests.contract.processes import ROOT, Lab

WORKSPACE = {"SigninLogs": [{"TimeGenerated": "2026-11-20T12:00:00Z"}]}


class Doctor:
    """Runs the command with a settings file that leads to the simulators."""

    def __init__(self, lab: Lab, blob_url: str, folder: Path) -> None:
        self.values = lab.environment | {
            "TOURNIQUET_BLOB_URL": blob_url,
            "TOURNIQUET_MODE": "automatic",
            "TOURNIQUET_LINK_SIGNING_KEY": "k" * 43,
            "TOURNIQUET_CALL_ATTEMPTS": "1",
        }
        self._folder = folder
        self.output = ""

    def run(self, **changes: str) -> tuple[int, dict[str, Any]]:
        """Return the exit status and what ``doctor.json`` says, by area and name."""
        file, answer = self._folder / "local.settings.json", self._folder / "doctor.json"
        file.write_text(json.dumps({"IsEncrypted": False, "Values": self.values | changes}))
        command = [sys.executable, "-m", "tools.doctor", f"--settings={file}", f"--json={answer}"]
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=100
        )
        self.output = done.stdout + done.stderr
        assert "Traceback" not in self.output
        found = json.loads(answer.read_text())
        assert found["ok"] is (done.returncode == 0)
        return done.returncode, {f"{c['area']}: {c['what']}": c for c in found["checks"]}


@pytest.fixture
def doctor(lab: Lab, azurite: str, tmp_path: Path) -> Doctor:
    return Doctor(lab, azurite, tmp_path)


def test_all_is_well_and_nothing_is_changed(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(tables=WORKSPACE)
    code, found = doctor.run()
    missing = [name for name, line in found.items() if line["status"] == "missing"]
    assert (code, missing) == (0, []), doctor.output
    roles = {need.permission for need in NEEDS if need.section is Section.GRAPH}
    assert {f"Microsoft Graph: {role}" for role in roles} <= set(found)
    assert found["Directory roles: User Administrator"]["status"] == "ok"
    assert found["Slack: auth.test"]["status"] == "ok"
    assert found["Log tables: SigninLogs"]["status"] in ("ok", "warning")
    lines = lab.call("GET", "ledger")
    assert lines and not [line for line in lines if line["effect"] or "violation" in line]


def test_a_role_that_was_taken_away_is_named_with_its_id_and_what_fails(
    lab: Lab, doctor: Doctor
) -> None:
    withheld = ["User.RevokeSessions.All", "Machine.Isolate", "Microsoft.Network/ipGroups/write"]
    lab.tenant(directory={"appPermissionsWithheld": withheld})
    code, found = doctor.run()
    assert code == 1
    line = found["Microsoft Graph: User.RevokeSessions.All"]
    assert line["status"] == "missing"
    assert "77f3a031-c388-4f99-b373-dc68676a979e" in line["detail"]
    assert "Revoke sessions" in line["detail"]
    assert found["Defender for Endpoint: Machine.Isolate"]["status"] == "missing"
    assert found["Azure Firewall: Microsoft.Network/ipGroups/write"]["status"] == "missing"
    assert "User.RevokeSessions.All" in doctor.output
    changed = [name for name, one in found.items() if one["status"] == "missing"]
    assert len(changed) == 3, "nothing else is affected"


def test_what_only_changes_need_is_a_warning_while_the_app_observes(
    lab: Lab, doctor: Doctor
) -> None:
    lab.tenant(
        directory={
            "appPermissionsWithheld": ["User.RevokeSessions.All", "Machine.Isolate"],
            "appRoles": [],
        }
    )
    code, found = doctor.run(TOURNIQUET_MODE="observe")
    assert code == 0, doctor.output
    line = found["Microsoft Graph: User.RevokeSessions.All"]
    assert line["status"] == "warning" and "observe" in line["detail"]
    assert found["Directory roles: User Administrator"]["status"] == "warning"


def test_without_the_directory_role_a_password_cannot_be_reset(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(directory={"appRoles": ["Helpdesk Administrator"]})
    code, found = doctor.run()
    line = found["Directory roles: User Administrator"]
    assert (code, line["status"]) == (1, "missing")
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" in line["detail"]


def test_a_privileged_role_does_what_the_lesser_one_does(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(directory={"appRoles": ["Privileged Authentication Administrator"]})
    code, found = doctor.run()
    assert code == 0, doctor.output
    assert found["Directory roles: User Administrator"]["status"] == "ok"


def test_roles_that_may_not_be_read_are_a_warning(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(directory={"appPermissionsWithheld": ["RoleManagement.Read.Directory"]})
    code, found = doctor.run()
    assert code == 0, doctor.output
    assert found["Directory roles: role assignments"]["status"] == "warning"


def test_vendors_that_refuse_or_are_down_are_lines_and_no_secret_is_shown(
    lab: Lab, doctor: Doctor
) -> None:
    lab.fault("virustotal", "status", value=503)
    wrong = {
        "TOURNIQUET_SERVICENOW_PASSWORD": "wrong-password-4711",
        "TOURNIQUET_SLACK_BOT_TOKEN": "xoxb-wrong-token-4711",
        "TOURNIQUET_SMTP_PASSWORD": "wrong-mail-4711",
    }
    code, found = doctor.run(**wrong)
    assert code == 1
    for name in ("ServiceNow: search incidents", "Slack: auth.test", "E-mail: log in"):
        assert found[name]["status"] == "missing", name
    assert "503" in found["Reputation: virustotal"]["detail"]
    written = doctor.output + json.dumps(found)
    secrets = [
        value
        for name, value in (doctor.values | wrong).items()
        if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN", "KEY")) and len(value) > 8
    ]
    assert secrets and not [one for one in secrets if one in written]


def test_an_identity_that_is_refused_is_a_line_for_each_part(lab: Lab, doctor: Doctor) -> None:
    code, found = doctor.run(AZURE_CLIENT_SECRET="wrong-secret-4711")
    assert code == 1
    assert "AADSTS7000215" in found["Microsoft Graph: token"]["detail"]
    assert found["Log tables: SigninLogs"]["status"] == "missing"
    assert "wrong-secret-4711" not in doctor.output


def test_each_wrong_setting_is_named_and_its_value_is_not(doctor: Doctor) -> None:
    code, found = doctor.run(
        TOURNIQUET_MODE="sometimes", TOURNIQUET_SMTP_PORT="99999", TOURNIQUET_BLOKC_HOURS="1"
    )
    assert code == 1
    assert set(found) == {"Settings: TOURNIQUET_MODE", "Settings: TOURNIQUET_SMTP_PORT"}
    assert "99999" not in doctor.output
    _, found = doctor.run(TOURNIQUET_BLOKC_HOURS="1")
    assert "no such setting" in found["Settings: TOURNIQUET_BLOKC_HOURS"]["detail"]


def test_what_is_switched_off_is_off_and_what_nobody_can_do_without_is_missing(
    doctor: Doctor,
) -> None:
    code, found = doctor.run(
        TOURNIQUET_DEFENDER_ENABLED="",
        TOURNIQUET_FIREWALL_IP_GROUP_ID="",
        TOURNIQUET_SERVICENOW_URL="",
        TOURNIQUET_SMTP_HOST="",
        TOURNIQUET_LINK_SIGNING_KEY="",
    )
    assert code == 1
    assert found["Features: TOURNIQUET_DEFENDER_ENABLED"]["status"] == "off"
    assert not [name for name in found if name.startswith(("Defender", "Azure Firewall", "E-mail"))]
    assert found["Settings: TOURNIQUET_LINK_SIGNING_KEY"]["status"] == "warning"
    lost = [name for name, line in found.items() if line["status"] == "missing"]
    assert lost == ["Settings: TOURNIQUET_SERVICENOW_URL or TOURNIQUET_SMTP_HOST"]


def test_a_settings_file_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    wrong = tmp_path / "settings.json"
    wrong.write_text("{}")
    for file in (wrong, tmp_path / "nowhere.json"):
        done = subprocess.run(
            [sys.executable, "-m", "tools.doctor", f"--settings={file}"],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert str(file) in done.stderr and "Traceback" not in done.stderr
