"""The commands that the hooks really start: of the right subscription and environment."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tools.provision.cloud import AzureCli, CloudError, batch_line

RECORDS = """#!/bin/sh
echo "$(basename "$0") $*" >> "$SEEN"
echo '{}'
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was started, of an Azure CLI and an azd that only write it down."""
    for name in ("az", "azd"):
        program = tmp_path / name
        program.write_text(RECORDS, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


def cli() -> AzureCli:
    return AzureCli({"AZURE_SUBSCRIPTION_ID": "mine", "AZURE_ENV_NAME": "second"})


def test_commands_go_to_the_subscription_of_the_environment(seen: Path) -> None:
    cli().command("provider", "show", "--namespace", "Microsoft.App")
    cli().command("deployment", "group", "create")
    cli().get("https://graph.microsoft.com/v1.0/me")
    provider, deployment, rest = seen.read_text("utf-8").splitlines()
    assert "--subscription mine" in provider
    assert "--subscription mine" in deployment
    assert "--subscription" not in rest, "the address says where"


def test_values_are_kept_in_the_hooks_own_environment(seen: Path) -> None:
    azure = cli()
    azure.remember("RECOVER_VAULT", "false")
    azure.remember("RECOVER_VAULT", "false")
    assert seen.read_text("utf-8").splitlines() == [
        "azd env set RECOVER_VAULT false --environment second"
    ]
    assert azure.value("RECOVER_VAULT") == "false"


def test_a_body_is_not_on_the_command_line(seen: Path) -> None:
    cli().send("put", "https://management.azure.com/x", {"properties": {"value": "the-secret"}})
    assert "the-secret" not in seen.read_text("utf-8")
    assert "--body @" in seen.read_text("utf-8")


def test_what_is_started_is_the_file_that_the_system_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows that is ``az.cmd``, which nothing starts by the name ``az``."""
    batch = tmp_path / "az.cmd"
    batch.write_text('#!/bin/sh\necho \'{"found": "\'$(basename "$0")\'"}\'\n', encoding="utf-8")
    batch.chmod(batch.stat().st_mode | stat.S_IXUSR)
    known = {"az": str(batch)}
    monkeypatch.setattr("tools.provision.cloud.shutil.which", known.get)
    assert cli().command("account", "list") == {"found": "az.cmd"}
    with pytest.raises(CloudError, match="azd is not installed"):
        cli().remember("RECOVER_VAULT", "false")


PAGE = "https://management.azure.com/subscriptions/x/roleAssignments?api-version=1&$skiptoken=a"


@pytest.mark.parametrize(
    "argument", [PAGE, f"{PAGE} b", f"{PAGE}\\", "a|b", "a<b>c", "a^b", "atScope()"]
)
def test_nothing_in_an_argument_ends_a_batch_files_command(argument: str) -> None:
    """Outside of quotes Windows' command interpreter starts what is behind an ``&``."""
    line = batch_line(["C:\\az.cmd", "rest", "--url", argument, "--output", "json"])
    outside = "".join(line.split('"')[::2])
    assert not set("&|<>^()") & set(outside)
    inside = line.split('"')[1]
    assert inside.rstrip("\\") == argument.rstrip("\\")
    # The C runtime takes two backslashes before a quotation mark for one.
    assert inside.count("\\") == 2 * argument.count("\\")
    assert line.startswith("C:\\az.cmd rest --url ")
    assert line.endswith(" --output json")


@pytest.mark.parametrize("argument", ['"&calc', "a\nb"])
def test_what_no_quotes_protect_is_refused(argument: str) -> None:
    with pytest.raises(CloudError, match="quotation mark or a line break"):
        batch_line(["az.cmd", argument])


def test_a_batch_file_on_windows_gets_that_line(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []

    def run(command: object, **_: object) -> subprocess.CompletedProcess[str]:
        started.append(command)
        return subprocess.CompletedProcess([], 0, "{}", "")

    monkeypatch.setattr("tools.provision.cloud.os.name", "nt")
    monkeypatch.setattr("tools.provision.cloud.shutil.which", {"az": "C:\\az.CMD"}.get)
    monkeypatch.setattr("tools.provision.cloud.subprocess.run", run)
    cli().get(PAGE)
    (line,) = started
    assert isinstance(line, str)
    assert f'"{PAGE}"' in line
