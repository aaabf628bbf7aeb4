"""The package brings its bytecode: none is compiled at a start, none is older than its source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.cloud import FakeCloud
from tests.unit.source_files import ROOT, repository_files
from tests.unit.test_repository import is_ignored
from tools.provision import bytecode, package
from tools.provision.cloud import CloudError


def run_with_one_process(command: list[str]) -> None:
    command[command.index("-j") + 1] = "1"
    subprocess.run(command, check=True, timeout=120)


def compiled(folder: Path, *modules: str) -> list[str]:
    """Import modules in a process of its own and return the sources that it had to compile."""
    program = (
        "import importlib, sys; from importlib.machinery import SourceFileLoader as loader\n"
        "original = loader.source_to_code\n"
        "def noted(self, data, path, **options):\n"
        "    print(path)\n"
        "    return original(self, data, path, **options)\n"
        "loader.source_to_code = noted\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
    )
    command = [sys.executable, "-B", "-c", program, *modules]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=folder, env=clean, check=True, capture_output=True, text=True, timeout=120
    )
    return [Path(line).name for line in done.stdout.splitlines()]


def write(root: Path, name: str, text: str) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in bytecode.CODE[1:]:
        write(tmp_path, f"{folder}/__init__.py", "")
    write(tmp_path, "function_app.py", "from shared import answer\n")
    write(tmp_path, "shared/answer.py", "VALUE = 1\n")
    return tmp_path


def test_nothing_is_compiled_at_a_start_whatever_time_the_files_got(checkout: Path) -> None:
    assert compiled(checkout, "function_app") == ["function_app.py", "__init__.py", "answer.py"]
    run_with_one_process(bytecode.code_command(checkout))
    for file in checkout.rglob("*.py"):
        os.utime(file, (0, 0))
    assert compiled(checkout, "function_app") == []


def test_what_was_edited_after_packaging_is_compiled_anew(checkout: Path) -> None:
    run_with_one_process(bytecode.code_command(checkout))
    before = (checkout / "shared/answer.py").stat()
    edited = write(checkout, "shared/answer.py", "VALUE = 2\n")
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert compiled(checkout, "function_app") == ["answer.py"]


def test_packages_are_compiled_but_for_the_one_that_is_hardly_used(tmp_path: Path) -> None:
    write(tmp_path, "used.py", "")
    write(tmp_path, f"{bytecode.LEFT_AS_SOURCE}/__init__.py", "")
    run_with_one_process(bytecode.packages_command(tmp_path))
    for file in tmp_path.rglob("*.py"):
        os.utime(file, (0, 0))
    assert compiled(tmp_path, "used", bytecode.LEFT_AS_SOURCE) == ["__init__.py"]


def test_bytecode_names_no_folder_of_the_machine_that_made_it(checkout: Path) -> None:
    run_with_one_process(bytecode.code_command(checkout))
    files = list(checkout.rglob("*.pyc"))
    assert len(files) == 2 + len(bytecode.CODE[1:])
    assert not [file for file in files if str(checkout).encode() in file.read_bytes()]


def test_all_code_that_is_deployed_is_compiled() -> None:
    files = [path for path in repository_files() if path.endswith(".py")]
    deployed = {path.split("/")[0] for path in files if not is_ignored(path)}
    assert deployed == set(bytecode.CODE)


def test_code_that_does_not_compile_is_not_packaged(checkout: Path) -> None:
    for name in (package.HOST, package.LOCK):
        shutil.copy(ROOT / name, checkout / name)
    write(checkout, package.STAMP, (ROOT / package.LOCK).read_text("utf-8"))
    write(checkout, "shared/answer.py", "VALUE =\n")
    with pytest.raises(CloudError, match=r"(?s)compileall: .*answer\.py"):
        list(package.pack(FakeCloud(), checkout))
