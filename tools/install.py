"""Install what the repository needs into itself: `tools/install.py python azurite`.

Called by tools/setup.sh with a Python 3.13 that runs; uses the standard library only, because it
runs before anything is installed. Python packages and Azurite are installed at the same time.
Each part ends by writing its stamp, and only then counts as done: what an interrupted run left
behind is thrown away by the next one.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
AZURITE = ROOT / "lab" / "azurite"
REQUIREMENT_FILES = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
NOTICE_SECONDS = 15
"""How long a step may be silent before a line says that it is still at work."""


class SetupError(Exception):
    """Set-up cannot go on; the message is one line that says what to do."""


def run(step: str, command: list[str], cwd: Path, log: Path) -> None:
    """Run a command quietly, saying now and then that it is still at work.

    Raises:
        SetupError: the command failed; the end of its output is shown, all of it is in `log`.
    """
    started = noticed = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() - noticed >= NOTICE_SECONDS:
                    noticed = time.monotonic()
                    say(f"  {step}: still working ({noticed - started:.0f} s)")
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        sys.stderr.write("\n".join([*tail, ""]))
        raise SetupError(f"{step} could not be installed (see above; all output: {log})")


def say(line: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    print(line, flush=True)


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[None]:
    """Mark a folder as being filled, and empty it first if an earlier run did not finish it."""
    marker = folder / "setup-unfinished"
    if marker.exists():
        shutil.rmtree(folder)
    folder.mkdir(exist_ok=True)
    marker.touch()
    yield
    marker.unlink()


def install_python() -> None:
    """Make `.venv` and install every pinned package into it."""
    wanted = b"".join((ROOT / name).read_bytes() for name in REQUIREMENT_FILES)
    stamp = VENV / "setup-stamp"
    log = ROOT / ".lab" / "logs" / "setup-python.log"
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    with unfinished(VENV):
        if not runs(VENV / "bin" / "python"):
            run("Python packages", [sys.executable, "-m", "venv", str(VENV)], ROOT, log)
        run("Python packages", installer(), ROOT, log)
    stamp.write_bytes(wanted)
    say(f"  Python packages: done ({time.monotonic() - started:.0f} s)")


def runs(python: Path) -> bool:
    """Tell whether an interpreter works: its base may be gone, or of another version."""
    check = "import pip, sys; sys.exit(sys.version_info[:2] != (3, 13))"
    try:
        return (
            subprocess.run([python, "-c", check], check=False, capture_output=True).returncode == 0
        )
    except OSError:
        return False


def installer() -> list[str]:
    """Choose uv where it is present, because it is faster; pip where pip alone knows the index.

    Bytecode is left to the first import: compiling the Graph SDK's 17,000 modules, of which a few
    hundred are ever used, takes longer than downloading them.
    """
    python = str(VENV / "bin" / "python")
    uv = shutil.which("uv")
    if uv and not any(name in os.environ for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE")):
        return [uv, "pip", "install", "--python", python, "-r", "requirements-dev.txt"]
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    return [*pip, "install", "--no-compile", "--progress-bar=off", "-r", "requirements-dev.txt"]


def install_azurite() -> None:
    """Install Azurite from npm exactly as its lock file says.

    Raises:
        SetupError: Node.js or npm is missing.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SetupError(
            "Node.js 20 or later with npm was not found: install it (nodejs.org, or your system's"
            " nodejs and npm packages); the lab's Blob storage, Azurite, runs on it."
        )
    modules = AZURITE / "node_modules"
    log = ROOT / ".lab" / "logs" / "setup-azurite.log"
    started = time.monotonic()
    run("Azurite", [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], AZURITE, log)
    shutil.copyfile(AZURITE / "package-lock.json", modules / "setup-stamp")
    say(f"  Azurite: done ({time.monotonic() - started:.0f} s)")


PARTS: dict[str, tuple[str, int, Callable[[], None]]] = {
    "python": ("Python packages", 60, install_python),
    "azurite": ("Azurite", 20, install_azurite),
}
"""Part name: what to call it, usual seconds on a small machine, how to do it."""


def main(names: list[str]) -> int:
    """Install the named parts side by side; another set-up of the same clone waits for its turn."""
    (ROOT / ".lab" / "logs").mkdir(parents=True, exist_ok=True)
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    titles = " and ".join(PARTS[name][0] for name in names)
    seconds = max(PARTS[name][1] for name in names)
    say(f"Setting up: {titles} (first run only, about {seconds} s)")
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        parts = [pool.submit(PARTS[name][2]) for name in names]
    errors = [error for part in parts if isinstance(error := part.exception(), SetupError)]
    for error in errors:
        print(error, file=sys.stderr)
    for part in parts:
        if part.exception() not in (None, *errors):
            part.result()
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
