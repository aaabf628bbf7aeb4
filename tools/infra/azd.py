"""``azure.yaml``: azd's own schema, and what that lets pass.

``azure.yaml.schema.json`` is Azure/azure-dev ``schemas/v1.0/azure.yaml.json`` (SOURCES.md beside
it). It allows unknown keys, and any host, language and provider: those are refused here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import jsonschema_rs
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.bicep.syntax import BicepFile, Object, Text, walk
from tools.infra import powershell
from tools.provision.__main__ import STEPS

SCHEMA = Path(__file__).with_name("azure.yaml.schema.json")
FILE = "azure.yaml"
TAG = "azd-service-name"
STEP_OF = {
    "preprovision": "before",
    "postprovision": "permissions",
    "postdeploy": "connect",
    "prepackage": "pack",
    "postpackage": "unpack",
}
"""Which step of tools/provision each hook runs."""
RUNS = {".sh": 'tools.provision "$@"', ".ps1": "tools.provision $Step"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Versions(_Part):
    """Which azd can read the file."""

    azd: str = Field(pattern=r"^>= \d+\.\d+\.\d+$")


class Infra(_Part):
    """Where the Bicep files are."""

    provider: Literal["bicep"]
    path: Literal["infra"]
    module: Literal["main"]


class Posix(_Part):
    """A command on Linux and macOS."""

    shell: Literal["sh"]
    run: str = Field(pattern=r"^\S+\.sh \w+$")
    interactive: Literal[True]


class Windows(_Part):
    """The same on Windows."""

    shell: Literal["pwsh"]
    run: str = Field(pattern=r"^\S+\.ps1 \w+$")
    interactive: Literal[True]


class Hook(_Part):
    """A command at a step, on every system."""

    posix: Posix
    windows: Windows


class PackageHooks(_Part):
    """Around packaging."""

    prepackage: Hook
    postpackage: Hook


class Service(_Part):
    """The app."""

    project: str
    language: Literal["python"]
    host: Literal["function"]
    remoteBuild: Literal[False]  # noqa: N815
    hooks: PackageHooks


class Hooks(_Part):
    """Around provisioning and deployment."""

    preprovision: Hook
    postprovision: Hook
    postdeploy: Hook


class AzureYaml(_Part):
    """The whole file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", min_length=2)
    requiredVersions: Versions  # noqa: N815
    infra: Infra
    services: dict[str, Service] = Field(min_length=1, max_length=1)
    hooks: Hooks


def check(text: str, root: Path, bicep: Mapping[str, BicepFile]) -> list[str]:
    """Return what is wrong with the file, and with the tag by which azd finds the app."""
    try:
        content = yaml.safe_load(text)
        schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))
        wrong = [f"{FILE}: {one.message[:300]}" for one in schema.iter_errors(content)]
        found = AzureYaml.model_validate(content)
    except yaml.YAMLError as error:
        return [f"{FILE}: {' '.join(str(error).split())[:400]}"]
    except ValidationError as error:
        return [*wrong, f"{FILE}: {' '.join(str(error).split())[:400]}"]
    problems = [*wrong, *_hooks(found, root)]
    tagged = [name for file in bicep.values() for name in _tagged(file)]
    if tagged != list(found.services):
        problems.append(f"{FILE}: resources tagged {TAG} are {tagged}, not {[*found.services]}")
    return problems


def _hooks(found: AzureYaml, root: Path) -> Iterator[str]:
    hooks = dict(found.hooks)
    for service in found.services.values():
        hooks |= dict(service.hooks)
    for name, hook in hooks.items():
        for one in (hook.posix, hook.windows):
            path, step = re.split(r"\s", one.run)
            script = root / path
            if step != STEP_OF[name]:
                yield f"{FILE}: {name} must run {STEP_OF[name]}, not {step}"
            if not script.is_file():
                yield f"{FILE}: {one.run} is not there"
            elif RUNS[script.suffix] not in _read(script):
                yield f"{path}: must run {RUNS[script.suffix]}"
            elif script.suffix == ".ps1" and (wrong := powershell.check(_read(script), path)):
                yield from wrong
            elif one is hook.posix and not script.stat().st_mode & 0o100:
                yield f"{FILE}: {one.run} cannot be run"
    for step in sorted({*STEP_OF.values()} - STEPS.keys()):
        yield f"{FILE}: tools/provision has no step {step}"


def _read(file: Path) -> str:
    return file.read_text("utf-8")


def _tagged(file: BicepFile) -> Iterator[str]:
    for expr in file.expressions():
        for one in walk(expr):
            value = one.get(TAG) if isinstance(one, Object) else None
            if isinstance(value, Text) and value.literal:
                yield value.literal
