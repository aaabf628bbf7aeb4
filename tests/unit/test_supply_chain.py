"""Only what the locks name is installed, and the locks fit what is asked for."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.source_files import ROOT
from tools import install
from tools.supply_chain import lock

ENTRY = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)
ASKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)$", re.M)
NPM_LOCKS = ("lab/azurite/package-lock.json", "tools/kusto/package-lock.json")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def locked(file: str) -> dict[str, tuple[str, set[str]]]:
    """Version and hashes of each package of a lock."""
    return {
        normal(name): (version, set(re.findall(r"[0-9a-f]{64}", hashes)))
        for name, version, hashes in ENTRY.findall(read(file))
    }


@pytest.mark.parametrize("file", lock.LOCKS)
def test_a_lock_holds_hashes_and_nothing_but_packages(file: str) -> None:
    rest = re.sub(r"^ *#.*\n", "", ENTRY.sub("", read(file)), flags=re.M)
    assert rest.split() == ["--only-binary", ":all:"]
    assert locked(file)


@pytest.mark.parametrize(("file", "asked"), lock.LOCKS.items())
def test_a_lock_fits_what_is_asked_for(file: str, asked: str) -> None:
    packages = locked(file)
    for name, version in ASKED.findall(read(asked)):
        assert packages[normal(name)][0] == version, f"{name}: run make lock"


def test_what_is_tested_is_what_is_deployed() -> None:
    app, tests = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: tests.get(name) for name in app} == app


def test_what_is_installed_is_what_is_locked() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
        text=True,
    )
    here = {normal(one["name"]): one["version"] for one in json.loads(answer.stdout)}
    wanted = {name: version for name, (version, _) in locked("requirements-dev.txt").items()}
    assert {name: here.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("uv", [None, "/usr/bin/uv"])
def test_set_up_asks_for_hashes(uv: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def config(*_given: object, **_named: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, stdout="")

    monkeypatch.setattr("tools.install.shutil.which", lambda _: uv)
    monkeypatch.setattr("tools.install.subprocess.run", config)
    assert "--require-hashes" in install.installer()


def test_another_file_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    """With pip's own check, on a wheel made here: nothing is asked of an index."""
    wheel = make_wheel(tmp_path)
    requirements = tmp_path / "requirements.txt"
    for digest, accepted in ((sha256(wheel), True), ("0" * 64, False)):
        requirements.write_text(f"tampered==1.0 --hash=sha256:{digest}\n")
        done = pip_install(requirements, tmp_path)
        assert (done.returncode == 0) is accepted, done.stderr
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_locks_of_npm_hold_hashes_and_no_address() -> None:
    for file in NPM_LOCKS:
        packages: dict[str, Any] = json.loads(read(file))["packages"]
        for path, entry in packages.items():
            assert not path or entry["integrity"].startswith("sha512-"), path
            assert "resolved" not in entry
            assert not entry.get("hasInstallScript") or entry.get("optional"), path


def make_wheel(folder: Path) -> Path:
    wheel = folder / "tampered-1.0-py3-none-any.whl"
    info = "tampered-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tampered.py", "")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tampered\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return wheel


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def pip_install(requirements: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    options = ["--require-hashes", "--no-index", "--find-links", str(folder), "--dry-run"]
    return subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "-r", str(requirements)],
        check=False,
        capture_output=True,
        text=True,
    )
