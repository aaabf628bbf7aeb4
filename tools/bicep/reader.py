"""Reads Bicep with tree-sitter's grammar."""

from collections.abc import Callable
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tools.bicep.expressions import (
    COMMENTS,
    Unreadable,
    line_of,
    parts_of,
    read_expression,
    text_of,
)
from tools.bicep.syntax import (
    BicepFile,
    Block,
    Call,
    Declaration,
    Expr,
    Loop,
    Object,
    Problem,
    Text,
)

_PARSER = Parser(Language(tree_sitter_bicep.language()))
type Decorators = dict[str, tuple[Expr, ...]]


def read_folder(folder: Path) -> dict[str, BicepFile]:
    """Return every file below a folder, by its path relative to it."""
    files = sorted(folder.rglob("*.bicep"))
    return {
        path.relative_to(folder).as_posix(): read(
            path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
        )
        for path in files
    }


def read(path: str, text: str) -> BicepFile:
    """Return what a file says; what could not be read is in its ``problems``."""
    root = _PARSER.parse(text.encode()).root_node
    file = BicepFile(path)
    _note_errors(root, file)
    if file.problems:
        return file
    decorators: Decorators = {}
    for node in root.named_children:
        if node.type == "decorators":
            decorators = _decorators(node)
        elif node.type in COMMENTS:
            continue
        else:
            _declare(file, node, decorators)
            decorators = {}
    return file


def _note_errors(node: Node, file: BicepFile) -> None:
    if node.is_error or node.is_missing:
        what = " ".join(text_of(node).split())[:60]
        file.problems.append(Problem(file.path, line_of(node), "syntax", f"cannot be read: {what}"))
        return
    for child in node.children:
        _note_errors(child, file)


def _declare(file: BicepFile, node: Node, decorators: Decorators) -> None:
    try:
        declare = _DECLARATIONS.get(node.type)
        if declare is None:
            raise Unreadable(node, f"{node.type} is not among what these files use")
        declare(file, node, decorators)
    except Unreadable as error:
        file.problems.append(Problem(file.path, error.line, "syntax", str(error)))


def _scope(file: BicepFile, node: Node, _: Decorators) -> None:
    value = read_expression(parts_of(node)[0])
    file.scope = (value.literal if isinstance(value, Text) else None) or ""


def _metadata(_: BicepFile, __: Node, ___: Decorators) -> None:
    """Metadata says nothing that is checked."""


def _param(file: BicepFile, node: Node, decorators: Decorators) -> None:
    name, kind, *value = parts_of(node)
    _add(file, file.params, _declaration(name, kind, value, decorators))


def _variable(file: BicepFile, node: Node, decorators: Decorators) -> None:
    name, *value = parts_of(node)
    _add(file, file.variables, _declaration(name, None, value, decorators))


def _output(file: BicepFile, node: Node, decorators: Decorators) -> None:
    name, kind, *value = parts_of(node)
    _add(file, file.outputs, _declaration(name, kind, value, decorators))


def _declaration(
    name: Node, kind: Node | None, value: list[Node], decorators: Decorators
) -> Declaration:
    return Declaration(
        name=text_of(name),
        line=line_of(name),
        type=text_of(kind) if kind else "",
        value=read_expression(value[0]) if value else None,
        decorators=decorators,
    )


def _add(file: BicepFile, group: dict[str, Declaration], one: Declaration) -> None:
    taken = set(file.outputs) if group is file.outputs else _taken(file)
    if one.name in taken:
        message = f"{one.name} is declared twice"
        file.problems.append(Problem(file.path, one.line, "duplicate", message))
    group[one.name] = one


def _taken(file: BicepFile) -> set[str]:
    return {*file.params, *file.variables, *file.resources, *file.modules}


def _resource(file: BicepFile, node: Node, _: Decorators) -> None:
    _add_block(file, file.resources, node)


def _module(file: BicepFile, node: Node, _: Decorators) -> None:
    _add_block(file, file.modules, node)


def _add_block(file: BicepFile, group: dict[str, Block], node: Node) -> None:
    name, target, body = parts_of(node)
    condition: Expr | None = None
    loop: Loop | None = None
    if body.type == "if_statement":
        test, body = parts_of(body)
        condition = read_expression(test)
    value = read_expression(body)
    if isinstance(value, Loop):
        loop, value = value, value.body
    if not isinstance(value, Object):
        raise Unreadable(node, "a body that is no object")
    found = read_expression(target)
    block = Block(
        name=text_of(name),
        line=line_of(name),
        target=(found.literal if isinstance(found, Text) else None) or "",
        body=value,
        existing=any(child.type == "existing" for child in node.children),
        condition=condition,
        loop=loop,
    )
    if block.name in _taken(file):
        message = f"{block.name} is declared twice"
        file.problems.append(Problem(file.path, block.line, "duplicate", message))
    group[block.name] = block


_DECLARATIONS: dict[str, Callable[[BicepFile, Node, Decorators], None]] = {
    "target_scope_assignment": _scope,
    "metadata_declaration": _metadata,
    "parameter_declaration": _param,
    "variable_declaration": _variable,
    "output_declaration": _output,
    "resource_declaration": _resource,
    "module_declaration": _module,
}


def _decorators(node: Node) -> Decorators:
    calls = [read_expression(parts_of(one)[0]) for one in parts_of(node)]
    return {call.name: call.arguments for call in calls if isinstance(call, Call)}
