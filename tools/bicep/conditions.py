"""What is only deployed under a condition may only be read under the same one."""

from collections.abc import Iterator, Mapping

from tools.bicep.syntax import BicepFile, Choice, Expr, Member, Name, Problem, walk

READ_LATE = frozenset({"outputs", "properties", "identity"})
"""What a resource or module that is not deployed has not."""


def check_conditions(file: BicepFile) -> Iterator[Problem]:
    """Yield what is read of something that may not be there."""
    blocks = {**file.resources, **file.modules}
    only_sometimes = {
        name: _names(block.condition) for name, block in blocks.items() if block.condition
    }
    for block in blocks.values():
        guards = _names(block.condition) if block.condition else frozenset()
        for expr in block.expressions():
            yield from _unguarded(file, expr, only_sometimes, guards)
    for one in [*file.variables.values(), *file.outputs.values()]:
        if one.value is not None:
            yield from _unguarded(file, one.value, only_sometimes, frozenset())


def _unguarded(
    file: BicepFile,
    expr: Expr,
    only_sometimes: Mapping[str, frozenset[str]],
    guards: frozenset[str],
) -> Iterator[Problem]:
    if isinstance(expr, Choice):
        yield from _unguarded(file, expr.test, only_sometimes, guards)
        yield from _unguarded(file, expr.yes, only_sometimes, guards | _names(expr.test))
        yield from _unguarded(file, expr.no, only_sometimes, guards)
        return
    if isinstance(expr, Member) and isinstance(expr.base, Name) and expr.name in READ_LATE:
        needed = only_sometimes.get(expr.base.name, frozenset())
        if needed - guards:
            message = f"{expr.base.name} is only there with {', '.join(sorted(needed))}"
            yield Problem(file.path, expr.line, "condition", message)
    for one in expr.inner():
        yield from _unguarded(file, one, only_sometimes, guards)


def _names(expr: Expr | None) -> frozenset[str]:
    found = walk(expr) if expr else iter(())
    return frozenset(one.name for one in found if isinstance(one, Name))
