"""Look for secrets and ids in every commit there ever was: `python -m tools.supply_chain.history`.

What was taken out again is still in the history, and whoever may read the repository may read that.
Kingfisher, offline, over a copy of the repository in which a made-up secret is planted and taken
out again: as long as it is found, the scanner works. Ids of tenants and subscriptions as the tests
look for them.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.supply_chain import scan
from tools.supply_chain.ids import unknown_ids

KNOWN = {
    "5245703452817128046": 'in tests/unit/test_redaction.py: a token of {"sub":"test"} with the '
    'signature "signature-of-token"; written in two pieces since',
}
"""Found in the history, and of no use to anybody, by Kingfisher's fingerprint."""
MESSAGE = " " * 4
"""How git begins a line of a commit's message; no line of a change begins so."""
LIMIT_SECONDS = 600
_NOBODY = {
    f"GIT_{who}_{part}": value
    for who in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "scan"), ("EMAIL", "scan@tourniquet.invalid"))
}


def problems(root: Path) -> list[str]:
    """Return what is in the history and should not be, never the secret itself.

    Raises:
        RuntimeError: the scanner did not do its work.
        subprocess.CalledProcessError: this is no repository of git.
    """
    if not scan.KINGFISHER.exists():
        return ["the scanner is not installed: run tools/setup.sh supply_chain"]
    found = list(_ids(root))
    if _git(root, "rev-parse", "--is-shallow-repository") == "true":
        found.append("the history is not all here: git fetch --unshallow")
    with tempfile.TemporaryDirectory(prefix="tourniquet-") as folder:
        copy = Path(folder).resolve() / "history.git"
        _git(root, "clone", "--quiet", "--mirror", "--no-hardlinks", str(root), str(copy))
        _plant(copy)
        secrets = list(_secrets(copy))
    found += [said for path, said in secrets if path != scan.PLANTED]
    if all(path != scan.PLANTED for path, _ in secrets):
        found.append("the scanner does not see the secret that is planted in every run")
    return found


def _plant(repository: Path) -> None:
    """Commit a secret on a branch of its own, and take it out in the next commit."""
    blob = _git(repository, "hash-object", "-w", "--stdin", given=scan.PLANTED_TEXT)
    tree = _git(repository, "mktree", given=f"100644 blob {blob}\t{scan.PLANTED}\n")
    first = _git(repository, "commit-tree", "-m", "in", tree)
    second = _git(
        repository, "commit-tree", "-m", "out", "-p", first, _git(repository, "mktree", given="")
    )
    _git(repository, "update-ref", "refs/heads/planted-by-the-scan", second)


def _secrets(repository: Path) -> Iterator[tuple[str, str]]:
    """Yield path and what to say of each secret that is not known."""
    command = [
        str(scan.KINGFISHER), "scan", str(repository), "--no-validate", "--no-update-check",
        "--git-history", "full", "--format", "json", "--redact", "--no-dedup",
        "--no-ignore", "--rule-cache-dir", str(scan.RULE_CACHE),
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
    )
    if done.returncode not in (0, scan.FOUND):
        raise RuntimeError(f"the scanner failed: {done.stderr.strip()[-500:]}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    for one in report["findings"]:
        about, kind = one["finding"], str(one["rule"]["name"])
        commit = about["git_metadata"]["commit"]["id"][:12]
        path = str(about["path"])
        if about["fingerprint"] not in KNOWN:
            where = f"{commit} {path}:{about['line']}"
            yield path, f"{where}: looks like a secret ({kind})"


def _ids(root: Path) -> Iterator[str]:
    """Yield ids of tenants and subscriptions in lines that some commit or merge added, or says."""
    form = ("--patch", "--unified=0", "--no-color", "--no-ext-diff", "--diff-merges=first-parent")
    log = _git(root, "log", "--all", *form)
    commit = path = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            commit = line[7:19]
        elif line.startswith("+++ b/"):
            path = line[6:]
        elif line.startswith(MESSAGE):
            for one in unknown_ids(line, ""):
                yield f"{commit} in its message: {one} may be somebody's tenant or subscription"
        elif line.startswith("+"):
            for one in unknown_ids(line[1:], path):
                yield f"{commit} {path}: {one} may be somebody's tenant or subscription"


def _git(place: Path, *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=place,
        env={**os.environ, **_NOBODY},
        input=given,
        check=True,
        capture_output=True,
        text=True,
        errors="replace",
    )
    return done.stdout.strip()


def main() -> int:
    """Look; print what is wrong."""
    found = sorted(set(problems(scan.ROOT)))
    for one in found:
        print(one, file=sys.stderr)
    if not found:
        commits = _git(scan.ROOT, "rev-list", "--all", "--count")
        print(f"No secret and no id of a tenant or subscription in {commits} commits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
