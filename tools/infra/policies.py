"""Checkov's policies for Azure, on the Bicep files.

Checkov wants other versions of packages than the app, so it has an environment of its own, made by
``tools/setup.sh checkov``. It ends with status 0 when it cannot read a file, which it then has not
checked: what it could not read is a problem here.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / "tools" / "checkov" / ".venv" / "bin" / "python"

NOT_FOR_US = {
    "CKV_AZURE_13": "looks for sign-in in every kind of sites/config; ours is authsettingsV2",
    "CKV_AZURE_17": "client certificates: callers have keys, signatures or a sign-in",
    "CKV_AZURE_35": "reads a parameter as text; the switch privateNetwork sets Deny",
    "CKV_AZURE_43": "reads the name before its suffix is put in; checked by tools/bicep/house.py",
    "CKV_AZURE_63": "an App Service log that Flex Consumption has not",
    "CKV_AZURE_65": "an App Service log that Flex Consumption has not",
    "CKV_AZURE_66": "an App Service log that Flex Consumption has not",
    "CKV_AZURE_78": "Flex Consumption has no FTP and refuses the property; FTP's password is off",
    "CKV_AZURE_80": ".NET in a Python app",
    "CKV_AZURE_88": "Azure Files, which Flex Consumption has not",
    "CKV_AZURE_109": "reads a parameter as text; the switch privateNetwork sets Deny",
    "CKV_AZURE_193": "publishers are outside; the role EventGrid Data Sender lets them in",
    "CKV_AZURE_206": "redundancy is the operator's choice; zone redundant by default",
    "CKV_AZURE_212": "instances of a Flex Consumption app are not set there",
    "CKV_AZURE_213": "health checks of App Service, which Flex Consumption has not",
    "CKV_AZURE_222": "Sentinel, Slack and browsers come from outside; the app refuses the others",
    "CKV_AZURE_225": "zones of a Flex Consumption plan are Azure's affair",
}
"""Policies that are not kept, each with the reason."""


SEED = "seeded_mistake.bicep"
SEEDED = "CKV_AZURE_14"
MISTAKE = """resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: 'seeded'
  location: 'westeurope'
  properties: {
    httpsOnly: false
  }
}
"""
"""A site without https is put beside the files in every run: as long as it is noticed, checkov
works."""


def check(folder: Path) -> list[str]:
    """Return what checkov finds in a folder."""
    if not PYTHON.exists():
        return [f"checkov is not installed: run tools/setup.sh checkov ({PYTHON} is missing)"]
    with tempfile.TemporaryDirectory(prefix="tourniquet-") as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("hooks", "detections"))
        (copy / SEED).write_text(MISTAKE, encoding="utf-8")
        return read_report(_run(copy))


def _run(folder: Path) -> str:
    command: list[str | Path] = [
        *(PYTHON, "-m", "checkov.main", "-d", folder, "--framework", "bicep"),
        *("--skip-download", "--compact", "-o", "json"),
    ]
    environment = {**os.environ, "LOG_LEVEL": "CRITICAL", "PYTHONWARNINGS": "ignore"}
    answer = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=300
    )
    return answer.stdout


def read_report(text: str) -> list[str]:
    """Return the problems of checkov's JSON report."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return [f"checkov did not answer: {text[:200]}"]
    report: dict[str, Any] = found[0] if isinstance(found, list) else found
    failed = report.get("results", {}).get("failed_checks", [])
    seeded = [one for one in failed if one["file_path"] == f"/{SEED}"]
    problems = [
        f"infra{one['file_path']}: {one['check_id']} {one['resource']}: {one['check_name']}"
        for one in failed
        if one["check_id"] not in NOT_FOR_US and one not in seeded
    ]
    unread = report.get("summary", {}).get("parsing_errors", 0)
    if unread:
        problems.append(f"checkov cannot read {unread} files, so they are not checked")
    if SEEDED not in {one["check_id"] for one in seeded}:
        problems.append(f"checkov has not noticed the mistake in {SEED}: it checks nothing")
    return problems
