"""What the guides promise, as expressions: no other value, no other condition, nothing beside it.

``house.py`` holds what must be plain; here is what a parameter decides, which must be that
parameter in that way. A row is a place in a file and its text as ``render`` writes it; None: must
not be there.
"""

from collections.abc import Iterator, Mapping

from tools.bicep.house import kind_of
from tools.bicep.promises import BY_PLACE
from tools.bicep.promises_of_types import BY_TYPE
from tools.bicep.render import render
from tools.bicep.syntax import Array, BicepFile, Block, Expr, Loop, Object, Problem

CONDITION = "if"


def check_promised(files: Mapping[str, BicepFile]) -> Iterator[Problem]:
    """Yield what is not as promised."""
    for file in files.values():
        for block in file.resources.values():
            if not block.existing:
                for path, wanted in BY_TYPE.get(kind_of(block), {}).items():
                    found = _at(block.body, path.split("."))
                    yield from _differs(file, f"{block.name} {path}", found, wanted)
    for place, rows in BY_PLACE.items():
        file = files.get(place, BicepFile(place))
        for name, wanted in rows.items():
            yield from _differs(file, name, _find(file, name), wanted)


def _differs(
    file: BicepFile, name: str, found: Expr | None, wanted: str | None
) -> Iterator[Problem]:
    text = render(found) if found is not None else None
    if text != wanted:
        line = found.line if found else 1
        message = f"{name} must be {wanted}" if wanted else f"{name} must not be set"
        yield Problem(file.path, line, "promise", message)


def _find(file: BicepFile, name: str) -> Expr | None:
    """Return what is at ``var NAME``, ``output NAME``, ``NAME if`` or ``NAME path.to.it``."""
    first, _, rest = name.partition(" ")
    declared = {"var": file.variables, "output": file.outputs, "param": file.params}.get(first)
    if declared is not None:
        name, _, path = rest.partition(" ")
        value = declared[name].value if name in declared else None
        return _at(value, path.split(".")) if path else value
    block: Block | None = file.resources.get(first) or file.modules.get(first)
    if block is None or rest == CONDITION:
        return block.condition if block else None
    return _at(block.body, rest.split("."))


def _at(value: Expr | None, path: list[str]) -> Expr | None:
    """Return what is at a path; a number counts an array's items, and a loop is its body."""
    for part in path:
        if isinstance(value, Loop):
            value = value.body
        if isinstance(value, Array) and part.isdigit():
            value = value.items[int(part)] if int(part) < len(value.items) else None
        else:
            value = value.get(part) if isinstance(value, Object) else None
    return value
