"""Write the bill of materials of what is deployed: `make sbom` makes `.lab/sbom.json`.

CycloneDX 1.6 of requirements.txt, the same bytes for the same lock. It is held against the lock
before it is kept: each package once, with its version and the SHA-256 of its files.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
CYCLONEDX = ROOT / "tools" / "supply_chain" / ".venv" / "bin" / "cyclonedx-py"
LOCK = ROOT / "requirements.txt"
SBOM = ROOT / ".lab" / "sbom.json"
ENTRY = re.compile(r"^([\w.-]+)==(\S+) \\\n((?:\s+--hash=sha256:[0-9a-f]{64}.*\n)+)", re.MULTILINE)

type Packages = dict[str, tuple[str, frozenset[str]]]
"""Version and SHA-256 of the files of each package, by its normalised name."""


def normal(name: str) -> str:
    """Write a package's name the one way that registries compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> Packages:
    """Read a lock."""
    return {
        normal(name): (version, frozenset(re.findall(r"[0-9a-f]{64}", hashes)))
        for name, version, hashes in ENTRY.findall(text)
    }


def listed(sbom: dict[str, Any]) -> Packages:
    """Read a bill of materials."""
    packages = {}
    for one in sbom["components"]:
        sources = one.get("externalReferences", [])
        hashes = [each["content"] for source in sources for each in source.get("hashes", [])]
        packages[normal(one["name"])] = (one["version"], frozenset(hashes))
    return packages


def differences(sbom: dict[str, Any], lock: str) -> list[str]:
    """Return every package in which a bill of materials and a lock differ."""
    ours, theirs = locked(lock), listed(sbom)
    twice = len(sbom["components"]) - len(theirs)
    wrong = sorted(name for name in ours | theirs if ours.get(name) != theirs.get(name))
    lines = [f"{name}: the bill of materials and the lock differ" for name in wrong]
    return lines + ([f"{twice} packages are listed twice"] if twice else [])


def make(lock: Path) -> dict[str, Any]:
    """Return the bill of materials of a lock, with the app as what it is of.

    Raises:
        subprocess.CalledProcessError: the generator failed, or its own validation did.
    """
    command = [str(CYCLONEDX), "requirements", str(lock), "--output-reproducible", "--short-PURLs"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    sbom: dict[str, Any] = json.loads(done.stdout)
    for one in sbom["components"]:
        one.pop("description", None)
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    version = host["extensions"]["durableTask"]["defaultVersion"]
    app = {"type": "application", "bom-ref": "tourniquet", "name": "tourniquet", "version": version}
    sbom["metadata"]["component"] = app
    return sbom


def main() -> int:
    """Write the bill of materials, if it agrees with the lock."""
    sbom = make(LOCK)
    wrong = differences(sbom, LOCK.read_text(encoding="utf-8"))
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        return 1
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(sbom, indent=2) + "\n", encoding="utf-8")
    print(f"{SBOM.relative_to(ROOT)}: {len(sbom['components'])} packages, as locked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
