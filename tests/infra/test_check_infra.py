"""`make check` itself fails on a mistake, whichever check it is for."""

import shutil
from pathlib import Path

import pytest

from tests.infra.conftest import text_of
from tests.unit.source_files import ROOT
from tools import check_infra
from tools.infra import policies

READ = ("infra", ".github", "docs")
FILES = ("azure.yaml", "host.json", "local.settings.example.json")
EVIDENCE = "infra/modules/evidence-storage.bicep"
MISTAKES = {
    "wrong property": (EVIDENCE, "allowBlobPublicAccess", "allowBlobsPublicAccess", "property"),
    "wrong value": (EVIDENCE, "'TLS1_2'", "'TLS12'", "minimumTlsVersion"),
    "missing role": (
        EVIDENCE,
        "principalId: appPrincipalId",
        "principalId: principal",
        "is not declared",
    ),
    "role of somebody else": (
        "infra/main.bicep",
        "appPrincipalId: identities.outputs.appPrincipalId",
        "appPrincipalId: identities.outputs.relayPrincipalId",
        "is missing",
    ),
    "public blob access": (
        EVIDENCE,
        "allowBlobPublicAccess: false",
        "allowBlobPublicAccess: true",
        "allowBlobPublicAccess",
    ),
    "setting missing": (
        "infra/main.parameters.json",
        '"TOURNIQUET_OKTA_URL": "${TOURNIQUET_OKTA_URL=}",\n',
        "\n",
        "TOURNIQUET_OKTA_URL",
    ),
    "setting missing in the documentation": (
        "docs/configuration.md",
        "| `TOURNIQUET_OKTA_URL` |",
        "| `TOURNIQUET_OKTA` |",
        "TOURNIQUET_OKTA_URL",
    ),
    "setting missing in the example": (
        "local.settings.example.json",
        '"TOURNIQUET_OKTA_URL"',
        '"TOURNIQUET_OKTA_ADDRESS"',
        "TOURNIQUET_OKTA_URL",
    ),
    "relay": ("infra/relay.workflow.json", '"PT10M"', '"10M"', "retryPolicy"),
    "azd": ("azure.yaml", "run.sh permissions", "run.sh connect", "must run permissions"),
    "hook for Windows": ("infra/hooks/run.ps1", "if (-not", "if (-not (", "PowerShell"),
    "workflow": (".github/workflows/infra.yaml", "id-token: write", "id-token: none", "id-token"),
    "linter": ("infra/bicepconfig.json", '"enabled": true', '"enabled": false', "must be on"),
    "host": ("host.json", '"Reject"', '"Ignore"', "versionFailureStrategy"),
    "detection": (
        "infra/detections/token_theft.yaml",
        "union isfuzzy=true",
        "union",
        "outside of one fuzzy union",
    ),
    "workbook": ("infra/workbook.json", "tourniquet.case.finished", "tourniquet.x", "measured"),
    "alert": ("infra/alerts/breaker_tripped.kql", '"tripped"', '"open"', "never open"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("repository")
    for folder in READ:
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("images"))
    for file in FILES:
        shutil.copy(ROOT / file, place / file)
    return place


@pytest.fixture
def gate(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gate over the copy, but for checkov, which has a mistake of its own in every run."""
    monkeypatch.setattr(check_infra, "ROOT", copy)
    monkeypatch.setattr(check_infra, "INFRA", copy / "infra")
    monkeypatch.setattr(policies, "check", lambda _: [])
    return copy


def test_it_passes_without_a_mistake(gate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_infra.main() == 0
    assert "are right" in capsys.readouterr().out


@pytest.mark.parametrize("name", MISTAKES)
def test_it_fails_on_a_mistake(gate: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file, old, new, said = MISTAKES[name]
    before = (gate / file).read_text("utf-8")
    (gate / file).write_text(text_of(file, old, new), encoding="utf-8")
    try:
        assert check_infra.main() == 1
    finally:
        (gate / file).write_text(before, encoding="utf-8")
    assert said in capsys.readouterr().err


def test_what_checkov_finds_fails_it(
    gate: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policies, "check", lambda _: ["infra/x: CKV_AZURE_1"])
    assert check_infra.main() == 1
    assert "CKV_AZURE_1" in capsys.readouterr().err
