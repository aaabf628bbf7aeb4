"""``azure.yaml``: what azd's own schema says of the keys in use, and what it lets pass.

Source: Azure/azure-dev ``schemas/v1.0/azure.yaml.json`` (revision ae35809f4), whose rules for a
single infrastructure and a service of kind ``function`` these are. Unknown keys, which that schema
allows, are refused.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.bicep.syntax import BicepFile, Object, Text, walk

FILE = "azure.yaml"
TAG = "azd-service-name"


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


class Service(_Part):
    """The app."""

    project: str
    language: Literal["python"]
    host: Literal["function"]


class Hook(_Part):
    """A command at a step."""

    shell: Literal["sh"]
    run: str = Field(min_length=1)
    interactive: bool
    continueOnError: bool  # noqa: N815 - azd's name


class Hooks(_Part):
    """The steps that have one."""

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
        found = AzureYaml.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        return [f"{FILE}: {' '.join(str(error).split())[:400]}"]
    problems = [*_hooks(found.hooks, root)]
    tagged = [name for file in bicep.values() for name in _tagged(file)]
    if tagged != list(found.services):
        problems.append(f"{FILE}: resources tagged {TAG} are {tagged}, not {[*found.services]}")
    return problems


def _hooks(hooks: Hooks, root: Path) -> Iterator[str]:
    for hook in (hooks.preprovision, hooks.postprovision, hooks.postdeploy):
        script = re.split(r"\s", hook.run)[0]
        if not (root / script).is_file():
            yield f"{FILE}: {script} is not there"
        elif not (root / script).stat().st_mode & 0o100:
            yield f"{FILE}: {script} cannot be run"


def _tagged(file: BicepFile) -> Iterator[str]:
    for expr in file.expressions():
        for one in walk(expr):
            value = one.get(TAG) if isinstance(one, Object) else None
            if isinstance(value, Text) and value.literal:
                yield value.literal
