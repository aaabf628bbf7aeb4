"""What a Bicep file says, as plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Problem(NamedTuple):
    """Something wrong in a file."""

    file: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"infra/{self.file}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Expr:
    """An expression; ``line`` counts from 1."""

    line: int

    def inner(self) -> "tuple[Expr, ...]":
        """Return the expressions it is made of."""
        return ()


@dataclass(frozen=True)
class Text(Expr):
    """A string: pieces of text and what is put between them."""

    parts: tuple[str | Expr, ...]

    def inner(self) -> tuple[Expr, ...]:
        """Return what is put into the text."""
        return tuple(part for part in self.parts if isinstance(part, Expr))

    @property
    def literal(self) -> str | None:
        """The text, where nothing is put into it."""
        if self.inner():
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True)
class Literal(Expr):
    """A number, a truth value or null."""

    value: int | bool | None


@dataclass(frozen=True)
class Object(Expr):
    """An object; a key is a text, mostly without anything put into it."""

    pairs: tuple[tuple[Text, Expr], ...]
    quiet: frozenset[int] = frozenset()
    """Lines whose next line the compiler is told to be quiet about."""

    def inner(self) -> tuple[Expr, ...]:
        """Return keys and values."""
        return tuple(one for pair in self.pairs for one in pair)

    def get(self, *path: str) -> Expr | None:
        """Return the value at a path of property names."""
        for key, value in self.pairs:
            if key.literal == path[0]:
                if len(path) == 1:
                    return value
                return value.get(*path[1:]) if isinstance(value, Object) else None
        return None


@dataclass(frozen=True)
class Array(Expr):
    """An array."""

    items: tuple[Expr, ...]

    def inner(self) -> tuple[Expr, ...]:
        """Return the items."""
        return self.items


@dataclass(frozen=True)
class Name(Expr):
    """A symbol."""

    name: str


@dataclass(frozen=True)
class Member(Expr):
    """A property of something: ``base.name``."""

    base: Expr
    name: str

    def inner(self) -> tuple[Expr, ...]:
        """Return what has the property."""
        return (self.base,)


@dataclass(frozen=True)
class Index(Expr):
    """An item of something: ``base[key]``."""

    base: Expr
    key: Expr

    def inner(self) -> tuple[Expr, ...]:
        """Return both."""
        return (self.base, self.key)


@dataclass(frozen=True)
class Call(Expr):
    """A function's call."""

    name: str
    arguments: tuple[Expr, ...]

    def inner(self) -> tuple[Expr, ...]:
        """Return the arguments."""
        return self.arguments


@dataclass(frozen=True)
class Choice(Expr):
    """``test ? yes : no``."""

    test: Expr
    yes: Expr
    no: Expr

    def inner(self) -> tuple[Expr, ...]:
        """Return all three."""
        return (self.test, self.yes, self.no)


@dataclass(frozen=True)
class Operation(Expr):
    """An operator before its operand, or between its operands."""

    operands: tuple[Expr, ...]
    sign: str = ""

    def inner(self) -> tuple[Expr, ...]:
        """Return the operands."""
        return self.operands


@dataclass(frozen=True)
class Loop(Expr):
    """``[for variables in over: body]``."""

    variables: tuple[str, ...]
    over: Expr
    body: Expr

    def inner(self) -> tuple[Expr, ...]:
        """Return what is gone through and what is made of each."""
        return (self.over, self.body)


@dataclass(frozen=True)
class Declaration:
    """A parameter, variable or output."""

    name: str
    line: int
    type: str = ""
    value: Expr | None = None
    decorators: dict[str, tuple[Expr, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """A resource or a module.

    Attributes:
        target: ``type@version`` of a resource, the path of a module.
    """

    name: str
    line: int
    target: str
    body: Object
    existing: bool = False
    condition: Expr | None = None
    loop: Loop | None = None

    def expressions(self) -> tuple[Expr, ...]:
        """Return everything in it."""
        around = [one for one in (self.condition, self.loop) if one is not None]
        return (*around, self.body) if self.loop is None else tuple(around)


@dataclass
class BicepFile:
    """One file; ``path`` is relative to infra/."""

    path: str
    scope: str = "resourceGroup"
    params: dict[str, Declaration] = field(default_factory=dict)
    variables: dict[str, Declaration] = field(default_factory=dict)
    outputs: dict[str, Declaration] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    modules: dict[str, Block] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def expressions(self) -> Iterator[Expr]:
        """Yield every outermost expression."""
        for group in (self.params, self.variables, self.outputs):
            for one in group.values():
                yield from [one.value] if one.value is not None else []
                yield from (part for parts in one.decorators.values() for part in parts)
        for block in [*self.resources.values(), *self.modules.values()]:
            yield from block.expressions()


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all that it is made of."""
    yield expr
    for one in expr.inner():
        yield from walk(one)
