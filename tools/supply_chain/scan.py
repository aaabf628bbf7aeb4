"""Look for secrets in every file of the repository: `python -m tools.supply_chain.scan`.

MongoDB's Kingfisher, offline: nothing that it finds is tried against its vendor. What git ignores
is left out, so the files are copied first. A made-up secret is planted beside them in every run:
as long as it is found, the scanner works.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
KINGFISHER = ROOT / "tools" / "supply_chain" / ".venv" / "bin" / "kingfisher"
PLANTED = "planted-by-the-scan.py"
PLANTED_TEXT = 'token = "xoxb-' + '738105924617-7381059246178-Qm7RtZx3WnB5vXjVyK2dLhPs"\n'
"""In two pieces, so that this file does not hold what it looks for."""
RULE_CACHE = ROOT / ".lab" / "kingfisher"
FOUND = 200
"""Kingfisher's exit status when it found something."""
LIMIT_SECONDS = 120


def copy_files(root: Path, place: Path) -> None:
    """Copy what is, or is about to be, part of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in {one for one in listing.split("\0") if one and (root / one).is_file()}:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, place / name)


def findings(place: Path) -> list[str]:
    """Return file, line and kind of each secret in a folder, never the secret.

    Raises:
        RuntimeError: the scanner did not do its work.
    """
    command = [
        str(KINGFISHER), "scan", str(place), "--no-validate", "--no-update-check",
        "--git-history", "none", "--format", "json", "--redact", "--no-dedup",
        "--no-ignore", "--rule-cache-dir", str(RULE_CACHE),
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    if done.returncode not in (0, FOUND):
        raise RuntimeError(f"the scanner failed: {done.stderr.strip()[-500:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return [
        f"{Path(one['finding']['path']).relative_to(place)}:{one['finding']['line']}: "
        f"looks like a secret ({one['rule']['name']})"
        for one in report["findings"]
    ]


def scan(root: Path) -> list[str]:
    """Return what is wrong: secrets of the repository, or a scanner that finds none.

    Raises:
        RuntimeError: the scanner did not do its work.
    """
    if not KINGFISHER.exists():
        return ["the scanner is not installed: run tools/setup.sh supply_chain"]
    with tempfile.TemporaryDirectory(prefix="tourniquet-") as folder:
        place = Path(folder).resolve() / "files"
        place.mkdir()
        copy_files(root, place)
        (place / PLANTED).write_text(PLANTED_TEXT, encoding="utf-8")
        found = findings(place)
    ours = [one for one in found if not one.startswith(f"{PLANTED}:")]
    if len(ours) == len(found):
        ours.append("the scanner does not see the secret that is planted in every run")
    return ours


def main() -> int:
    """Scan; print what is wrong."""
    problems = scan(ROOT)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print("No secret found, but the planted one")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
