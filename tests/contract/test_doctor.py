"""`make doctor` against the lab's simulators: what is missing is a clear line, nothing changes."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from shared.models.check import Checked, CheckStatus
from shared.permissions import NEEDS, Section
from shared.settings import Settings
from tests.contract.google_account import origin
from tests.contract.processes import ROOT, Lab
from tools.doctor.__main__ import examine
from tools.doctor.report import is_well, show, write

WORKSPACE = {"SigninLogs": [{"TimeGenerated": "2026-11-20T12:00:00Z"}]}


class Doctor:
    """Examines in this process, with settings that lead to the simulators."""

    def __init__(self, lab: Lab, blob_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self.values = lab.environment | {
            "TOURNIQUET_BLOB_URL": blob_url,
            "TOURNIQUET_MODE": "automatic",
            "TOURNIQUET_LINK_SIGNING_KEY": "k" * 43,
            "TOURNIQUET_CALL_ATTEMPTS": "1",
        }

    async def run(self, **changes: str) -> tuple[bool, dict[str, Checked]]:
        """Return whether all is well, and every line by area and name."""
        for name, value in (self.values | changes).items():
            self._patch.setenv(name, value)
        lines = await examine()
        return is_well(lines), {f"{line.area}: {line.what}": line for line in lines}


@pytest.fixture
def doctor(lab: Lab, azurite: str, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    return Doctor(lab, azurite, monkeypatch)


def missing(found: dict[str, Checked]) -> list[str]:
    return [name for name, line in found.items() if line.status is CheckStatus.MISSING]


async def test_all_is_well_and_nothing_is_changed(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(tables=WORKSPACE)
    well, found = await doctor.run()
    assert (well, missing(found)) == (True, [])
    graph = [need for need in NEEDS if need.section is Section.GRAPH]
    roles = {need.permission for need in graph if need.is_on(Settings())}
    assert {f"Microsoft Graph: {role}" for role in roles} <= set(found)
    assert found["Directory roles: User Administrator"].status == "ok"
    assert found["Tickets and channels: slack"].status == "ok"
    assert found["Log tables: SigninLogs"].status in ("ok", "warning")
    lines = lab.call("GET", "ledger")
    assert lines and not [line for line in lines if line["effect"] or "violation" in line]


async def test_google_secops_is_asked_in_sentinels_place(lab: Lab, doctor: Doctor) -> None:
    secops = {
        "TOURNIQUET_SIEM": "google_secops",
        "TOURNIQUET_GOOGLE_SECOPS_URL": f"{origin(lab)}/google-secops",
        "TOURNIQUET_GOOGLE_SECOPS_CASE_ASSIGNEE": "@Tier1",
    }
    well, found = await doctor.run(**secops)
    assert (well, missing(found)) == (True, [])
    assert found["Google SecOps: search"].detail == "searches run"
    assert found["Tickets and channels: google_secops_soar"].detail == "cases can be searched"
    assert not [name for name in found if name.startswith(("Log Analytics:", "Log tables:"))]
    _, found = await doctor.run(**secops, TOURNIQUET_GOOGLE_CREDENTIALS="{}")
    assert found["Google SecOps: search"].status is CheckStatus.MISSING


async def test_a_role_that_was_taken_away_is_named_with_its_id_and_what_fails(
    lab: Lab, doctor: Doctor
) -> None:
    withheld = ["User.RevokeSessions.All", "Machine.Isolate", "Microsoft.Network/ipGroups/write"]
    lab.tenant(directory={"appPermissionsWithheld": withheld})
    well, found = await doctor.run()
    assert not well
    line = found["Microsoft Graph: User.RevokeSessions.All"]
    assert line.status == "missing"
    assert "77f3a031-c388-4f99-b373-dc68676a979e" in line.detail
    assert "Revoke sessions" in line.detail
    assert found["Defender for Endpoint: Machine.Isolate"].status == "missing"
    assert found["Azure Firewall: Microsoft.Network/ipGroups/write"].status == "missing"
    assert len(missing(found)) == 3, "nothing else is affected"


async def test_what_only_changes_need_is_a_warning_while_the_app_observes(
    lab: Lab, doctor: Doctor
) -> None:
    lab.tenant(
        directory={
            "appPermissionsWithheld": ["User.RevokeSessions.All", "Machine.Isolate"],
            "appRoles": [],
        }
    )
    well, found = await doctor.run(TOURNIQUET_MODE="observe")
    assert well, missing(found)
    line = found["Microsoft Graph: User.RevokeSessions.All"]
    assert line.status == "warning" and "observe" in line.detail
    assert found["Directory roles: User Administrator"].status == "warning"


async def test_without_the_directory_role_a_password_cannot_be_reset(
    lab: Lab, doctor: Doctor
) -> None:
    lab.tenant(directory={"appRoles": ["Helpdesk Administrator"]})
    well, found = await doctor.run()
    line = found["Directory roles: User Administrator"]
    assert (well, line.status) == (False, "missing")
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" in line.detail


async def test_a_privileged_role_does_what_the_lesser_one_does(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(directory={"appRoles": ["Privileged Authentication Administrator"]})
    well, found = await doctor.run()
    assert well, missing(found)
    assert found["Directory roles: User Administrator"].status == "ok"


async def test_roles_that_may_not_be_read_are_a_warning(lab: Lab, doctor: Doctor) -> None:
    lab.tenant(directory={"appPermissionsWithheld": ["RoleManagement.Read.Directory"]})
    well, found = await doctor.run()
    assert well, missing(found)
    assert found["Directory roles: role assignments"].status == "warning"


async def test_vendors_that_refuse_or_are_down_are_lines_and_no_secret_is_shown(
    lab: Lab, doctor: Doctor, tmp_path: Path
) -> None:
    lab.fault("virustotal", "status", value=503)
    wrong = {
        "TOURNIQUET_SERVICENOW_PASSWORD": "wrong-password-4711",
        "TOURNIQUET_SLACK_BOT_TOKEN": "xoxb-wrong-token-4711",
        "TOURNIQUET_SMTP_PASSWORD": "wrong-mail-4711",
    }
    well, found = await doctor.run(**wrong)
    assert not well
    for name in ("servicenow", "slack", "email"):
        assert found[f"Tickets and channels: {name}"].status == "missing", name
    assert "503" in found["Reputation: virustotal"].detail
    written = printed(found, tmp_path)
    secrets = [
        value
        for name, value in (doctor.values | wrong).items()
        if any(word in name for word in ("PASSWORD", "SECRET", "TOKEN", "KEY")) and len(value) > 8
    ]
    assert secrets and not [one for one in secrets if one in written]


async def test_an_identity_that_is_refused_is_a_line_for_each_part(
    lab: Lab, doctor: Doctor
) -> None:
    well, found = await doctor.run(AZURE_CLIENT_SECRET="wrong-secret-4711")
    assert not well
    assert "AADSTS7000215" in found["Microsoft Graph: token"].detail
    assert found["Log tables: SigninLogs"].status == "missing"
    assert not [line for line in found.values() if "wrong-secret-4711" in line.detail]


async def test_each_wrong_setting_is_named_and_its_value_is_not(doctor: Doctor) -> None:
    well, found = await doctor.run(
        TOURNIQUET_MODE="sometimes", TOURNIQUET_SMTP_PORT="99999", TOURNIQUET_BLOKC_HOURS="1"
    )
    assert not well
    assert set(found) == {"Settings: TOURNIQUET_MODE", "Settings: TOURNIQUET_SMTP_PORT"}
    assert not [line for line in found.values() if "99999" in line.detail]
    _, found = await doctor.run(TOURNIQUET_BLOKC_HOURS="1")
    assert "no such setting" in found["Settings: TOURNIQUET_BLOKC_HOURS"].detail


async def test_what_is_switched_off_is_off_and_what_nobody_can_do_without_is_missing(
    doctor: Doctor,
) -> None:
    well, found = await doctor.run(
        TOURNIQUET_DEFENDER_ENABLED="",
        TOURNIQUET_FIREWALL_IP_GROUP_ID="",
        TOURNIQUET_SERVICENOW_URL="",
        TOURNIQUET_SMTP_HOST="",
        TOURNIQUET_LINK_SIGNING_KEY="",
    )
    assert not well
    assert found["Features: TOURNIQUET_DEFENDER_ENABLED"].status == "off"
    off = ("Defender", "Azure Firewall", "Tickets and channels: email")
    assert not [name for name in found if name.startswith(off)]
    assert found["Settings: TOURNIQUET_LINK_SIGNING_KEY"].status == "warning"
    assert missing(found) == ["Settings: TOURNIQUET_SERVICENOW_URL or TOURNIQUET_SMTP_HOST"]


def printed(found: dict[str, Checked], folder: Path) -> str:
    """Return everything that the command would write."""
    console = Console(width=200, record=True, file=io.StringIO())
    lines = list(found.values())
    show(console, lines)
    write(folder / "doctor.json", lines)
    return console.export_text() + (folder / "doctor.json").read_text()


def test_the_command_writes_what_it_found_and_fails_when_something_is_missing(
    lab: Lab, doctor: Doctor, tmp_path: Path
) -> None:
    lab.tenant(directory={"appPermissionsWithheld": ["User.RevokeSessions.All"]})
    file, answer = tmp_path / "local.settings.json", tmp_path / "doctor.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": doctor.values}))
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "tools.doctor", f"--settings={file}", f"--json={answer}"],
        cwd=ROOT, env=clean, capture_output=True, text=True, timeout=250,
    )  # fmt: skip
    written = json.loads(answer.read_text())
    assert (done.returncode, written["ok"], done.stderr) == (1, False, "")
    [line] = [one for one in written["checks"] if one["status"] == "missing"]
    assert line["what"] == "User.RevokeSessions.All" and line["what"] in done.stdout


def test_a_settings_file_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    wrong = tmp_path / "settings.json"
    wrong.write_text("{}")
    for file in (wrong, tmp_path / "nowhere.json"):
        done = subprocess.run(
            [sys.executable, "-m", "tools.doctor", f"--settings={file}"],
            cwd=ROOT, capture_output=True, text=True, timeout=140,
        )  # fmt: skip
        assert done.returncode == 2
        assert str(file) in done.stderr and "Traceback" not in done.stderr
