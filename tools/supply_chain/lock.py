"""Write every requirements.txt from its requirements.in: `make lock`, `UPGRADE=1` for newer ones.

A lock names every package that is installed, also those that are pulled in, with its exact version
and the SHA-256 of each file the registry has for it. pip and uv then refuse anything else. Only
ready-made wheels are taken: a source distribution runs its own code while it is installed. What a
lock already holds stays, unless a requirement or `--upgrade` asks for another version.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
UV = ROOT / "tools" / "supply_chain" / ".venv" / "bin" / "uv"
LOCKS = {
    "requirements.txt": "requirements.in",
    "requirements-dev.txt": "requirements-dev.in",
    "tools/checkov/requirements.txt": "tools/checkov/requirements.in",
    "tools/supply_chain/requirements.txt": "tools/supply_chain/requirements.in",
}
"""Each lock and what it is made from. The second holds the first: what is tested is deployed."""


def command(asked: str, lock: str, upgrade: bool) -> list[str]:
    """Return uv's command line: wheels only, hashes, no address, no path of this machine."""
    return [
        str(UV), "pip", "compile", asked, "--output-file", lock, "--quiet",
        "--generate-hashes", "--no-build", "--emit-build-options",
        "--python-version", "3.13", "--python", sys.executable,
        "--no-emit-index-url", "--no-emit-find-links",
        "--custom-compile-command", "make lock",
        *(["--upgrade"] if upgrade else []),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write all locks; 1 when one cannot be resolved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest of what is free")
    upgrade: bool = parser.parse_args(arguments).upgrade
    for lock, asked in LOCKS.items():
        done = subprocess.run(command(asked, lock, upgrade), cwd=ROOT, check=False)
        if done.returncode:
            print(f"{lock} was not written: {asked} cannot be resolved", file=sys.stderr)
            return 1
        print(f"{lock}: {(ROOT / lock).read_text(encoding='utf-8').count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
