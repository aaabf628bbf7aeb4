"""The workflow for Microsoft's own tools: pinned, without secrets, with the least rights."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

FILE = ".github/workflows/infra.yaml"
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
COMMANDS = ("bicep build", "bicep lint", "what-if", "provision --preview")
"""What the workflow is there for."""
DOWNLOADED = re.compile(r"\b(curl|wget)\b[^\n]*\|\s*(sudo\s+)?(ba|z)?sh\b")
"""A script from elsewhere, which no hash pins."""
type Json = dict[str, Any]


def check(text: str) -> list[str]:
    """Return what is wrong with the workflow."""
    try:
        found: Json = yaml.safe_load(text)
        jobs: Json = found["jobs"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        return [f"{FILE}: cannot be read: {error!r}"]
    problems = [f"{FILE}: nothing runs {one}" for one in COMMANDS if one not in _commands(jobs)]
    if "secrets." in text:
        problems.append(f"{FILE}: a secret is used; sign-in is by OIDC")
    if found.get("permissions") != {"contents": "read"}:
        problems.append(f"{FILE}: permissions must be contents: read")
    for name, job in jobs.items():
        problems += _job(name, job)
    return problems


def _commands(jobs: Json) -> str:
    steps = [step for job in jobs.values() for step in job.get("steps", [])]
    return "\n".join(str(step.get("run", "")) for step in steps)


def _job(name: str, job: Json) -> Iterator[str]:
    if "timeout-minutes" not in job:
        yield f"{FILE}: {name} has no timeout-minutes"
    signs_in = job.get("permissions", {}).get("id-token") == "write"
    for step in job.get("steps", []):
        if DOWNLOADED.search(str(step.get("run", ""))):
            yield f"{FILE}: {name} runs a script that it downloads"
        uses = step.get("uses", "")
        if uses and not PINNED.match(uses):
            yield f"{FILE}: {uses} is not pinned to a commit"
        if uses.startswith("azure/login@"):
            yield from _login(name, step.get("with", {}), signs_in=signs_in)


def _login(name: str, given: Json, *, signs_in: bool) -> Iterator[str]:
    if not signs_in:
        yield f"{FILE}: {name} signs in without id-token: write"
    for key, value in given.items():
        if not re.fullmatch(r"\$\{\{ vars\.[A-Z_]+ \}\}", str(value)):
            yield f"{FILE}: {name}: {key} must be a variable"
