"""The hooks for Windows, as far as they can be read where no PowerShell is at hand.

Airbus CERT's grammar of PowerShell says whether a file can be parsed. Every command must be one of
those in use, or a function of the file; every variable must be set before, or PowerShell's own.
"""

from collections.abc import Iterator

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

CMDLETS = frozenset({"Get-Content", "Join-Path", "Set-Content", "Set-Location", "Test-Path"})
PROGRAMS = frozenset({"py"})
"""The launcher of python.org's Python for Windows."""
AUTOMATIC = frozenset({"lastexitcode", "psscriptroot", "true", "erroractionpreference"})
_PARSER = Parser(Language(tree_sitter_powershell.language()))


def check(text: str, file: str) -> list[str]:
    """Return what is wrong with one script."""
    root = _PARSER.parse(text.encode()).root_node
    nodes = list(_all(root))
    wrong = [one for one in nodes if one.is_error or one.is_missing]
    if root.has_error:
        line = wrong[0].start_point.row + 1 if wrong else 1
        return [f"{file}:{line}: cannot be parsed as PowerShell"]
    known = CMDLETS | PROGRAMS | set(_texts(nodes, "function_name"))
    problems = [
        f"{file}: {one} is no command in use"
        for one in _texts(nodes, "command_name")
        if one not in known
    ]
    return problems + [f"{file}: ${one} is never set" for one in _unset(nodes)]


def _unset(nodes: list[Node]) -> Iterator[str]:
    """Yield variables that are read and neither set nor a parameter; case does not matter."""
    given = {
        _name(part)
        for one in nodes
        if one.type in ("left_assignment_expression", "script_parameter")
        for part in _all(one)
        if part.type == "variable"
    }
    read = {_name(one) for one in nodes if one.type == "variable"}
    yield from sorted(read - given - AUTOMATIC)


def _name(variable: Node) -> str:
    return _text(variable).lstrip("$").lower()


def _texts(nodes: list[Node], kind: str) -> list[str]:
    return [_text(one) for one in nodes if one.type == kind]


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)
