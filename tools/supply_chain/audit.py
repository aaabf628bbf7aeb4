"""Ask whether a locked package has a known vulnerability: `make audit`.

Python's packages by pip-audit from the OSV database, npm's by `npm audit`; both need the network.
In `make check` (``--quick``: the deployed packages only) an answer that cannot be had is said and
is no failure, elsewhere it is one: "not checked" is never shown as "nothing found". What may stay
is in docs/supply-chain.md, with reason and end.
"""

import argparse
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.supply_chain.lock import LOCKS

ROOT = Path(__file__).resolve().parent.parent.parent
PIP_AUDIT = ROOT / "tools" / "supply_chain" / ".venv" / "bin" / "pip-audit"
EXCEPTIONS = ROOT / "docs" / "supply-chain.md"
EXCEPTION = re.compile(r"^\| ([A-Z]+-[\w-]+) \| \S+ \| .+ \| (\d{4}-\d\d-\d\d) \|$", re.MULTILINE)
NPM_FOLDERS = ("lab/azurite", "tools/kusto")
LIMIT_SECONDS = 300


class NotCheckedError(Exception):
    """The database could not be asked; the message says of what and why."""


def exceptions(text: str, today: dt.date) -> list[str]:
    """Return the ids that may stay today, from the page's table."""
    return [name for name, end in EXCEPTION.findall(text) if dt.date.fromisoformat(end) >= today]


def ask(command: list[str], cwd: Path, what: str) -> dict[str, Any]:
    """Run an audit and return its JSON answer.

    Raises:
        NotCheckedError: there was none.
    """
    try:
        done = subprocess.run(
            command, cwd=cwd, check=False, capture_output=True, text=True, timeout=LIMIT_SECONDS
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotCheckedError(f"{what}: {error}") from error
    except json.JSONDecodeError:
        last = (done.stderr.strip() or "no answer").splitlines()[-1]
        raise NotCheckedError(f"{what}: {last[:160]}") from None
    return answer


def audit_python(lock: str, allowed: list[str]) -> list[str]:
    """Return the known vulnerabilities of one lock.

    Raises:
        NotCheckedError: the database did not answer, or not about every package.
    """
    ignored = [part for name in allowed for part in ("--ignore-vuln", name)]
    command = [
        str(PIP_AUDIT), "--requirement", lock, "--require-hashes", "--disable-pip",
        "--vulnerability-service", "osv", "--strict", "--format", "json",
        "--progress-spinner", "off", *ignored,
    ]  # fmt: skip
    return read_pip_audit(ask(command, ROOT, lock), lock)


def read_pip_audit(answer: dict[str, Any], lock: str) -> list[str]:
    """Return each vulnerability as a line.

    Raises:
        NotCheckedError: a package was passed over.
    """
    skipped = [one["name"] for one in answer["dependencies"] if "skip_reason" in one]
    if skipped:
        raise NotCheckedError(f"{lock}: {', '.join(skipped[:5])} and maybe others")
    return [
        f"{lock}: {package['name']} {package['version']}: {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no version'}"
        for package in answer["dependencies"]
        for one in package["vulns"]
    ]


def audit_npm(folder: str, allowed: list[str]) -> list[str]:
    """Return the known vulnerabilities of one npm lock.

    Raises:
        NotCheckedError: npm is missing or the registry does not tell.
    """
    npm = shutil.which("npm") or "npm"
    command = [npm, "audit", "--package-lock-only", "--json"]
    return read_npm(ask(command, ROOT / folder, folder), folder, allowed)


def read_npm(answer: dict[str, Any], folder: str, allowed: list[str]) -> list[str]:
    """Return each vulnerability as a line.

    Raises:
        NotCheckedError: the registry gave an error instead.
    """
    if "vulnerabilities" not in answer:
        raise NotCheckedError(f"{folder}: {str(answer.get('message', answer))[:160]}")
    found = {}
    for package, entry in answer["vulnerabilities"].items():
        for via in entry["via"]:
            if isinstance(via, dict):
                name = via["url"].rsplit("/", 1)[-1]
                found[name] = f"{folder}: {package}: {name}, {via['severity']}: {via['title']}"
    return [line for name, line in found.items() if name not in allowed]


def main(arguments: list[str]) -> int:
    """Audit; print what was found and what could not be asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="deployed packages, if it can be asked"
    )
    quick: bool = parser.parse_args(arguments).quick
    text = EXCEPTIONS.read_text(encoding="utf-8")
    allowed = exceptions(text, dt.datetime.now(dt.UTC).date())
    audits: list[tuple[Callable[[str, list[str]], list[str]], str]]
    audits = [(audit_python, lock) for lock in (["requirements.txt"] if quick else LOCKS)]
    audits += [] if quick else [(audit_npm, folder) for folder in NPM_FOLDERS]
    problems: list[str] = []
    unasked: list[str] = []
    for audit, what in audits:
        try:
            problems += audit(what, allowed)
        except NotCheckedError as reason:
            unasked.append(str(reason))
    for line in (*problems, *(f"NOT CHECKED: {one}" for one in unasked)):
        print(line, file=sys.stderr)
    if unasked and quick:
        print("Known vulnerabilities could not be asked for from here; the workflow does it")
    elif not problems and not unasked:
        print(f"{len(audits)} locks without a known vulnerability")
    return 1 if problems or (unasked and not quick) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
