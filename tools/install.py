"""Install what the repository needs into itself: `tools/install.py python azurite checkov ...`.

Called by tools/setup.sh with a Python 3.13 that runs; uses the standard library only, because it
runs before anything is installed. Packages are taken only with the hashes of the lock files. Parts
are installed side by side. Each ends by writing its stamp, a copy of the files it was made from,
and only then counts as done: what an interrupted run left behind is thrown away by the next one.
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
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".lab" / "logs"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
AZURITE = ROOT / "lab" / "azurite"
KUSTO = ROOT / "tools" / "kusto"
CHECKOV = ROOT / "tools" / "checkov"
SUPPLY_CHAIN = ROOT / "tools" / "supply_chain"
NOTICE_SECONDS = 15
"""How long a step may be silent before a line says that it is still at work."""


class SetupError(Exception):
    """Set-up cannot go on; the message is one line that says what to do."""


@dataclass(frozen=True)
class Part:
    """One thing to install."""

    title: str
    seconds: int
    """How long it usually takes on a small machine."""
    made_from: tuple[Path, ...]
    stamp: Path
    install: Callable[[Path], None]
    """Does it, writing the tools' output to the given log."""

    def wanted(self) -> bytes:
        """Return what the stamp holds when the part is up to date."""
        return b"".join(path.read_bytes() for path in self.made_from)

    def is_done(self) -> bool:
        """Tell whether the part is installed as its files say."""
        return self.stamp.exists() and self.stamp.read_bytes() == self.wanted()


def say(line: str) -> None:
    """Print one line of progress at once, also into a pipe."""
    print(line, flush=True)


def run(title: str, command: list[str], cwd: Path, log: Path) -> None:
    """Run a command quietly, saying now and then that it is still at work.

    Raises:
        SetupError: the command failed; the end of its output is shown, all of it is in `log`.
    """
    started = noticed = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - noticed >= NOTICE_SECONDS:
                noticed = time.monotonic()
                say(f"  {title}: still working ({noticed - started:.0f} s)")
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        sys.stderr.write("\n".join([*tail, ""]))
        raise SetupError(f"{title} could not be installed: see above, or all of it in {log}")


@contextlib.contextmanager
def all_or_nothing(folder: Path) -> Iterator[None]:
    """Fill a folder whole: what an earlier run left unfinished is removed first."""
    marker = LOGS / f"{folder.name.strip('.')}-unfinished"
    if marker.exists():
        shutil.rmtree(folder, ignore_errors=True)
    marker.touch()
    yield
    marker.unlink()


def install_python(log: Path) -> None:
    """Make `.venv` and install every pinned package into it."""
    with all_or_nothing(VENV):
        if not is_usable(VENV_PYTHON):
            run("Python packages", [sys.executable, "-m", "venv", "--clear", str(VENV)], ROOT, log)
        run("Python packages", [*installer(), "-r", "requirements-dev.txt"], ROOT, log)
        compile_packages()


def install_tool(title: str, folder: Path, log: Path) -> None:
    """Make an environment in a tool's folder, whose pins would not fit the app's."""
    venv = folder / ".venv"
    run(title, [sys.executable, "-m", "venv", "--clear", str(venv)], ROOT, log)
    command = [*installer(venv / "bin" / "python"), "-r", str(folder / "requirements.txt")]
    run(title, command, ROOT, log)
    compile_packages(venv)


def is_usable(python: Path) -> bool:
    """Tell whether an interpreter works: its base may be gone, or of another version."""
    check = "import pip, sys; sys.exit(sys.version_info[:2] != (3, 13))"
    try:
        return not subprocess.run(
            [python, "-c", check], check=False, capture_output=True
        ).returncode
    except OSError:
        return False


def installer(python: Path = VENV_PYTHON) -> list[str]:
    """Choose uv where it is present, because it is faster; pip where only pip knows the index.

    Either refuses a package without a hash, or with another one than the lock's.
    """
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    config = subprocess.run([*pip, "config", "list"], check=False, capture_output=True, text=True)
    uv = shutil.which("uv")
    if uv and "index" not in config.stdout:
        return [uv, "pip", "install", "--require-hashes", "--python", str(python)]
    return [*pip, "install", "--require-hashes", "--no-compile", "--progress-bar=off"]


def compile_packages(venv: Path = VENV) -> None:
    """Compile all packages but the Graph SDK's generated code to bytecode.

    Compiling those 17,000 modules, of which a few hundred are ever used, takes longer than
    downloading them. Without the rest, every process of the lab starts a second later on machines
    that keep Python from writing bytecode. A file that does not compile is its package's affair.
    """
    packages = next((venv / "lib").glob("python3.13/site-packages"))
    command = [
        str(venv / "bin" / "python"),
        "-m",
        "compileall",
        "-qq",
        "-j",
        "0",
        "-x",
        "msgraph.generated",
    ]
    subprocess.run([*command, packages], check=False, capture_output=True)


def install_azurite(log: Path) -> None:
    """Install Azurite, the lab's Blob storage.

    Raises:
        SetupError: as ``install_from_npm``.
    """
    install_from_npm("Azurite", "the lab's Blob storage, Azurite", AZURITE, log)


def install_kusto(log: Path) -> None:
    """Install Microsoft's KQL language service, which checks the queries.

    Raises:
        SetupError: as ``install_from_npm``.
    """
    install_from_npm("KQL language service", "Microsoft's KQL language service", KUSTO, log)


def install_from_npm(title: str, what: str, folder: Path, log: Path) -> None:
    """Install a folder's npm packages exactly as its lock file says.

    Raises:
        SetupError: Node.js or npm is missing, or npm failed.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise SetupError(
            "Node.js 20 or later with npm was not found: install it (nodejs.org, or your system's"
            f" nodejs and npm packages); {what}, runs on it."
        )
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    run(title, command, folder, log)


PARTS = {
    "python": Part(
        title="Python packages",
        seconds=60,
        made_from=(ROOT / "requirements-dev.txt",),
        stamp=VENV / "setup-stamp",
        install=install_python,
    ),
    "azurite": Part(
        title="Azurite",
        seconds=20,
        made_from=(AZURITE / "package-lock.json",),
        stamp=AZURITE / "node_modules" / "setup-stamp",
        install=install_azurite,
    ),
    "kusto": Part(
        title="KQL language service",
        seconds=5,
        made_from=(KUSTO / "package-lock.json",),
        stamp=KUSTO / "node_modules" / "setup-stamp",
        install=install_kusto,
    ),
    "checkov": Part(
        title="checkov",
        seconds=40,
        made_from=(CHECKOV / "requirements.txt",),
        stamp=CHECKOV / ".venv" / "setup-stamp",
        install=partial(install_tool, "checkov", CHECKOV),
    ),
    "supply_chain": Part(
        title="supply chain tools",
        seconds=20,
        made_from=(SUPPLY_CHAIN / "requirements.txt",),
        stamp=SUPPLY_CHAIN / ".venv" / "setup-stamp",
        install=partial(install_tool, "supply chain tools", SUPPLY_CHAIN),
    ),
}


def set_up(name: str) -> None:
    """Install one part and stamp it."""
    part = PARTS[name]
    started = time.monotonic()
    part.stamp.unlink(missing_ok=True)
    part.install(LOGS / f"setup-{name}.log")
    part.stamp.write_bytes(part.wanted())
    say(f"  {part.title}: done ({time.monotonic() - started:.0f} s)")


def take_turn() -> None:
    """Wait until no other set-up of this clone is at work; the turn ends with the process."""
    clone = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(clone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another set-up of this clone")
        fcntl.flock(clone, fcntl.LOCK_EX)


def main(names: list[str]) -> int:
    """Install the named parts side by side; one set-up of a clone at a time."""
    LOGS.mkdir(parents=True, exist_ok=True)
    take_turn()
    names = [name for name in names if not PARTS[name].is_done()]
    if not names:
        return 0
    titles = " and ".join(PARTS[name].title for name in names)
    seconds = max(PARTS[name].seconds for name in names)
    say(f"Setting up: {titles} (first run only, about {seconds} s)")
    with ThreadPoolExecutor() as pool:
        errors = [job.exception() for job in [pool.submit(set_up, name) for name in names]]
    for error in errors:
        if isinstance(error, SetupError):
            print(error, file=sys.stderr)
        elif error:
            raise error
    return 1 if any(errors) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Set-up was interrupted; the next run takes it up again.")
