"""The repository's own promises: exact pins, a clean package, settings without secrets."""

import fnmatch
import json
import re
from typing import Any

import pytest

from shared.settings import Settings
from tests.unit.source_files import ROOT, repository_files
from triggers.body import MAX_BODY_BYTES

REQUIREMENT_FILES = ("requirements.in", "requirements-dev.in")
TOOLS = ("tools/checkov/requirements.in", "tools/supply_chain/requirements.in")
NPM_FOLDERS = ("lab/azurite", "tools/kusto")
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([0-9][A-Za-z0-9.]*)")

# Assembled here, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|Us" r"ers/\w+)/")
REGISTRY_HOSTS = re.compile(
    r"(?:registry\.npm" r"js|registry\.ya" r"rnpkg|files\.python" r"hosted|(?<!\w)py" r"pi)\.org"
)
SECRET_NAMES = ("KEY", "SECRET", "TOKEN", "PASSWORD", "CONNECTION")


def pins(file: str) -> dict[str, str]:
    """Package names (normalised) and versions of one requirement file."""
    found = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "-")):
            continue
        match = PIN.fullmatch(line)
        assert match, f"{file}: not an exact pin: {line}"
        found[normal(match[1])] = match[2]
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / name).read_text(encoding="utf-8"))
    return document


def test_each_package_is_pinned_once() -> None:
    files = [pins(file) for file in REQUIREMENT_FILES]
    names = [name for file in files for name in file]
    assert all(files)
    assert sorted(names) == sorted(set(names))


def test_each_requirement_says_why_it_is_here() -> None:
    table = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| ([@\w][\w./-]*) \| \S", table, re.MULTILINE)
    explained = {normal(name) for name in names}
    asked = {name for file in (*REQUIREMENT_FILES, *TOOLS) for name in pins(file)}
    npm = {
        name for folder in NPM_FOLDERS for name in load(f"{folder}/package.json")["dependencies"]
    }
    assert explained - {"package"} == asked | npm


@pytest.mark.parametrize("folder", NPM_FOLDERS)
def test_npm_packages_are_pinned_and_locked(folder: str) -> None:
    asked = load(f"{folder}/package.json")["dependencies"]
    locked = load(f"{folder}/package-lock.json")["packages"]
    assert {n: locked[f"node_modules/{n}"]["version"] for n in asked} == asked
    assert all("integrity" in entry for path, entry in locked.items() if path)


def test_host_speaks_the_protocol_of_durable_functions_2() -> None:
    bundle = load("host.json")["extensionBundle"]
    assert bundle == {
        "id": "Microsoft.Azure.Functions.ExtensionBundle",
        "version": "[4.38.1, 5.0.0)",
    }


def test_host_never_replays_work_of_a_newer_version() -> None:
    durable = load("host.json")["extensions"]["durableTask"]
    assert durable["hubName"] == "%TASKHUB_NAME%"
    assert durable["defaultVersion"] == "1.0.0"
    assert durable["versionMatchStrategy"] == "CurrentOrOlder"
    assert durable["versionFailureStrategy"] == "Reject"
    assert durable["storageProvider"]["type"] == "AzureStorage"


def test_host_keeps_case_data_out_of_traces() -> None:
    host = load("host.json")
    assert host["telemetryMode"] == "OpenTelemetry"
    assert host["extensions"]["durableTask"]["tracing"]["traceInputsAndOutputs"] is False
    assert host["extensions"]["http"]["routePrefix"] == "api"


def test_example_settings_name_every_setting() -> None:
    values = load("local.settings.example.json")["Values"]
    ours = {name for name in values if name.startswith("TOURNIQUET_")}
    assert ours == {f"TOURNIQUET_{name.upper()}" for name in Settings.model_fields}
    assert values["AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"] == "1"
    assert MAX_BODY_BYTES < int(values["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"]) <= 2 * MAX_BODY_BYTES
    assert values["TASKHUB_NAME"].isalnum()


def test_example_settings_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in load("local.settings.example.json")["Values"].items():
        monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_construct()


def test_example_settings_hold_no_secret() -> None:
    values = load("local.settings.example.json")["Values"]
    assert not {n: v for n, v in values.items() if v and any(s in n for s in SECRET_NAMES)}
    assert not any(s in json.dumps(load("host.json")).upper() for s in ("SECRET", "ACCOUNTKEY"))


@pytest.mark.parametrize(
    "path",
    [
        "tests/unit/test_repository.py",
        "lab/azurite/package.json",
        "docs/dependencies.md",
        "tools/install.py",
        "infra/main.bicep",
        "README.md",
        "pyproject.toml",
        "requirements.in",
        "requirements-dev.txt",
        "local.settings.json",
        "local.settings.example.json",
        ".ci/run",
        ".venv/bin/python",
        ".lab/lab.json",
    ],
)
def test_package_leaves_out(path: str) -> None:
    assert is_ignored(path)


@pytest.mark.parametrize(
    "path",
    [
        "function_app.py",
        "host.json",
        "requirements.txt",
        "shared/models/case.py",
        "shared/models/__pycache__/case.cpython-313.pyc",
        ".python_packages/lib/site-packages/pydantic/__pycache__/main.cpython-313.pyc",
        "orchestrators/respond.py",
        "shared/playbook/hunts/inbox_rules.kql",
        "shared/default_policy.yaml",
        "policy.yaml",
    ],
)
def test_package_holds(path: str) -> None:
    assert not is_ignored(path)


def is_ignored(path: str) -> bool:
    """Whether .funcignore keeps a path out of the deployed package (gitignore's simple form)."""
    parts = path.split("/")
    for line in (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        candidates = parts[:-1] if line.endswith("/") else parts
        candidates = candidates[:1] if line.startswith("/") else candidates
        if any(fnmatch.fnmatch(part, line.strip("/")) for part in candidates):
            return True
    return False


@pytest.mark.parametrize("file", repository_files())
def test_file_names_no_machine_and_no_registry_host(file: str) -> None:
    try:
        text = (ROOT / file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        pytest.skip("not a text file")
    # Recorded data and vendors' descriptions (JSON) rightly hold paths of other people's machines.
    assert file.endswith(".json") or not MACHINE_PATHS.findall(text)
    assert not REGISTRY_HOSTS.findall(text)
