"""Resources against Microsoft's own type data.

``azure-types.json`` is Azure/bicep-types-az, revision 1f896de2d (MIT, Copyright (c) Microsoft
Corporation), pruned to the types in use; see SOURCES.md beside it.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tools.bicep.syntax import (
    Array,
    BicepFile,
    Block,
    Choice,
    Expr,
    Literal,
    Loop,
    Member,
    Name,
    Object,
    Problem,
    Text,
)

DATA = Path(__file__).with_name("azure-types.json")
REQUIRED, READ_ONLY = 1, 2
EXTENSION_SCOPE, GROUP_SCOPE, SUBSCRIPTION_SCOPE = 16, 8, 4
OF_THE_LANGUAGE = frozenset({"scope", "parent", "dependsOn"})
type Json = dict[str, Any]


@cache
def _data() -> Json:
    found: Json = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def _at(reference: Json) -> Json:
    found: Json = _data()["types"][int(reference["$ref"].removeprefix("#/"))]
    return found


def body_of(target: str) -> Json | None:
    """Return the type of a resource's body, or nothing where the type is not known."""
    index = _data()["resources"].get(target)
    return _at(_data()["types"][index]["body"]) if index is not None else None


def check_resources(file: BicepFile) -> Iterator[Problem]:
    """Yield what of the resources is not as their types say."""
    for block in file.resources.values():
        kind = body_of(block.target)
        if kind is None:
            message = f"{block.target} is not among the known types and versions"
            yield Problem(file.path, block.line, "resource-type", message)
            continue
        yield from _placement(file, block)
        if not block.existing:
            yield from _Checker(file, block).object(kind, block.body, top=True)


def _placement(file: BicepFile, block: Block) -> Iterator[Problem]:
    parent, scope = block.body.get("parent"), block.body.get("scope")
    depth = block.target.partition("@")[0].count("/")
    if isinstance(parent, Name) and parent.name in file.resources:
        above = file.resources[parent.name].target.partition("@")[0]
        if block.target.partition("@")[0].rpartition("/")[0] != above:
            message = f"{above} is no parent of {block.target}"
            yield Problem(file.path, parent.line, "parent", message)
    name = block.body.get("name")
    if (
        depth > 1
        and parent is None
        and not (isinstance(name, Text) and "/" in (name.literal or ""))
    ):
        yield Problem(file.path, block.line, "parent", f"{block.name} has no parent")
    if block.existing:
        return
    scopes = _data()["types"][_data()["resources"][block.target]].get("writableScopes", 31)
    allowed = EXTENSION_SCOPE if scope is not None else _scope_of(file)
    if not scopes & allowed and parent is None:
        message = f"{block.target} cannot be deployed here"
        yield Problem(file.path, block.line, "scope", message)


def _scope_of(file: BicepFile) -> int:
    return SUBSCRIPTION_SCOPE if file.scope == "subscription" else GROUP_SCOPE


class _Checker:
    """Compares one resource's body with its type."""

    def __init__(self, file: BicepFile, block: Block) -> None:
        self._file = file
        self._block = block

    def object(self, kind: Json, value: Object, *, top: bool = False) -> Iterator[Problem]:
        """Yield what is wrong with an object."""
        if kind["$type"] == "DiscriminatedObjectType":
            yield from self._discriminated(kind, value, top=top)
            return
        known: Json = kind.get("properties", {})
        others = kind.get("additionalProperties")
        yield from self._pairs(known, others, value, top=top)
        names = {key.literal for key, _ in value.pairs}
        for name, one in known.items():
            if one["flags"] & REQUIRED and name not in names and not (top and name == "name"):
                yield self._problem(value, "required", f"{name} is missing")

    def _pairs(self, known: Json, others: Any, value: Object, *, top: bool) -> Iterator[Problem]:
        for key, inner in value.pairs:
            name = key.literal
            if name is None or (top and name in OF_THE_LANGUAGE) or key.line - 1 in value.quiet:
                continue
            if name in known:
                if known[name]["flags"] & READ_ONLY and not known[name]["flags"] & REQUIRED:
                    yield self._problem(key, "read-only", f"{name} cannot be set")
                yield from self.value(_at(known[name]["type"]), inner, name)
            elif others:
                yield from self.value(_at(others), inner, name)
            else:
                yield self._problem(key, "property", f"{name} is no property here")

    def _discriminated(self, kind: Json, value: Object, *, top: bool) -> Iterator[Problem]:
        name = kind["discriminator"]
        chosen = value.get(name)
        choice = self._resolved(chosen) if chosen else None
        literal = choice.literal if isinstance(choice, Text) else None
        if chosen is None:
            yield self._problem(value, "required", f"{name} is missing")
        elif literal is not None and literal not in kind["elements"]:
            words = ", ".join(kind["elements"])
            yield self._problem(chosen, "value", f"{name} is none of {words}")
        elif literal is not None:
            element = _at(kind["elements"][literal])
            merged = {**kind["baseProperties"], **element.get("properties", {})}
            yield from self.object({**element, "properties": merged}, value, top=top)

    def value(self, kind: Json, value: Expr, name: str) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        value = self._resolved(value)
        if isinstance(value, Choice):
            yield from self.value(kind, value.yes, name)
            yield from self.value(kind, value.no, name)
        elif isinstance(value, Literal) and value.value is None:
            return
        elif kind["$type"] in ("ObjectType", "DiscriminatedObjectType"):
            yield from self._object_value(kind, value, name)
        elif kind["$type"] == "ArrayType":
            yield from self._array_value(kind, value, name)
        else:
            yield from self._simple(kind, value, name)

    def _object_value(self, kind: Json, value: Expr, name: str) -> Iterator[Problem]:
        if isinstance(value, Object):
            yield from self.object(kind, value)
        elif isinstance(value, Text | Literal | Array):
            yield self._problem(value, "value", f"{name} must be an object")

    def _array_value(self, kind: Json, value: Expr, name: str) -> Iterator[Problem]:
        if isinstance(value, Array):
            for item in value.items:
                yield from self.value(_at(kind["itemType"]), item, name)
        elif isinstance(value, Loop):
            yield from self.value(_at(kind["itemType"]), value.body, name)
        elif isinstance(value, Text | Literal | Object):
            yield self._problem(value, "value", f"{name} must be an array")

    def _simple(self, kind: Json, value: Expr, name: str) -> Iterator[Problem]:
        message = self._why_not(kind, value)
        if message:
            yield self._problem(value, "value", f"{name} {message}")

    def _why_not(self, kind: Json, value: Expr) -> str:
        if isinstance(value, Object | Array) and kind["$type"] != "AnyType":
            return "must be a single value"
        if isinstance(value, Name) and value.name in self._file.params:
            return _wrong_type(kind, self._file.params[value.name].type)
        if isinstance(value, Literal):
            return _wrong_type(kind, "bool" if isinstance(value.value, bool) else "int")
        if isinstance(value, Text):
            return _wrong_type(kind, "string") or _wrong_text(kind, value)
        return ""

    def _resolved(self, value: Expr) -> Expr:
        seen: set[str] = set()
        while isinstance(value, Name) and value.name in self._file.variables:
            found = self._file.variables[value.name].value
            if found is None or value.name in seen:
                return value
            seen.add(value.name)
            value = found
        return value

    def _problem(self, at: Expr, rule: str, message: str) -> Problem:
        return Problem(self._file.path, at.line, rule, f"{self._block.name}: {message}")


def _wrong_type(kind: Json, given: str) -> str:
    wanted = {
        "StringType": "string",
        "StringLiteralType": "string",
        "IntegerType": "int",
        "BooleanType": "bool",
    }
    name = kind["$type"]
    if name == "UnionType":
        kinds = [_at(one) for one in kind["elements"]]
        return "" if any(not _wrong_type(one, given) for one in kinds) else "is of the wrong type"
    if name in wanted and given != wanted[name]:
        return f"must be of type {wanted[name]}, not {given}"
    return ""


def _wrong_text(kind: Json, value: Text) -> str:
    text = value.literal
    if text is None:
        return ""
    if kind["$type"] == "StringLiteralType":
        return "" if text == kind["value"] else f"must be {kind['value']}"
    if kind["$type"] == "UnionType":
        words = [one["value"] for one in map(_at, kind["elements"]) if "value" in one]
        return "" if not words or text in words else f"is none of {', '.join(words)}"
    return _wrong_length(kind, text)


def _wrong_length(kind: Json, text: str) -> str:
    if len(text) < kind.get("minLength", 0) or len(text) > kind.get("maxLength", len(text)):
        return "has a wrong length"
    pattern = kind.get("pattern")
    return f"does not match {pattern}" if pattern and not re.search(pattern, text) else ""


def check_reads(file: BicepFile) -> Iterator[Problem]:
    """Yield properties that are read of resources and that their types do not have."""
    for expr in file.expressions():
        yield from _reads(file, expr)


def _reads(file: BicepFile, expr: Expr) -> Iterator[Problem]:
    path = _path(expr)
    block = file.resources.get(path[0]) if len(path) > 1 else None
    if block is None:
        for one in expr.inner():
            yield from _reads(file, one)
        return
    kind: Json | None = body_of(block.target)
    for name in path[1:]:
        if kind is None or kind["$type"] != "ObjectType" or kind.get("additionalProperties"):
            return
        if name not in kind["properties"]:
            message = f"{block.name} has no property {'.'.join(path[1:])}"
            yield Problem(file.path, expr.line, "property", message)
            return
        kind = _at(kind["properties"][name]["type"])


def _path(expr: Expr) -> list[str]:
    if isinstance(expr, Name):
        return [expr.name]
    if isinstance(expr, Member):
        base = _path(expr.base)
        return [*base, expr.name] if base else []
    return []
