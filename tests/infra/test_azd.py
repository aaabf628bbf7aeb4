"""``azure.yaml`` and the hooks are right, and each check notices the mistake that it is for."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.conftest import text_of
from tests.unit.source_files import ROOT
from tools.bicep.syntax import BicepFile
from tools.infra import azd

HOOK = "infra/hooks/run.ps1"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("host: function", "host: functions", "host"),
        ("language: python", "language: py", "language"),
        ("remoteBuild: false", "remoteBuild: true", "remoteBuild"),
        ("provider: bicep", "provider: terraform", "provider"),
        ("preprovision:", "preprovison:", "preprovision"),
        ("run: infra/hooks/run.sh before", "run: infra/hooks/before.sh before", "is not there"),
        (
            "run: infra/hooks/run.ps1 before",
            "run: infra/hooks/run.ps1 connect",
            "preprovision must run before",
        ),
        ("run.sh permissions", "run.sh unpack", "postprovision must run permissions"),
        ("run.sh before", "run.sh earlier", "must run before, not earlier"),
        ("shell: pwsh", "shell: powershell", "anyOf"),
        ("preprovision:\n", "preprovision:\n    continueOnError: false\n", "anyOf"),
        ("      prepackage:", "      prepackages:", "prepackages"),
        ("interactive: true", "interactive: false", "interactive"),
        ("  tourniquet:\n", "  responder:\n", "azd-service-name"),
        ('">= 1.23.12"', "1.23", "azd"),
        ("name: tourniquet", "names: tourniquet", "name"),
        ("name: tourniquet", "name: [tourniquet", "azure.yaml: while parsing"),
    ],
)
def test_a_wrong_azure_yaml_is_noticed(
    bicep: Mapping[str, BicepFile], old: str, new: str, said: str
) -> None:
    assert said in "\n".join(azd.check(text_of("azure.yaml", old, new), ROOT, bicep))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("if (-not", "if (-not (", "run.ps1:15: cannot be parsed"),
        ("= 'Stop'", "= 'Stop", "cannot be parsed"),
        ("Test-Path", "Tset-Path", "Tset-Path is no command"),
        ("Assert-Success 'pip'", "Assert-Sucess 'pip'", "Assert-Sucess is no command"),
        ("& $python", "& $phyton", "$phyton is never set"),
        ("tools.provision $Step", "tools.provision before", "must run tools.provision $Step"),
    ],
)
def test_a_wrong_hook_for_windows_is_noticed(
    bicep: Mapping[str, BicepFile], tmp_path: Path, old: str, new: str, said: str
) -> None:
    shutil.copytree(ROOT / "infra/hooks", tmp_path / "infra/hooks")
    text = (ROOT / "azure.yaml").read_text("utf-8")
    assert azd.check(text, tmp_path, bicep) == []
    (tmp_path / HOOK).write_text(text_of(HOOK, old, new), encoding="utf-8")
    assert said in "\n".join(azd.check(text, tmp_path, bicep))


def test_a_hook_that_cannot_be_run_and_a_step_that_is_gone_are_noticed(
    bicep: Mapping[str, BicepFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "infra/hooks", tmp_path / "infra/hooks")
    (tmp_path / "infra/hooks/run.sh").chmod(0o644)
    text = (ROOT / "azure.yaml").read_text("utf-8")
    assert "run.sh before cannot be run" in "\n".join(azd.check(text, tmp_path, bicep))
    monkeypatch.setattr(azd, "STEPS", {})
    assert "has no step permissions" in "\n".join(azd.check(text, ROOT, bicep))
