"""Set-up counts as done only when it is whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.source_files import ROOT
from tools import install


def find_python(path: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "tools" / "find_python.sh"],
        env={"PATH": f"{path}:/usr/bin:/bin", "HOME": str(home)},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def test_python_is_found_behind_a_shim_that_fails(tmp_path: Path) -> None:
    shims, real = tmp_path / "shims", tmp_path / "versions" / "3.13.0" / "bin"
    for folder in (shims, real):
        folder.mkdir(parents=True)
    (shims / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (shims / "python3.13").chmod(0o755)
    (real / "python3.13").symlink_to(os.path.realpath(sys.executable))
    found = find_python(shims, tmp_path)
    assert found.returncode == 0, found.stderr
    version = subprocess.run(
        [found.stdout.strip(), "--version"], check=True, capture_output=True, text=True
    )
    assert version.stdout.startswith("Python 3.13.")


def test_an_unfinished_folder_is_filled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "LOGS", tmp_path)
    folder = tmp_path / ".venv"
    folder.mkdir()
    (folder / "half").touch()
    with pytest.raises(KeyboardInterrupt), install.all_or_nothing(folder):
        raise KeyboardInterrupt
    with install.all_or_nothing(folder):
        assert not folder.exists()
        folder.mkdir()
    with install.all_or_nothing(folder):
        assert folder.exists()


def test_a_part_is_done_when_its_stamp_matches_its_files(tmp_path: Path) -> None:
    pins, stamp = tmp_path / "pins.txt", tmp_path / "stamp"
    pins.write_text("a==1\n")
    part = install.Part("A", 1, (pins,), stamp, lambda _: None)
    assert not part.is_done()
    stamp.write_bytes(part.wanted())
    assert part.is_done()
    pins.write_text("a==2\n")
    assert not part.is_done()


def test_a_missing_node_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(install.SetupError) as error:
        install.install_azurite(tmp_path / "log")
    assert "Node.js 20" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_failed_step_shows_the_end_of_its_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", "print('no such package'); raise SystemExit(1)"]
    with pytest.raises(install.SetupError):
        install.run("Python packages", command, tmp_path, tmp_path / "log")
    assert "no such package" in capsys.readouterr().err
