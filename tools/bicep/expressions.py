"""Expressions of Bicep, from tree-sitter's nodes."""

from collections.abc import Callable

from tree_sitter import Node

from tools.bicep.syntax import (
    Array,
    Call,
    Choice,
    Expr,
    Index,
    Literal,
    Loop,
    Member,
    Name,
    Object,
    Operation,
    Text,
)

COMMENTS = frozenset({"comment", "diagnostic_comment"})


class Unreadable(Exception):
    """Something is not among what these files use, or what the grammar can read."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.line = line_of(node)


def read_expression(node: Node) -> Expr:
    """Return an expression.

    Raises:
        Unreadable: it is of a kind that these files do not use.
    """
    read_one = _EXPRESSIONS.get(node.type)
    if read_one is None:
        raise Unreadable(node, f"{node.type} is not among what these files use")
    return read_one(node)


def _string(node: Node) -> Text:
    parts = [
        read_expression(parts_of(part)[0])
        if part.type == "interpolation"
        else _unescaped(text_of(part))
        for part in node.named_children
    ]
    return Text(line_of(node), tuple(parts))


def _unescaped(text: str) -> str:
    return text.replace("\\'", "'").replace("\\$", "$").replace("\\\\", "\\")


def _object(node: Node) -> Object:
    quiet = {line_of(one) for one in node.named_children if one.type == "diagnostic_comment"}
    pairs = [parts_of(one) for one in parts_of(node)]
    return Object(
        line_of(node),
        tuple((_key(key), read_expression(value)) for key, value in pairs),
        frozenset(quiet),
    )


def _key(node: Node) -> Text:
    return _string(node) if node.type == "string" else Text(line_of(node), (text_of(node),))


def _array(node: Node) -> Array:
    items = parts_of(node)
    # The grammar takes a call in an array for a name and something in parentheses.
    if any(text_of(one).startswith("(") for one in items):
        raise Unreadable(node, "a call in an array: put it into a variable")
    return Array(line_of(node), tuple(map(read_expression, items)))


def _number(node: Node) -> Literal:
    return Literal(line_of(node), int(text_of(node)))


def _boolean(node: Node) -> Literal:
    return Literal(line_of(node), text_of(node) == "true")


def _null(node: Node) -> Literal:
    return Literal(line_of(node), None)


def _name(node: Node) -> Name:
    return Name(line_of(node), text_of(node))


def _member(node: Node) -> Member:
    base, name = parts_of(node)
    return Member(line_of(node), read_expression(base), text_of(name))


def _index(node: Node) -> Index:
    base, key = map(read_expression, parts_of(node))
    return Index(line_of(node), base, key)


def _call(node: Node) -> Call:
    function, arguments = parts_of(node)
    return Call(line_of(node), text_of(function), tuple(map(read_expression, parts_of(arguments))))


def _choice(node: Node) -> Choice:
    test, yes, no = map(read_expression, parts_of(node))
    return Choice(line_of(node), test, yes, no)


def _operation(node: Node) -> Operation:
    sign = next(text_of(one) for one in node.children if not one.is_named)
    return Operation(line_of(node), tuple(map(read_expression, parts_of(node))), sign)


def _loop(node: Node) -> Loop:
    first, over, body = parts_of(node)
    names = parts_of(first) if first.type == "for_loop_parameters" else [first]
    return Loop(
        line_of(node), tuple(map(text_of, names)), read_expression(over), read_expression(body)
    )


def _inside(node: Node) -> Expr:
    return read_expression(parts_of(node)[0])


_EXPRESSIONS: dict[str, Callable[[Node], Expr]] = {
    "string": _string,
    "object": _object,
    "array": _array,
    "number": _number,
    "boolean": _boolean,
    "null": _null,
    "identifier": _name,
    "member_expression": _member,
    "subscript_expression": _index,
    "call_expression": _call,
    "ternary_expression": _choice,
    "binary_expression": _operation,
    "unary_expression": _operation,
    "for_statement": _loop,
    "parenthesized_expression": _inside,
}


def parts_of(node: Node) -> list[Node]:
    """Return a node's children without comments."""
    return [child for child in node.named_children if child.type not in COMMENTS]


def text_of(node: Node) -> str:
    """Return a node's own text."""
    return (node.text or b"").decode()


def line_of(node: Node) -> int:
    """Return where a node begins, from 1."""
    return node.start_point[0] + 1
