"""A wrong policy: neither the app nor the lab starts, and each says file, line and reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.processes import ROOT

WRONG = "mode: automatic\nautomatic:\n  ordinary:\n    High: [IsolateDevice]\n"
FIELD = "automatic.ordinary.High.0"
WHY = "IsolateDevice is never done without asking"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["-c", "import function_app"], 1, f"policy.yaml:4: {FIELD}: {WHY}"),
        (["-m", "lab", "demo"], 2, f"policy.yaml:4: {FIELD}: {WHY}"),
        (["-m", "tools.doctor", "--json=doctor.json"], 1, f"policy.yaml:4: {WHY}"),
    ],
    ids=["app", "lab", "doctor"],
)
def test_a_wrong_policy_is_refused_at_the_start(
    tmp_path: Path, command: list[str], status: int, said: str
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(WRONG, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "TOURNIQUET_POLICY_FILE": str(policy), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=250,
    )
    answer = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == status, answer
    assert said in answer


def test_the_package_of_azure_holds_a_policy_beside_host_json(tmp_path: Path) -> None:
    """A relative file is found from the app's folder, whatever the working directory is."""
    code = "from shared.policy import get_policy; print(get_policy().limits.automatic_per_hour)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "TOURNIQUET_POLICY_FILE": "shared/default_policy.yaml"},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "10", "")
