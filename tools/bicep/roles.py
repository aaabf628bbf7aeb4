"""Who is given which Azure role, and where, as the Bicep files say."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.bicep.house import kind_of
from tools.bicep.render import render
from tools.bicep.syntax import Array, BicepFile, Block, Call, Expr, Member, Name, Object, Text

ROLES_FILE = Path(__file__).resolve().parent.parent.parent / "infra" / "roles.json"
ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
DEFINITION = "Microsoft.Authorization/roleDefinitions"


class Assignment(NamedTuple):
    """One role assignment.

    Attributes:
        file: the Bicep file.
        holder: whose principal holds it: what main.bicep gives to the module's parameter, or what
            the file itself says, as text.
        role: the id of a built-in role, or the actions of a custom one, sorted.
        scope: the type of what it is for; ``resourceGroup`` where the module's own group is.
        name: the symbol of what it is for.
        kind: what it says that the holder is.
        condition: when it is given: the module's condition and its own; empty: always.
    """

    file: str
    holder: str
    role: str | tuple[str, ...]
    scope: str
    name: str
    kind: str
    condition: str


def built_in_roles() -> dict[str, str]:
    """Return the ids of built-in roles by the name that the files use."""
    roles: dict[str, str] = json.loads(ROLES_FILE.read_text(encoding="utf-8"))
    return roles


def assignments(files: Mapping[str, BicepFile]) -> list[Assignment]:
    """Return every role assignment.

    Raises:
        ValueError: one is written so that it cannot be read.
    """
    main = files["main.bicep"]
    by_file = {module.target: module for module in main.modules.values()}
    return [one for file in files.values() for one in _assignments(file, by_file.get(file.path))]


def _assignments(file: BicepFile, module: Block | None) -> Iterator[Assignment]:
    for block in file.resources.values():
        if kind_of(block).lower() == ASSIGNMENT.lower() and not block.existing:
            scope = block.body.get("scope")
            where = file.resources[scope.name] if isinstance(scope, Name) else None
            conditions = [one.condition for one in (module, block) if one and one.condition]
            yield Assignment(
                file=file.path,
                holder=_holder(file, block, module),
                role=_role(file, block),
                scope=kind_of(where) if where else "resourceGroup",
                name=where.name if where else "",
                kind=render(block.body.get("properties", "principalType")),
                condition=" && ".join(map(render, conditions)),
            )


def _holder(file: BicepFile, block: Block, module: Block | None) -> str:
    value = block.body.get("properties", "principalId")
    if isinstance(value, Name) and value.name in file.params and module:
        value = module.body.get("params", value.name)
    if value is None:
        raise ValueError(f"{file.path}:{block.line}: whom {block.name} is for is not plain")
    return render(value)


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
    for one in permissions.items if isinstance(permissions, Array) else ():
        for name in ("actions", "dataActions"):
            found += _texts(block, one.get(name) if isinstance(one, Object) else None)
    return tuple(sorted(found, key=str.lower))


def _texts(block: Block, value: Expr | None) -> list[str]:
    items = value.items if isinstance(value, Array) else (None,)
    texts = [one.literal if isinstance(one, Text) else None for one in items]
    if None in texts:
        raise ValueError(f"line {block.line}: the actions of {block.name} are not all written out")
    return [text for text in texts if text is not None]
