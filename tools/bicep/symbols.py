"""Names: declared, used, of the right kind, and without a circle."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from tools.bicep.syntax import (
    Array,
    BicepFile,
    Block,
    Call,
    Choice,
    Declaration,
    Expr,
    Literal,
    Loop,
    Member,
    Name,
    Object,
    Problem,
    Text,
    walk,
)

FUNCTIONS = frozenset(
    {
        *("concat", "contains", "empty", "endsWith", "environment", "guid"),
        *("extensionResourceId", "int", "intersection", "json", "join", "last", "length"),
        *("loadJsonContent", "loadTextContent", "loadYamlContent", "max", "min", "replace"),
        *("resourceGroup", "resourceId", "split", "startsWith", "string", "subscription", "trim"),
        *("subscriptionResourceId", "substring", "tenant", "toLower", "toUpper", "union"),
        *("uniqueString", "first"),
    }
)
"""Functions that these files use; another one is added here when it is."""
DECORATORS = frozenset(
    {"description", "allowed", "minValue", "maxValue", "minLength", "maxLength", "metadata"}
    | {"secure", "batchSize"}
)
TYPES = frozenset({"string", "int", "bool", "object", "array"})


def check_names(file: BicepFile) -> Iterator[Problem]:
    """Yield names that are not declared, not used, or not described."""
    declared = {*file.params, *file.variables, *file.resources, *file.modules}
    used: set[str] = set()
    for expr in file.expressions():
        yield from _undeclared(file, expr, declared, used)
    for name, one in {**file.params, **file.variables}.items():
        if name not in used:
            yield Problem(file.path, one.line, "unused", f"{name} is not used")
    for name, block in file.resources.items():
        if block.existing and name not in used:
            yield Problem(file.path, block.line, "unused", f"{name} is not used")
    for one in [*file.params.values(), *file.outputs.values()]:
        yield from _description(file, one)


def _undeclared(
    file: BicepFile, expr: Expr, declared: set[str], used: set[str]
) -> Iterator[Problem]:
    if isinstance(expr, Name):
        used.add(expr.name)
        if expr.name not in declared:
            yield Problem(file.path, expr.line, "undeclared", f"{expr.name} is not declared")
    if isinstance(expr, Call) and expr.name not in FUNCTIONS | DECORATORS:
        message = f"{expr.name}() is no function that these files use"
        yield Problem(file.path, expr.line, "undeclared", message)
    if isinstance(expr, Loop):
        yield from _undeclared(file, expr.over, declared, used)
        yield from _undeclared(file, expr.body, {*declared, *expr.variables}, used)
        return
    for one in expr.inner():
        yield from _undeclared(file, one, declared, used)


def _description(file: BicepFile, one: Declaration) -> Iterator[Problem]:
    given = one.decorators.get("description", ())
    if not given or not (isinstance(given[0], Text) and given[0].literal):
        yield Problem(file.path, one.line, "description", f"{one.name} is not described")
    if one.type not in TYPES:
        yield Problem(file.path, one.line, "type", f"{one.name} is of no known type: {one.type}")
    for name in one.decorators:
        if name not in DECORATORS:
            yield Problem(file.path, one.line, "undeclared", f"@{name} is no decorator")


def module_path(file: BicepFile, block: Block) -> str:
    """Return a module's path relative to infra/."""
    parts: list[str] = []
    for part in (PurePosixPath(file.path).parent / block.target).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def check_modules(file: BicepFile, files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what a module is given that it does not take, and what it is not given."""
    for block in file.modules.values():
        target = files.get(module_path(file, block))
        if target is None:
            yield Problem(file.path, block.line, "module", f"{block.target} is not there")
            continue
        yield from _parameters(file, block, target)
    for expr in file.expressions():
        for one in walk(expr):
            yield from _output(file, one, files)


def _parameters(file: BicepFile, block: Block, target: BicepFile) -> Iterator[Problem]:
    given = block.body.get("params")
    pairs = given.pairs if isinstance(given, Object) else ()
    names = {key.literal for key, _ in pairs}
    for key, value in pairs:
        if key.literal not in target.params:
            message = f"{target.path} takes no {key.literal}"
            yield Problem(file.path, key.line, "module", message)
        else:
            why = _why_not(file, value, target.params[key.literal])
            if why:
                yield Problem(file.path, key.line, "module", f"{key.literal} {why}")
    for name, one in target.params.items():
        if one.value is None and name not in names:
            yield Problem(file.path, block.line, "module", f"{target.path} needs {name}")
    wanted = "subscription" if target.scope == "subscription" else "resourceGroup"
    if file.scope == "subscription" and wanted == "resourceGroup" and not block.body.get("scope"):
        yield Problem(file.path, block.line, "scope", f"{block.name} needs a resource group")


def _why_not(file: BicepFile, value: Expr, wanted: Declaration) -> str:
    """Return why a module's parameter does not take a value, as far as both are plain."""
    if isinstance(value, Choice):
        return _why_not(file, value.yes, wanted) or _why_not(file, value.no, wanted)
    given = _type_of(file, value)
    if given and given != wanted.type:
        return f"must be of type {wanted.type}, not {given}"
    words = [one for part in wanted.decorators.get("allowed", ()) for one in part.inner()]
    allowed = {one.literal for one in words if isinstance(one, Text)}
    text = value.literal if isinstance(value, Text) else None
    if allowed and text is not None and text not in allowed:
        return f"is none of {', '.join(sorted(str(one) for one in allowed))}"
    return ""


def _type_of(file: BicepFile, value: Expr) -> str:
    if isinstance(value, Name) and value.name in file.params:
        return file.params[value.name].type
    if isinstance(value, Literal):
        return "bool" if isinstance(value.value, bool) else "int"
    kinds = {Text: "string", Object: "object", Array: "array"}
    return kinds.get(type(value), "")


def _output(file: BicepFile, expr: Expr, files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    if not (isinstance(expr, Member) and isinstance(expr.base, Member)):
        return
    base = expr.base
    if base.name != "outputs" or not isinstance(base.base, Name):
        return
    block = file.modules.get(base.base.name)
    target = files.get(module_path(file, block)) if block else None
    if target is not None and expr.name not in target.outputs:
        message = f"{target.path} has no output {expr.name}"
        yield Problem(file.path, expr.line, "module", message)


def check_circles(file: BicepFile) -> Iterator[Problem]:
    """Yield declarations that need themselves."""
    needs = {name: _names(one.value) for name, one in file.variables.items()}
    for name, block in {**file.resources, **file.modules}.items():
        needs[name] = {found for expr in block.expressions() for found in _names(expr)}
    for name in needs:
        if name in _reachable(name, needs):
            line = (
                file.variables[name].line
                if name in file.variables
                else {**file.resources, **file.modules}[name].line
            )
            yield Problem(file.path, line, "circle", f"{name} needs itself")


def _names(expr: Expr | None) -> set[str]:
    return {one.name for one in walk(expr) if isinstance(one, Name)} if expr else set()


def _reachable(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return found


RUNTIME = frozenset({"properties", "identity", "outputs", "sku", "kind", "tags"})
"""What of a resource or module is only known after it was deployed, or may not be used before."""


def check_early_values(file: BicepFile) -> Iterator[Problem]:
    """Yield names, scopes and conditions that are only known after something was deployed."""
    blocks = {**file.resources, **file.modules}
    for block in blocks.values():
        early = [block.body.get("name"), block.condition, block.loop.over if block.loop else None]
        early += [block.body.get("scope")] if block.name in file.modules else []
        for expr in filter(None, early):
            for one in _with_variables(expr, file):
                if isinstance(one, Member) and _is_late(one, blocks):
                    message = f"{block.name} needs {one.name} before it is known"
                    yield Problem(file.path, expr.line, "early", message)


def _with_variables(
    expr: Expr, file: BicepFile, seen: frozenset[str] = frozenset()
) -> Iterator[Expr]:
    for one in walk(expr):
        yield one
        if isinstance(one, Name) and one.name in file.variables and one.name not in seen:
            value = file.variables[one.name].value
            yield from _with_variables(value, file, seen | {one.name}) if value else ()


def _is_late(expr: Member, blocks: Mapping[str, Block]) -> bool:
    base = expr.base
    return isinstance(base, Name) and base.name in blocks and expr.name in RUNTIME
