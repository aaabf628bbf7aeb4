"""Every setting of the app reaches it, and ``make check`` notices one that does not."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.conftest import Seed
from tests.unit.source_files import ROOT
from tools.bicep.syntax import BicepFile
from tools.infra import settings

READ = (
    "infra/main.parameters.json",
    "local.settings.example.json",
    "docs/configuration.md",
    "docs/infra.md",
)


def test_settings_bicep_example_and_documentation_agree(bicep: Mapping[str, BicepFile]) -> None:
    assert settings.check(ROOT, bicep) == []
    assert len(settings.ours()) > 60
    assert len(settings.secrets(bicep[settings.MODULE])) > 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  'TOURNIQUET_SLACK_BOT_TOKEN'\n", "", "TOURNIQUET_SLACK_BOT_TOKEN is a secret"),
        ("'TOURNIQUET_AUTOMATION_KEY'", "'TOURNIQUET_MODE'", "TOURNIQUET_MODE is a secret"),
        ("  TOURNIQUET_CASE_CONTAINER: caseContainer\n", "", "sets TOURNIQUET_CASE_CONTAINER"),
        ("TOURNIQUET_BLOB_URL:", "TOURNIQUET_BLOB_ADDRESS:", "no plain setting of the app"),
        ("TOURNIQUET_BLOB_URL:", "TOURNIQUET_OKTA_URL:", "is chosen and deployed"),
        ("  TASKHUB_NAME: taskHubName\n", "", "not given TASKHUB_NAME"),
        ("__accountName", "__account", "not given AzureWebJobsStorage__accountName"),
        ("['OTEL_EXPORTER_OTLP_HEADERS']", "[]", "looked up in the vault or referred to"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT:", "OTLP_ENDPOINT:", "OTLP_ENDPOINT is not there"),
        ("  AZURE_CLIENT_ID:", "  AZURE_IDENTITY:", "AZURE_IDENTITY is not there"),
    ],
)
def test_a_wrong_app_setting_is_noticed(seed: Seed, old: str, new: str, said: str) -> None:
    found = settings.check(ROOT, seed(settings.MODULE, old, new))
    assert said in "\n".join(found)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (READ[0], '"TOURNIQUET_WATCH_HOURS"', '"X"', "nothing sets TOURNIQUET_WATCH_HOURS"),
        (READ[1], '"TASKHUB_NAME"', '"NEW_HUB"', "not given NEW_HUB"),
        (READ[2], "| `TOURNIQUET_MODE` |", "| Mode |", "TOURNIQUET_MODE is not there"),
        (READ[3], "`DURABLE_BACKEND`", "backend", "the variable DURABLE_BACKEND is not there"),
    ],
)
def test_a_wrong_file_beside_the_templates_is_noticed(
    bicep: Mapping[str, BicepFile], tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    for one in READ:
        (tmp_path / one).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / one, tmp_path / one)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), "utf-8")
    assert said in "\n".join(settings.check(tmp_path, bicep))


def test_the_app_observes_until_somebody_says_otherwise() -> None:
    text = (ROOT / READ[0]).read_text("utf-8")
    assert '"TOURNIQUET_MODE": "${TOURNIQUET_MODE=observe}"' in text
    chosen = json.loads(text)["parameters"]["settings"]["value"]
    others = {name: value for name, value in chosen.items() if name != "TOURNIQUET_MODE"}
    assert all(value == f"${{{name}=}}" for name, value in others.items()), "the app's own default"
