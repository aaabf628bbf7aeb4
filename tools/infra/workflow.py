"""The workflows: pinned, no secrets, the least rights, and no text of a stranger in a shell.

``infra.yaml`` runs Microsoft's own tools; the others are held to the same.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = ".github/workflows"
FILE = f"{FOLDER}/infra.yaml"
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
IMAGE = re.compile(r"@sha256:[0-9a-f]{64}$")
COMMANDS = ("az bicep build", "az bicep lint", "az deployment sub what-if", "provision --preview")
"""What ``infra.yaml`` is there for, each at the beginning of a line."""
CHANGES = re.compile(
    r"\bazd\s+(up|provision|deploy|down|publish|hooks|pipeline)\b(?![^;&|#]*\s--preview\b)"
    r"|\baz\s+(deployment\s+\S+\s+(create|delete)|stack\b|group\s+(create|delete))"
)
"""What deploys or takes away, on one line with its options."""
NAMED_SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|CREDENTIAL|API_?KEY", re.IGNORECASE)
DOWNLOADED = re.compile(r"\b(curl|wget)\b[^\n]*\|\s*(sudo\s+)?(ba|z)?sh\b")
"""A script from elsewhere, which no hash pins."""
SECRET = re.compile(r"\bsecrets\b\s*(\.|\[|:)|\btoJSON\(\s*secrets|github\.token", re.IGNORECASE)
STRANGER = re.compile(r"\$\{\{[^}]*\b(github\.(event|head_ref)|inputs)\b")
"""What who opens a pull request may write: put into a script it is run."""
TRIGGERS = frozenset({"pull_request", "push", "schedule", "workflow_dispatch"})
"""Not ``pull_request_target`` and ``workflow_run``: a stranger's code gets their rights."""
RIGHTS = {"contents": {"read"}, "id-token": {"write"}}
"""The most that a job may ask for."""
OURS = "github.event.pull_request.head.repo.full_name == github.repository"
KEEPS = ("persist-credentials", False)
type Json = dict[Any, Any]


def read_all(root: Path) -> dict[str, str]:
    """Return the text of every workflow by its path."""
    files = sorted((root / FOLDER).glob("*.y*ml"))
    return {f"{FOLDER}/{file.name}": file.read_text("utf-8") for file in files}


def check_all(texts: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the workflows."""
    missing = [] if FILE in texts else [f"{FILE}: is not there"]
    return missing + [one for file, text in texts.items() for one in check(text, file)]


def check(text: str, file: str = FILE) -> list[str]:
    """Return what is wrong with one workflow."""
    try:
        found: Json = yaml.safe_load(text)
        jobs: Json = found["jobs"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        return [f"{file}: cannot be read: {error!r}"]
    problems = [*_whole(found, text)]
    if file == FILE:
        lines = _lines(jobs)
        problems += [
            f"nothing runs {one}"
            for one in COMMANDS
            if not any(re.match(rf"(azd )?{re.escape(one)}", line) for line in lines)
        ]
        problems += [f"deploys: {line}" for line in _joined(lines) if CHANGES.search(line)]
    problems += [f"a secret is used: {name}" for name in _variables(found)]
    for name, job in jobs.items():
        problems += _job(name, job)
    return [f"{file}: {one}" for one in problems]


def _whole(found: Json, text: str) -> Iterator[str]:
    if SECRET.search(_uncommented(text)):
        yield "a secret is used; sign-in is by OIDC"
    if found.get("permissions") != {"contents": "read"}:
        yield "permissions must be contents: read"
    # YAML takes the key `on` for a truth value.
    triggers: Any = found.get("on", found.get(True, {}))
    names = [triggers] if isinstance(triggers, str) else list(triggers)
    for one in sorted({*names} - TRIGGERS):
        yield f"{one} must not start it"


def _uncommented(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _lines(jobs: Json) -> list[str]:
    steps = [step for job in jobs.values() for step in job.get("steps", [])]
    return [line.strip() for step in steps for line in str(step.get("run", "")).splitlines()]


def _joined(lines: list[str]) -> list[str]:
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def _variables(found: Json) -> Iterator[str]:
    """Yield variables of workflow, jobs and steps whose name is a secret's."""
    jobs = list(found["jobs"].values())
    steps = [step for job in jobs for step in job.get("steps", [])]
    for one in (found, *jobs, *steps):
        yield from filter(NAMED_SECRET.search, dict(one.get("env") or {}))


def _job(name: str, job: Json) -> Iterator[str]:
    if "timeout-minutes" not in job:
        yield f"{name} has no timeout-minutes"
    asked = job.get("permissions", {})
    if not isinstance(asked, dict) or any(
        value not in RIGHTS.get(right, {"none"}) for right, value in asked.items()
    ):
        yield f"{name} asks for more than it may: {asked}"
    signs_in = isinstance(asked, dict) and asked.get("id-token") == "write"
    if signs_in and OURS not in str(job.get("if", "")):
        yield f"{name} signs in for a fork, too: {OURS}"
    if "uses" in job:
        yield from _pinned(str(job["uses"]))
    images = [job.get("container"), *dict(job.get("services") or {}).values()]
    for image in images:
        text = image.get("image", "") if isinstance(image, dict) else image
        if text is not None and not IMAGE.search(str(text)):
            yield f"{name} runs in {text}, which is not pinned to a digest"
    for step in job.get("steps", []):
        yield from _step(name, step, signs_in=signs_in)


def _step(name: str, step: Json, *, signs_in: bool) -> Iterator[str]:
    script = str(step.get("run", ""))
    if DOWNLOADED.search(script):
        yield f"{name} runs a script that it downloads"
    if STRANGER.search(script):
        yield f"{name} puts what a stranger wrote into a script"
    uses = str(step.get("uses", ""))
    if uses:
        yield from _pinned(uses)
    if uses.startswith("actions/checkout@") and KEEPS not in dict(step.get("with") or {}).items():
        yield f"{name} must check out with persist-credentials: false"
    if uses.startswith("azure/login@"):
        yield from _login(name, step.get("with", {}), signs_in=signs_in)


def _pinned(uses: str) -> Iterator[str]:
    if not PINNED.match(uses) and not uses.startswith("./"):
        yield f"{uses} is not pinned to a commit"


def _login(name: str, given: Json, *, signs_in: bool) -> Iterator[str]:
    if not signs_in:
        yield f"{name} signs in without id-token: write"
    for key, value in given.items():
        if not re.fullmatch(r"\$\{\{ vars\.[A-Z_]+ \}\}", str(value)):
            yield f"{name}: {key} must be a variable"
