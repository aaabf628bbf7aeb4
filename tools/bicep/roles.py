"""Who is given which Azure role, and where, as the Bicep files say."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.bicep.house import kind_of
from tools.bicep.syntax import BicepFile, Block, Call, Expr, Member, Name, Object, Text, walk

ROLES_FILE = Path(__file__).resolve().parent.parent.parent / "infra" / "roles.json"
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"


class Assignment(NamedTuple):
    """One role assignment.

    Attributes:
        file: the Bicep file.
        holder: the parameter or resource whose principal holds it.
        role: the id of a built-in role, or the actions of a custom one, sorted.
        scope: the type of what it is for; ``resourceGroup`` where the module's own group is.
        name: the symbol of what it is for.
    """

    file: str
    holder: str
    role: str | tuple[str, ...]
    scope: str
    name: str


def built_in_roles() -> dict[str, str]:
    """Return the ids of built-in roles by the name that the files use."""
    roles: dict[str, str] = json.loads(ROLES_FILE.read_text(encoding="utf-8"))
    return roles


def assignments(files: Mapping[str, BicepFile]) -> list[Assignment]:
    """Return every role assignment.

    Raises:
        ValueError: one is written so that it cannot be read.
    """
    return [one for file in files.values() for one in _assignments(file)]


def _assignments(file: BicepFile) -> Iterator[Assignment]:
    for block in file.resources.values():
        if kind_of(block) == ASSIGNMENT:
            scope = block.body.get("scope")
            where = file.resources[scope.name] if isinstance(scope, Name) else None
            yield Assignment(
                file=file.path,
                holder=_holder(file, block),
                role=_role(file, block),
                scope=kind_of(where) if where else "resourceGroup",
                name=where.name if where else "",
            )


def _holder(file: BicepFile, block: Block) -> str:
    value = block.body.get("properties", "principalId")
    names = [one.name for one in walk(value) if isinstance(one, Name)] if value else []
    if len(names) != 1:
        raise ValueError(f"{file.path}:{block.line}: whom {block.name} is for is not plain")
    return names[0]


def _role(file: BicepFile, block: Block) -> str | tuple[str, ...]:
    value = block.body.get("properties", "roleDefinitionId")
    if isinstance(value, Member) and isinstance(value.base, Name):
        return _actions(file.resources[value.base.name])
    if isinstance(value, Call) and value.name == "subscriptionResourceId":
        role = value.arguments[-1]
        if isinstance(role, Member) and role.name in built_in_roles():
            return built_in_roles()[role.name]
    raise ValueError(f"{file.path}:{block.line}: the role of {block.name} is not in roles.json")


def _actions(block: Block) -> tuple[str, ...]:
    permissions = block.body.get("properties", "permissions")
    found: list[str] = []
    for one in walk(permissions) if permissions else ():
        if isinstance(one, Object):
            for name in ("actions", "dataActions"):
                found += _texts(one.get(name))
    return tuple(sorted(found))


def _texts(value: Expr | None) -> list[str]:
    texts = [one.literal for one in walk(value) if isinstance(one, Text)] if value else []
    return [text for text in texts if text and re.match(r"Microsoft\.", text)]
